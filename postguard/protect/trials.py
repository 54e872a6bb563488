"""One picture on its way to a file of at most so many bytes: trial after trial, a few at most.

A lossy file is searched by its quality (`search`); where even the lowest that looks well is too
big, there are fewer pixels instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from postguard.errors import StepFailed
from postguard.imaging import Picture, flatten, to_image
from postguard.model import Json, Limits
from postguard.protect import chroma, containers, search
from postguard.protect.containers import AVIF, CHROMA, JPEG, LONGEST_SIDE, PNG, WEBP
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.search import Span
from postguard.protect.steps.downscale import shrink

MOST_ENCODES = 8
# Where each format's quality is worth trying. WebP's 4:2:0 needs all that it has; AVIF holds out
# longer before blocks show.
SPANS = {JPEG: search.JPEG, WEBP: Span(top=100, floor=80, aim=88), AVIF: Span(floor=55, aim=70)}

_CONTAINER_BYTES = 1_024  # profile and headers, whatever the picture
_AGAIN = 0.8
_SQUARE = 256  # pixels: four of them tell about where to begin
_WORTH_SAMPLING = 1 / 6  # of the picture: a larger sample costs as much as it saves
_SURELY = 0.8  # of the room: a sample may err by that much


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of a rendition and how they came about; `record` is safe to publish.

    Attributes:
        written: the picture as it was handed to the encoder, as large as the file.
    """

    data: bytes
    mime: str
    width: int
    height: int
    record: dict[str, Json]
    written: Picture = field(compare=False, repr=False)


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
    why: str = "the network takes this kind only"

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
                f"the network takes {self.limits.image_bytes:,} bytes and the tags alone need "
                f"{tags:,}; shorten the description or the alt text, or take `tags` out of the "
                "recipe.",
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
        """Return the bytes that fit, with their record; no quality: without any loss."""
        source = self.picture
        smaller = sized.pixels.shape != source.pixels.shape
        record: dict[str, Json] = {
            "mime": mime,
            "why": self.why,
            "quality": quality,
            "subsampling": CHROMA.get(mime) if quality is not None else None,
            "bytes": len(self.data),
            "encodes": self.encodes,
            "scaled_from": [source.width, source.height] if smaller else None,
            "flattened_on_white": mime == JPEG and source.alpha is not None,
        }
        return Encoded(self.data, mime, sized.width, sized.height, record, sized)

    def too_big(self) -> StepFailed:
        """Return the error for a picture that no allowed trial made small enough."""
        return StepFailed(
            "encode",
            f"no file of at most {self.room:,} bytes was found in {self.encodes} tries; put a "
            "`downscale` into the recipe, with a smaller long_side than now.",
        )


def image_of(picture: Picture, mime: str) -> Image.Image:
    """Return a new image: `L` where there is no colour, else `RGB`; with `A` where it has alpha
    and the format holds it, else laid on white.

    The flag alone is not believed: a coloured logo on a gray picture must keep its colour.
    """
    shown = flatten(picture) if mime == JPEG else picture
    image = to_image(shown)
    if shown.gray and bool((shown.pixels == shown.pixels[..., :1]).all()):
        return image.convert("L" if shown.alpha is None else "LA")
    return image


def searched(job: Job, mime: str) -> Encoded:
    """Search the quality of a lossy file; below the floor, take fewer pixels and search on.

    Raises:
        StepFailed: nothing is small enough.
    """
    factor, span = 1.0, SPANS[mime]
    first: int | None = None
    while not job.spent:
        sized = job.sized(mime, factor)
        image = image_of(sized, mime)
        if first is None:
            if mime == JPEG and _at_top(job, image):
                return job.done(mime, sized, span.top)
            first = _guess(job, image, mime)
        sizes = _sizes(job, trial(image, mime, job.packets), span, first)
        quality = search.best(sizes, job.room - job.fixed)
        if quality is not None:
            final = _progressive(job, image, sizes, quality) if mime == JPEG else quality
            return job.done(mime, sized, final)
        # Hard edges weigh more the smaller a picture is: a second time, more is given up.
        again = _AGAIN if factor < 1 else 1.0
        factor *= again * search.shrink(sizes, job.room - job.fixed, span)
        first = span.aim
    raise job.too_big()


def trial(image: Image.Image, mime: str, packets: Packets) -> Callable[[int], bytes]:
    """Return what writes the image at a quality, quickly: progressive scans take three times as
    long as an optimised baseline JPEG, for a file within 5 % of its size."""
    if mime == JPEG:
        return lambda quality: containers.jpeg(image, quality, packets, progressive=False)
    if mime == AVIF:
        return lambda quality: containers.avif(image, quality, packets)
    prepared = _for_half_colour(image)
    return lambda quality: containers.webp(prepared, quality, packets)


