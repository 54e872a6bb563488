"""One picture on its way to a file of at most so many bytes, and the file that it becomes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.language import _, marked
from postguard.model import Json, Limits
from postguard.protect.containers import CHROMA, HALF_COLOUR, JPEG, LONGEST_SIDE
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.steps.downscale import shrink

MOST_ENCODES = 8

_CONTAINER_BYTES = 1_024  # profile and headers, whatever the picture


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of a rendition and how they came about; `record` is safe to publish.

    Attributes:
        written: the picture as it was handed to the encoder, as large as the file.
        lean: it was written in the lean way of `weighing`.
    """

    data: bytes
    mime: str
    width: int
    height: int
    record: dict[str, Json]
    written: Picture = field(compare=False, repr=False)
    lean: bool = False


@dataclass(slots=True)
class Job:
    """One picture on its way to one file: how often it was written, and the last that fitted.

    Attributes:
        reserved: bytes to keep free for what comes into the file afterwards.
        why: what made the choice of the format.
    """

    picture: Picture
    limits: Limits
    packets: Packets
    reserved: int = 0
    encodes: int = 0
    data: bytes = b""
    why: str = marked("the network takes this kind only")

    @property
    def room(self) -> int:
        return self.limits.image_bytes - self.reserved

    @property
    def fixed(self) -> int:
        """Bytes that no quality changes: tags and profile (libjpeg's own headers are left in)."""
        return self.packets.size() + len(srgb_profile())

    @property
    def spent(self) -> bool:
        return self.encodes >= MOST_ENCODES

    def takes(self, mime: str) -> bool:
        """Return whether the network takes this kind of file."""
        return mime in self.limits.mimes

    def check_room(self) -> None:
        """Raise StepFailed where the tags leave no room for a picture."""
        tags = self.packets.size() + self.reserved
        if tags + _CONTAINER_BYTES >= self.limits.image_bytes:
            raise StepFailed(
                "encode",
                _(
                    "the network takes {image_bytes:,} bytes and the tags alone need {tags:,}; "
                    "shorten the description or the alt text, or take `tags` out of the recipe."
                ).format(image_bytes=self.limits.image_bytes, tags=tags),
            )

    def sized(self, mime: str, factor: float = 1.0) -> Picture:
        """Return the picture at `factor`, within the sides of the network and of the format."""
        width, height = self.picture.width, self.picture.height
        side = min(self.limits.side or LONGEST_SIDE[mime], LONGEST_SIDE[mime])
        scale = min(factor, side / max(width, height))
        if self.limits.pixels is not None:
            scale = min(scale, math.sqrt(self.limits.pixels / (width * height)))
        if scale >= 1:
            return self.picture
        # Rounded down (1e-9 is for 3000 * (2000 / 3000)): a pixel over the limit is over it.
        return shrink(self.picture, *(max(1, int(n * scale + 1e-9)) for n in (width, height)))

    def offer(self, data: bytes) -> bool:
        """Count one encode; keep its bytes where they fit."""
        self.encodes += 1
        fits = len(data) <= self.room
        self.data = data if fits else self.data
        return fits

    def done(
        self, mime: str, sized: Picture, quality: int | None, *, lean: bool = False
    ) -> Encoded:
        """Return the bytes that fit, with their record; no quality: without any loss."""
        source = self.picture
        smaller = sized.pixels.shape != source.pixels.shape
        record: dict[str, Json] = {
            "mime": mime,
            "why": _(self.why),
            "quality": quality,
            "subsampling": None if quality is None else HALF_COLOUR if lean else CHROMA.get(mime),
            "bytes": len(self.data),
            "encodes": self.encodes,
            "scaled_from": [source.width, source.height] if smaller else None,
            "flattened_on_white": mime == JPEG and source.alpha is not None,
        }
        return Encoded(self.data, mime, sized.width, sized.height, record, sized, lean)

    def too_big(self) -> StepFailed:
        """Return the error for a picture that no allowed trial made small enough."""
        return StepFailed(
            "encode",
            _(
                "no file of at most {room:,} bytes was found in {encodes} tries; put a "
                "`downscale` into the recipe, with a smaller long_side than now."
            ).format(room=self.room, encodes=self.encodes),
        )
