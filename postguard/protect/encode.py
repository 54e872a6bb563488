"""Makes the file that leaves: the best quality that fits a network's limits, tags inside.

PNG stays where it is small (flat art) or carries transparency, and fits; everything else becomes
JPEG 4:4:4 by a search over its quality, and smaller pixels below the quality floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from PIL import Image

from postguard.errors import StepFailed
from postguard.imaging import Picture, flatten, to_image
from postguard.model import Json, Limits
from postguard.protect import containers, search
from postguard.protect.containers import CHROMA, JPEG, LONGEST_SIDE, PNG, WEBP
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.steps.downscale import shrink

MOST_ENCODES = 8

_CONTAINER_BYTES = 1_024  # profile and headers, whatever the picture
_WORTH_PNG = 3 / 8  # bytes a pixel: flat art takes one to two bits, painted art nine and more
_ALWAYS_PNG = 16_000  # bytes: nothing is gained by giving up quality for so few
_OPAQUE = 250  # of 255: the least alpha that is taken as opaque, since it lets 2 % through


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of a rendition and how they came about; `record` is safe to publish."""

    data: bytes
    mime: str
    width: int
    height: int
    record: dict[str, Json]


def encode(picture: Picture, limits: Limits, packets: Packets) -> Encoded:
    """Return the picture as one file within `limits`, with `packets` in it.

    Raises:
        StepFailed: no file of a kind that the network takes can be that small.
    """
    job = _Job(_simplest(picture), limits, packets)
    job.check_room()
    if PNG in limits.mimes and (kept := _as_png(job)):
        return kept
    for mime in (JPEG, WEBP):
        if mime in limits.mimes:
            return _searched(job, mime)
    if PNG in limits.mimes:
        return _smaller_png(job)
    raise StepFailed(
        "encode",
        f"the network takes none of JPEG, PNG and WebP, only {', '.join(limits.mimes) or 'none'}; "
        "leave this account out of the post.",
    )


def alike(picture: Picture, encoded: Encoded) -> bytes:
    """Return another picture of the same shape as the encoder wrote `encoded`: the same kind,
    size and quality, for comparison; without tags."""
    sized = _simplest(picture)
    if (sized.width, sized.height) != (encoded.width, encoded.height):
        sized = shrink(sized, encoded.width, encoded.height)
    if encoded.mime == PNG:
        return containers.png(_image(sized), Packets())
    image = _image(flatten(sized) if encoded.mime == JPEG else sized)
    return _trial(image, encoded.mime, Packets())(cast("int", encoded.record["quality"]))