def _for_half_colour(image: Image.Image) -> Image.Image:
    """Return the image as lossy WebP, which halves its colour, is to get it."""
    if not image.mode.startswith("RGB"):
        return image
    prepared = Image.fromarray(chroma.sharpened(np.asarray(image.convert("RGB"))))
    if image.mode == "RGBA":
        prepared.putalpha(image.getchannel("A"))
    return prepared


def _at_top(job: Job, image: Image.Image) -> bool:
    """Write the progressive JPEG of top quality at once where it surely fits."""
    sample, span = _sample(image), SPANS[JPEG]
    taken = len(containers.jpeg(sample, span.top, Packets(), progressive=False))
    expected = taken * image.width * image.height / (sample.width * sample.height)
    if expected > _SURELY * (job.room - job.fixed):
        return False
    return job.offer(containers.jpeg(image, span.top, job.packets, progressive=True))


def _guess(job: Job, image: Image.Image, mime: str) -> int:
    """Return where to begin: what a sample of a large picture says."""
    span, sample = SPANS[mime], _sample(image)
    share = sample.width * sample.height / (image.width * image.height)
    if share > _WORTH_SAMPLING:
        return span.top
    write, sizes = trial(sample, mime, Packets()), dict[int, int]()
    room = round((job.room - job.fixed) * share)
    while (quality := search.next_quality(sizes, room, span)) is not None:
        sizes[quality] = max(1, len(write(quality)) - len(srgb_profile()))
    return search.best(sizes, room) or span.floor


def _sample(image: Image.Image) -> Image.Image:
    """Return four squares of a picture as one, or a small picture itself."""
    if min(image.size) < 2 * _SQUARE:
        return image
    sample = Image.new(image.mode, (2 * _SQUARE, 2 * _SQUARE))
    for x in (0, 1):
        for y in (0, 1):
            left = (image.width - _SQUARE) * (1 + 2 * x) // 4
            top = (image.height - _SQUARE) * (1 + 2 * y) // 4
            part = image.crop((left, top, left + _SQUARE, top + _SQUARE))
            sample.paste(part, (x * _SQUARE, y * _SQUARE))
    return sample


def _sizes(job: Job, write: Callable[[int], bytes], span: Span, first: int) -> dict[int, int]:
    """Try qualities until the best that fits is known; return the bytes of the picture at each."""
    sizes: dict[int, int] = {}
    # One encode stays in hand for the progressive file, once there is anything that fits.
    while job.encodes < MOST_ENCODES - bool(job.data):
        quality = search.next_quality(sizes, job.room - job.fixed, span, first)
        if quality is None:
            break
        data = write(quality)
        sizes[quality] = max(1, len(data) - job.fixed)
        job.offer(data)
    return sizes


def _progressive(job: Job, image: Image.Image, sizes: dict[int, int], quality: int) -> int:
    """Write the JPEG progressive and spend what that saves on quality; return the quality.

    A progressive file that is larger than the limit (tiny pictures) leaves the baseline one.
    """
    room, tried, ceiling = job.room - job.fixed, dict[int, int](), SPANS[JPEG].top + 1
    goal = search.climb(sizes, quality, room * _saving(image, quality))
    while not job.spent and goal not in tried and goal >= quality:
        data = containers.jpeg(image, goal, job.packets, progressive=True)
        if job.offer(data):
            tried[goal] = max(1, len(data) - job.fixed)
            saved = search.size_at(goal, sizes) / tried[goal]
            goal = min(search.climb(sizes, goal, room * saved), ceiling - 1)
        else:
            ceiling = goal
            goal -= 1
    return max(tried, default=quality)


def _saving(image: Image.Image, quality: int) -> float:
    """Return how many times larger a baseline JPEG is than a progressive one, by a sample."""
    sample = _sample(image)
    if sample.width * sample.height > _WORTH_SAMPLING * image.width * image.height:
        return 1.0
    baseline, progressive = (
        len(containers.jpeg(sample, quality, Packets(), progressive=scans))
        for scans in (False, True)
    )
    return baseline / progressive


def smaller_png(job: Job) -> Encoded:
    """Write PNG with fewer and fewer pixels until one fits. Raises StepFailed."""
    factor = 1.0
    while not job.spent:
        sized = job.sized(PNG, factor)
        data = containers.png(image_of(sized, PNG), job.packets)
        if job.offer(data):
            return job.done(PNG, sized, None)
        size = max(1, len(data) - job.fixed)
        factor *= min(0.95, 0.97 * ((job.room - job.fixed) / size) ** 0.5)
    raise job.too_big()
