"""Content Credentials (C2PA): a finished file signed with the artist's own certificate.

They state, so that no one can change it unseen, that the picture was made by hand and may not be
used for AI. Nothing of the original goes in, nothing is asked of any server, and no time is
stated: without a server's word for it, a time would prove nothing. The file's name among
manifests is random and the signature too, so two runs never give the same bytes. Sources: C2PA
2.2, CAWG Training and Data Mining Assertion 1.1.
"""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

from postguard.errors import StepFailed, Unusable
from postguard.model import Json
from postguard.protect import identity
from postguard.protect.identity import Identity
from postguard.system.secrets import Secrets

ROOM = 4_096  # bytes to keep free: about 3,300 to 3,500 are used, as the artist's name is long

_USES = ("data_mining", "ai_inference", "ai_training", "ai_generative_training")
# The newer vocabulary, and the older one, which tools of data sets look for still.
_VOCABULARIES = ("c2pa", "cawg")
_LABEL = "{}.training-mining"
_FORBIDDEN = "notAllowed"
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
                "there is no identity to sign with; make yours with `postguard identity new`"
            )
        found = identity.read(kept)
        _library()
    except Unusable as exc:
        raise StepFailed("credentials", f"{exc}, or take `credentials` out of the recipe") from exc
    return found


def sign(data: bytes, mime: str, signer: Identity) -> tuple[bytes, bytes]:
    """Return the signed file, and the manifest store that is now in it.

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
            c2pa.Builder(_statement(), context) as builder,
        ):
            manifest = builder.sign(hand, mime, io.BytesIO(data), signed)
    except c2pa.C2paError as exc:
        raise StepFailed(
            "credentials",
            f"the file could not be signed ({type(exc).__name__.strip('_')}); look at your "
            "identity with `postguard identity show`, and report this",
        ) from exc
    return signed.getvalue(), bytes(manifest)


def said(signer: Identity) -> dict[str, Json]:
    """Return what a signature states, for the record."""
    return {
        "signer": signer.name,
        "certificate": signer.fingerprint,
        "states": {_LABEL.format(v): _FORBIDDEN for v in _VOCABULARIES},
    }


def _statement() -> dict[str, Json]:
    """Return the manifest to sign; nothing in it hangs on the picture, the artist or this PC."""
    created: dict[str, Json] = {
        "action": "c2pa.created",
        "digitalSourceType": _DRAWN_BY_A_PERSON,
    }
    return {
        "claim_generator_info": [{"name": "postguard"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            *(_reserved(vocabulary) for vocabulary in _VOCABULARIES),
        ],
    }


def _reserved(vocabulary: str) -> Json:
    """All four uses, since each covers its own: training alone would allow generative training."""
    entries: dict[str, Json] = {f"{vocabulary}.{use}": {"use": _FORBIDDEN} for use in _USES}
    return {"label": _LABEL.format(vocabulary), "data": {"entries": entries}}


def _library() -> ModuleType:
    """Return c2pa, 50 MB, which only a recipe that signs needs. Raises Unusable."""
    try:
        import c2pa
    except (ImportError, OSError) as exc:  # OSError: its shared library is not for this PC
        raise Unusable(identity.MISSING_EXTRA) from exc
    library: ModuleType = c2pa
    return library
