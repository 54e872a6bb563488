"""What some squares of a picture tell about encoding all of it, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from postguard.protect import containers, search
from postguard.protect.packets import Packets, srgb_profile
from postguard.protect.search import Span

_ACROSS = 4  # squares, and as many down: many small ones tell more than few large ones
_SQUARE = 128  # pixels
_GRID = 16  # pixels: the blocks of half-size colour, and of the JPEG that a picture may have been
_HARDLY = 2  # times as many pixels: a look at all of them costs little more
_WORTH_IT = 1 / 6  # of the picture: a larger sample costs as much as it saves


def sample_of(image: Image.Image) -> Image.Image:
    """Return a small sample of a picture as one, or a small picture itself."""
    return squares_of(image, _SQUARE)


def squares_of(image: Image.Image, side: int) -> Image.Image:
    """Return sixteen squares spread over a picture as one, or a picture itself that is hardly
    larger."""
    whole = image.width * image.height
    if min(image.size) < _ACROSS * side or whole < _HARDLY * (_ACROSS * side) ** 2:
        return image
    sample = Image.new(image.mode, (_ACROSS * side, _ACROSS * side))
    for x in range(_ACROSS):
        for y in range(_ACROSS):
            left, top = (
                (size - side) * (1 + 2 * at) // (2 * _ACROSS) // _GRID * _GRID
                for size, at in ((image.width, x), (image.height, y))
            )
            part = image.crop((left, top, left + side, top + side))
            sample.paste(part, (x * side, y * side))
    return sample


def expected(image: Image.Image, quality: int) -> float:
    """Return about how many bytes a baseline JPEG takes."""
    sample = sample_of(image)
    return len(_jpeg(sample, quality)) / _share(sample, image)


def first_quality(
    image: Image.Image,
    writing: Callable[[Image.Image], Callable[[int], bytes]],
    room: int,
    span: Span,
) -> int:
    """Return where to begin a search.

    Args:
        writing: returns what writes an image at a quality, without tags.
        room: the most bytes for the whole picture.
    """
    sample = sample_of(image)
    share = _share(sample, image)
    write, sizes = writing(sample), dict[int, int]()
    if share > _WORTH_IT:
        sizes[span.top] = bare(write(span.top))
        return search.next_quality(sizes, round(room * share), span) or span.top
    while (quality := search.next_quality(sizes, round(room * share), span)) is not None:
        sizes[quality] = bare(write(quality))
    return search.best(sizes, round(room * share)) or span.floor


def bare(data: bytes) -> int:
    """Return the bytes of a file without tags that are not its profile's."""
    return max(1, len(data) - len(srgb_profile()))


def saving(image: Image.Image, quality: int, *, half_colour: bool) -> float:
    """Return how many times larger a baseline JPEG is than a progressive one; 1: not known."""
    sample = sample_of(image)
    if _share(sample, image) > _WORTH_IT:
        return 1.0
    baseline, progressive = (
        containers.jpeg(sample, quality, Packets(), progressive=scans, half_colour=half_colour)
        for scans in (False, True)
    )
    return len(baseline) / len(progressive)


def _share(sample: Image.Image, image: Image.Image) -> float:
    return sample.width * sample.height / (image.width * image.height)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    return containers.jpeg(image, quality, Packets(), progressive=False)
