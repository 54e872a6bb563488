"""Content Credentials (C2PA): a finished file signed with the artist's own certificate.

They state, so that no one can change it unseen, that the picture was made by hand, and what the
recipe's tags say of AI; without tags, that no AI may use it. Nothing of the original goes in,
nothing is asked of any server, and no time is stated: without a server's word for it, a time would
prove nothing. The file's name among manifests is random and the signature too, so two runs never
give the same bytes. Sources: C2PA 2.2, CAWG Training and Data Mining Assertion 1.1.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from postguard.errors import StepFailed, Unusable
from postguard.language import _
from postguard.model import Json
from postguard.protect import identity
from postguard.protect.identity import Identity
from postguard.system.secrets import Secrets

ROOM = 4_096  # bytes to keep free: about 3,300 to 3,500 are used, as the artist's name is long

_MINING, _TRAINING = "data_mining", "ai_training"
_USES = (_MINING, "ai_inference", _TRAINING, "ai_generative_training")
# The newer vocabulary, and the older one, which tools of data sets look for still.
_VOCABULARIES = ("c2pa", "cawg")
_LABEL = "{}.training-mining"
_FORBIDDEN, _ALLOWED, _CONSTRAINED = "notAllowed", "allowed", "constrained"
FORBIDS_ALL = "all"  # the recipe's `mining` that is taken where it has no tags
# Whose conditions stand elsewhere in the file; short, for the signature's room is counted.
_SEE = {
    "see-constraints": "see plus:OtherConstraints",
    "see-linked-rights": "see plus:LinkedEncodedRightsExpr",
    "see-embedded-rights": "see plus:EmbeddedEncodedRightsExpr",
}
_DRAWN_BY_A_PERSON = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
_SETTINGS = {
    "builder": {
        # Else the signer puts a small picture in, which is up to a megabyte and has no cloak.
        "thumbnail": {"enabled": False},
        # What the artist states themselves, and did not find somewhere ("gathered").
        "created_assertion_labels": [
            "c2pa.actions",
            *(_LABEL.format(v) for v in _VOCABULARIES),
        ],
    },
    "core": {"allowed_network_hosts": []},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


def problem(secrets: Path | None) -> str | None:
    """Return what is missing for signing, in words; None: nothing.

    Args:
        secrets: the folder in which the identity lies.
    """
    try:
        load(secrets)
    except StepFailed as exc:
        return exc.reason
    return None


def load(secrets: Path | None) -> Identity:
    """Return the identity that signs. Raises StepFailed: it or the extra is missing."""
    try:
        kept = None if secrets is None else Secrets(secrets).get(identity.NAME)
        if kept is None:
            raise Unusable(
                _("there is no identity to sign with; make yours with `postguard identity new`")
            )
        found = identity.read(kept)
        _library()
    except Unusable as exc:
        raise StepFailed(
            "credentials", _("{exc}, or take `credentials` out of the recipe").format(exc=exc)
        ) from exc
    return found


def sign(
    data: bytes, mime: str, signer: Identity, mining: str = FORBIDS_ALL
) -> tuple[bytes, bytes]:
    """Return the signed file, and the manifest store that is now in it.

    Args:
        mining: what the recipe's tags say of AI, as the recipe writes it.

    Raises:
        StepFailed: the signer refuses.
    """
    c2pa = _library()
    signed = io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", signer.certificate.encode(), signer.key.encode(), None)
    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Signer.from_info(info) as hand,
            c2pa.Builder(_statement(mining), context) as builder,
        ):
            manifest = builder.sign(hand, mime, io.BytesIO(data), signed)
    except c2pa.C2paError as exc:
        raise StepFailed(
            "credentials",
            _(
                "the file could not be signed ({value}); look at your identity with `postguard "
                "identity show`, and report this"
            ).format(value=type(exc).__name__.strip("_")),
        ) from exc
    return signed.getvalue(), bytes(manifest)


def said(signer: Identity, mining: str = FORBIDS_ALL) -> dict[str, Json]:
    """Return what a signature states, for the record."""
    states: dict[str, Json] = {name: entry["use"] for name, entry in _entries(mining).items()}
    return {
        "signer": signer.name,
        "certificate": signer.fingerprint,
        "states": {_LABEL.format(v): states for v in _VOCABULARIES} if states else {},
    }


def _statement(mining: str) -> dict[str, Json]:
    """Return the manifest to sign; nothing in it hangs on the picture, the artist or this PC."""
    created: dict[str, Json] = {
        "action": "c2pa.created",
        "digitalSourceType": _DRAWN_BY_A_PERSON,
    }
    said = _entries(mining)
    return {
        "claim_generator_info": [{"name": "postguard"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            *(_reserved(vocabulary, said) for vocabulary in _VOCABULARIES if said),
        ],
    }


def _entries(mining: str) -> dict[str, dict[str, str]]:
    """Return what is said of each use; nothing of one on which the tags are silent, too.

    All four are named where AI is forbidden, since each covers its own: training alone would allow
    generative training. Tags that forbid any training reserve data mining by their terms of use.
    """
    if mining == "unspecified":
        return {}
    if mining in _SEE:
        return {use: {"use": _CONSTRAINED, "constraint_info": _SEE[mining]} for use in _USES}
    entries = {use: {"use": _ALLOWED if mining == "allowed" else _FORBIDDEN} for use in _USES}
    if mining == "all-but-search":
        info = "search engines may index it"
        entries[_MINING] = {"use": _CONSTRAINED, "constraint_info": info}
    if mining == "generative-ai-training":
        del entries[_MINING], entries[_TRAINING]
    return entries


def _reserved(vocabulary: str, said: Mapping[str, Mapping[str, str]]) -> Json:
    entries: dict[str, Json] = {f"{vocabulary}.{use}": dict(how) for use, how in said.items()}
    return {"label": _LABEL.format(vocabulary), "data": {"entries": entries}}


def _library() -> ModuleType:
    """Return c2pa, 50 MB, which only a recipe that signs needs. Raises Unusable."""
    try:
        import c2pa
    except (ImportError, OSError) as exc:  # OSError: its shared library is not for this PC
        raise Unusable(identity.missing_extra()) from exc
    library: ModuleType = c2pa
    return library
