"""The last stretch of one rendition: written, scored, signed, and looked at byte for byte.

The signature comes last, for it holds for finished bytes only; what is audited is what is posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.language import _
from postguard.model import Json, Limits
from postguard.protect import credentials, privacy
from postguard.protect.encode import AUTO, encode
from postguard.protect.identity import Identity
from postguard.protect.job import Encoded
from postguard.protect.packets import Packets
from postguard.protect.scoring import score
from postguard.protect.steps import Step
from postguard.protect.steps.credentials import Credentials
from postguard.protect.steps.encode import Encode
from postguard.protect.steps.tags import Tags


@dataclass(frozen=True, slots=True)
class Finish:
    """How a recipe has its files finished, for every network alike.

    Attributes:
        packets: its tags.
        kind: the kind of file that the recipe asks for.
        signer: signs the files; None: they are not signed.
        mining: what the tags say of AI, which the signature says as well.
    """

    packets: Packets = field(default_factory=Packets)
    kind: str = AUTO
    signer: Identity | None = None
    mining: str = credentials.FORBIDS_ALL


def asked(steps: Iterable[Step], secrets: Path | None) -> Finish:
    """Return how these steps have their files finished; their tags are not known yet.

    Raises:
        StepFailed: they are to be signed, and something for it is missing.
    """
    found = Finish()
    for step in steps:
        if isinstance(step, Encode):
            found = replace(found, kind=step.format)
        elif isinstance(step, Tags):
            found = replace(found, mining=step.mining)
        elif isinstance(step, Credentials):
            found = replace(found, signer=credentials.load(secrets))
    return found


def finish(picture: Picture, limits: Limits, how: Finish) -> Encoded:
    """Return the file that may leave, within `limits`.

    Raises:
        StepFailed: it does not fit, cannot be signed, or holds something that it should not.
    """
    reserved = credentials.ROOM if how.signer else 0
    made = encode(picture, limits, how.packets, how.kind, reserved=reserved)
    made = _with(made, {"ssimulacra2": score(made.written, made.data)})
    if how.signer is None:
        privacy.audit(made.data, made.mime, how.packets)
    else:
        made = _signed(made, how, how.signer)
    if len(made.data) > limits.image_bytes:
        raise StepFailed(
            "encode",
            _(
                "with its signature the file takes {count:,} bytes, more than the "
                "{image_bytes:,} that the network takes; this is a fault of postguard, please "
                "report it."
            ).format(count=len(made.data), image_bytes=limits.image_bytes),
        )
    return made


def _signed(made: Encoded, how: Finish, signer: Identity) -> Encoded:
    """Return the file with its Content Credentials, audited: they alone came into it."""
    data, manifest = credentials.sign(made.data, made.mime, signer, how.mining)
    packets = replace(how.packets, manifest=manifest)
    privacy.audit(data, made.mime, packets, encoded=made.data)
    said: Json = {**credentials.said(signer, how.mining), "bytes": len(data) - len(made.data)}
    return _with(replace(made, data=data), {"bytes": len(data), "credentials": said})


def _with(made: Encoded, more: dict[str, Json]) -> Encoded:
    return replace(made, record=made.record | more)
