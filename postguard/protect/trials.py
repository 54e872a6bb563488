"""Tries to bring a picture under a number of bytes, a few times at most.

A lossy file is searched by its quality (`search`); where even the lowest that looks well is too
big, there are fewer pixels instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from postguard.imaging import Picture, flatten, to_image
from postguard.protect import chroma, containers, sampling, search
from postguard.protect.containers import AVIF, JPEG, PNG, WEBP
from postguard.protect.job import MOST_ENCODES, Encoded, Job
from postguard.protect.packets import Packets
from postguard.protect.search import Span

# Where each format's quality is worth trying. WebP's 4:2:0 needs all that it has; AVIF holds out
# longer before blocks show. On a heavy texture fewer pixels lost 6 points to WebP 60.
SPANS = {JPEG: search.JPEG, WEBP: Span(top=100, floor=50, aim=88), AVIF: Span(floor=55, aim=70)}

_SURELY = 0.8  # of the room: a sample may err by that much
_AGAIN = 0.8  # of the sides: hard edges weigh more the smaller a picture is


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
            writing = partial(trial, mime=mime, packets=Packets())
            first = sampling.first_quality(image, writing, job.room - job.fixed, span)
        sizes = _sizes(job, trial(image, mime, job.packets), span, first)
        quality = search.best(sizes, job.room - job.fixed)
        if quality is not None:
            final = _progressive(job, image, sizes, quality) if mime == JPEG else quality
            return job.done(mime, sized, final)
        again = _AGAIN if factor < 1 else 1.0
        factor *= again * search.shrink(sizes, job.room - job.fixed, span)
        first = span.aim
    raise job.too_big()


def _at_top(job: Job, image: Image.Image) -> bool:
    """Write the progressive JPEG of top quality at once where it surely fits."""
    top = SPANS[JPEG].top
    if sampling.expected(image, top) > _SURELY * (job.room - job.fixed):
        return False
    return job.offer(containers.jpeg(image, top, job.packets, progressive=True))


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
    goal = search.climb(sizes, quality, room * sampling.saving(image, quality))
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