@dataclass(slots=True)
class _Job:
    """One picture on its way to one file: how often it was written, and the last that fitted."""

    picture: Picture
    limits: Limits
    packets: Packets
    encodes: int = 0
    data: bytes = b""
    why: str = "the network takes this kind only"

    @property
    def room(self) -> int:
        return self.limits.image_bytes

    @property
    def fixed(self) -> int:
        """Bytes that no quality changes: tags and profile (libjpeg's own headers are left in)."""
        return self.packets.size() + len(srgb_profile())

    @property
    def spent(self) -> bool:
        return self.encodes >= MOST_ENCODES

    def check_room(self) -> None:
        """Raise StepFailed where the tags leave no room for a picture."""
        tags = self.packets.size()
        if tags + _CONTAINER_BYTES >= self.room:
            raise StepFailed(
                "encode",
                f"the network takes {self.room:,} bytes and the tags alone need {tags:,}; "
                "shorten the description or the alt text, or take `tags` out of the recipe.",
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

    def done(self, mime: str, sized: Picture, quality: int | None) -> Encoded:
        """Return the bytes that fit, with their record."""
        source = self.picture
        smaller = sized.pixels.shape != source.pixels.shape
        record: dict[str, Json] = {
            "mime": mime,
            "why": self.why,
            "quality": quality,
            "subsampling": CHROMA.get(mime),
            "bytes": len(self.data),
            "encodes": self.encodes,
            "scaled_from": [source.width, source.height] if smaller else None,
            "flattened_on_white": mime == JPEG and source.alpha is not None,
        }
        return Encoded(self.data, mime, sized.width, sized.height, record)

    def too_big(self) -> StepFailed:
        """Return the error for a picture that no allowed trial made small enough."""
        return StepFailed(
            "encode",
            f"no file of at most {self.room:,} bytes was found in {self.encodes} tries; put a "
            "`downscale` into the recipe, with a smaller long_side than now.",
        )


def _image(picture: Picture) -> Image.Image:
    """Return a new image: `L` where there is no colour, else `RGB`; with `A` where it has alpha.

    The flag alone is not believed: a coloured logo on a gray picture must keep its colour.
    """
    image = to_image(picture)
    if picture.gray and bool((picture.pixels == picture.pixels[..., :1]).all()):
        return image.convert("L" if picture.alpha is None else "LA")
    return image


def _simplest(picture: Picture) -> Picture:
    """Drop an alpha channel that hides nothing; clear the colour where it hides all.

    Painting programs leave single pixels at 253 or so; for these nobody wants a PNG of 14 MB.
    """
    if picture.alpha is None:
        return picture
    if int(picture.alpha.min()) >= _OPAQUE:
        return replace(picture, alpha=None)
    shown = (picture.alpha > 0)[..., np.newaxis]
    return replace(picture, pixels=picture.pixels * shown)


def _as_png(job: _Job) -> Encoded | None:
    """Return the PNG where it is worth it and fits; painted art pays for a few strips only."""
    sized = job.sized(PNG)
    image = _image(sized)
    estimate = containers.png_estimate(image) + job.packets.size()
    flat = image.width * image.height * _WORTH_PNG + _ALWAYS_PNG + job.packets.size()
    if estimate > job.room or (sized.alpha is None and estimate > flat):
        job.why = f"as PNG it would take about {estimate:,} bytes"
        return None
    if not job.offer(containers.png(image, job.packets)):
        job.why = "as PNG it would take more bytes than the network takes"
        return None
    job.why = "flat art: small without any loss" if sized.alpha is None else "transparent"
    return job.done(PNG, sized, None)


def _searched(job: _Job, mime: str) -> Encoded:
    """Search the quality of a JPEG or WebP; below the floor, take fewer pixels and search on."""
    factor, first = 1.0, search.TOP
    while not job.spent:
        sized = job.sized(mime, factor)
        image = _image(flatten(sized) if mime == JPEG else sized)
        sizes = _sizes(job, _trial(image, mime, job.packets), first)
        quality = search.best(sizes, job.room - job.fixed)
        if quality is not None:
            final = _progressive(job, image, sizes, quality) if mime == JPEG else quality
            return job.done(mime, sized, final)
        factor *= search.shrink(sizes, job.room - job.fixed)
        first = search.AIM_AFTER_SHRINKING
    raise job.too_big()


def _trial(image: Image.Image, mime: str, packets: Packets) -> Callable[[int], bytes]:
    """Return what writes the image at a quality, quickly: progressive scans take three times as
    long as an optimised baseline JPEG, for a file within 5 % of its size."""
    if mime == JPEG:
        return lambda quality: containers.jpeg(image, quality, packets, progressive=False)
    return lambda quality: containers.webp(image, quality, packets)


def _sizes(job: _Job, write: Callable[[int], bytes], first: int) -> dict[int, int]:
    """Try qualities until the best that fits is known; return the bytes of the picture at each."""
    sizes: dict[int, int] = {}
    # One encode stays in hand for the progressive file, once there is anything that fits.
    while job.encodes < MOST_ENCODES - bool(job.data):
        quality = search.next_quality(sizes, job.room - job.fixed, first)
        if quality is None:
            break
        data = write(quality)
        sizes[quality] = max(1, len(data) - job.fixed)
        job.offer(data)
    return sizes


def _progressive(job: _Job, image: Image.Image, sizes: dict[int, int], quality: int) -> int:
    """Write the JPEG progressive and spend what that saves on quality; return the quality.

    A progressive file that is larger than the limit (tiny pictures) leaves the baseline one.
    """
    tried: dict[int, int] = {}
    while not job.spent and quality not in tried:
        data = containers.jpeg(image, quality, job.packets, progressive=True)
        if not job.offer(data):
            break
        tried[quality] = max(1, len(data) - job.fixed)
        saved = sizes.get(quality, tried[quality]) / tried[quality]
        quality = search.climb(sizes, quality, (job.room - job.fixed) * saved)
    return max(tried, default=quality)


def _smaller_png(job: _Job) -> Encoded:
    """Write PNG with fewer and fewer pixels until one fits."""
    factor = 1.0
    while not job.spent:
        sized = job.sized(PNG, factor)
        data = containers.png(_image(sized), job.packets)
        if job.offer(data):
            return job.done(PNG, sized, None)
        size = max(1, len(data) - job.fixed)
        factor *= min(0.95, 0.97 * ((job.room - job.fixed) / size) ** 0.5)
    raise job.too_big()
