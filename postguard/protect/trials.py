"""Tries to bring a picture under a number of bytes, a few times at most.

A lossy file is searched by its quality (`search`); where even the lowest that looks well is too
big, there are fewer pixels instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PIL import Image

from postguard.imaging import Picture, flatten, to_image
from postguard.protect import containers, sampling, search
from postguard.protect.containers import AVIF, JPEG, PNG, WEBP
from postguard.protect.job import MOST_ENCODES, Encoded, Job
from postguard.protect.packets import Packets
from postguard.protect.search import Span
from postguard.protect.weighing import Way, Weighing, writer

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
        image, room = image_of(sized, mime), job.room - job.fixed
        if first is None:
            if mime == JPEG and _at_top(job, image):
                return job.done(mime, sized, span.top)
            writing = partial(writer, mime=mime, packets=Packets(), lean=False)
            first = sampling.first_quality(image, writing, room, span)
        sizes = _sizes(job, writer(image, mime, job.packets, lean=False), span, first)
        if search.best(sizes, room) is not None:
            return _weighed(job, mime, sized, image, sizes)
        again = _AGAIN if factor < 1 else 1.0
        factor *= again * search.shrink(sizes, room, span)
        first = span.aim
    raise job.too_big()


def _weighed(
    job: Job, mime: str, sized: Picture, image: Image.Image, sizes: dict[int, int]
) -> Encoded:
    """Return the file, written in the way that shows the image best."""
    first, data = Way(_best(sizes, job.room - job.fixed), sizes=sizes), job.data
    weighing, files = Weighing(image, mime), dict[Way, bytes]()
    for way in weighing.likely(first, job.room - job.fixed, SPANS[mime]):
        written = _written(job, mime, image, way)
        if written is not None:
            files[written] = job.data
    best = weighing.best(files or {first: data})
    job.data = files.get(best, data)
    return job.done(mime, sized, best.quality, lean=best.lean)


def _written(job: Job, mime: str, image: Image.Image, way: Way) -> Way | None:
    """Write the image in one way and return how; None: it does not fit.

    The full way was tried already; the quality of the lean way is a guess.
    """
    if way.gentle:
        return way if not job.spent and _offered(job, image, way) else None
    if mime == JPEG:
        if way.lean:
            return _progressive(job, image, way, SPANS[JPEG].floor)
        return _progressive(job, image, way, way.quality) or way
    if way.lean:
        others = _sizes(job, writer(image, mime, job.packets, lean=True), SPANS[mime], way.quality)
        best = search.best(others, job.room - job.fixed)
        return None if best is None else replace(way, quality=best)
    return way


def _best(sizes: dict[int, int], room: int) -> int:
    best = search.best(sizes, room)
    assert best is not None  # else there would be fewer pixels
    return best


def _at_top(job: Job, image: Image.Image) -> bool:
    """Write the progressive JPEG of top quality at once where it surely fits."""
    top = SPANS[JPEG].top
    if sampling.expected(image, top) > _SURELY * (job.room - job.fixed):
        return False
    return job.offer(containers.jpeg(image, top, job.packets, progressive=True))


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


def _progressive(job: Job, image: Image.Image, way: Way, lowest: int) -> Way | None:
    """Write the JPEG progressive and spend what that saves on quality; return how.

    Returns:
        None: none fits from `lowest` on; of tiny pictures only the baseline file may.
    """
    room, tried = job.room - job.fixed, dict[int, int]()
    ceiling = SPANS[JPEG].top + 1
    saved = sampling.saving(image, way.quality, half_colour=way.lean)
    goal = search.climb(way.sizes, way.quality, room * saved)
    while not job.spent and goal not in tried and goal >= lowest:
        if _offered(job, image, replace(way, quality=goal)):
            tried[goal] = max(1, len(job.data) - job.fixed)
            saved = search.size_at(goal, way.sizes) / tried[goal]
            goal = min(search.climb(way.sizes, goal, room * saved), ceiling - 1)
        else:
            ceiling = goal
            goal -= 1
    return replace(way, quality=max(tried)) if tried else None


def _offered(job: Job, image: Image.Image, way: Way) -> bool:
    """Write the progressive JPEG of a quality; return whether it fits."""
    data = containers.jpeg(image, way.quality, job.packets, progressive=True, half_colour=way.lean)
    return job.offer(data)


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
