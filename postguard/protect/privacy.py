"""Proves that a finished file holds nothing but its picture and the tags that we wrote.

The file is walked block by block against a list of what may be there; anything else, down to one
byte of a tag, stops the post. What the walk cannot see into is the compressed picture itself:
JPEG scans, WebP frames and AV1 frames, which their libraries wrote from a new image
(`containers`). Nothing but the signer touches the file between them and the audit, so of a signed
file the audit asks that this part is the very bytes that the encoder gave.
"""

from __future__ import annotations

from dataclasses import replace

from postguard.errors import StepFailed
from postguard.language import _
from postguard.protect.packets import Packets
from postguard.protect.walks import Stray, avif, jpeg, png, webp

_WALKS = {
    "image/jpeg": jpeg.check,
    "image/png": png.check,
    "image/webp": webp.check,
    "image/avif": avif.check,
}


def audit(data: bytes, mime: str, packets: Packets, *, encoded: bytes | None = None) -> None:
    """Return when `data` is a whole file of kind `mime` with exactly `packets` in it.

    Args:
        encoded: the file as the encoder gave it, where it was signed since.

    Raises:
        StepFailed: there is a block that we did not write, one is missing, or the file is torn.
    """
    check = _WALKS.get(mime)
    if check is None:
        raise StepFailed(
            "privacy",
            _(
                "postguard cannot look into files of kind {mime!r}, so this one stays here; this "
                "is a fault of postguard, please report it."
            ).format(mime=mime),
        )
    try:
        picture = check(data, packets)
        if encoded is not None and check(encoded, replace(packets, manifest=b"")) != picture:
            raise Stray("a picture with other bytes than the one that was signed")
    except Stray as stray:
        raise StepFailed(
            "privacy",
            _(
                "the finished file holds something it should not: {stray}. It was not posted; "
                "this is a fault of postguard, please report it."
            ).format(stray=stray),
        ) from stray
