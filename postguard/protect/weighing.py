"""Which ways of writing a lossy file may show a picture best at as many bytes: told by a sample of
it, and, where that leaves a doubt, by a look at the whole.

Weighed is SSIMULACRA2 against the protected picture, of each way at the best quality that fits.
Colour at full size and the highest quality keep most of a cloak, and often show the picture best.
But a picture that was a JPEG before comes out nearest at about its old quality, whose steps its
blocks still have: a higher one rounds them anew. And where bytes are few, colour at half size
leaves more of them to the lines; or, in WebP, colour that was not prepared for its being halved is
more easily told. On real art a sample errs by up to a point, most of all in how many bytes a way
takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import flatten, open_picture
from postguard.imaging.visibility import SMALLEST, reference, ssimulacra2
from postguard.protect import containers, sampling, search
from postguard.protect.chroma import sharpened
from postguard.protect.containers import AVIF, JPEG, WEBP
from postguard.protect.packets import Packets
from postguard.protect.search import Span

_PREPARED = 90  # WebP's quality from which preparing its colour was never worse
_DOUBT = 1.5  # points of SSIMULACRA2 by which a sample may err
_RISE, _SURE_RISE = 0.2, 0.6  # points: of lower qualities alone it errs by less
_LOOKS = (256, 512)  # pixels: the squares over which files are compared, 1 Mpx and then 4
_SURE = 0.8  # points: by what is less a look at 1 Mpx may err
_WORTH = 0.04  # points that are worth some of a cloak
_GENTLER = 9  # steps of quality that are looked at below the best that fits,
_STRIDE = 3  # first so many at once

Write = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to write a picture.

    Attributes:
        lean: of a JPEG: with colour at half size; of a WebP: without preparing it for that.
        gentle: at a lower quality than fits.
        sizes: bytes that it should take at some qualities, JPEG not progressive.
    """

    quality: int
    lean: bool = False
    gentle: bool = False
    sizes: Mapping[int, int] = field(default_factory=dict, compare=False, repr=False)


def writer(image: Image.Image, mime: str, packets: Packets, *, lean: bool) -> Write:
    """Return what writes the image at a quality, quickly: progressive scans take three times as
    long as an optimised baseline JPEG, for a file within 5 % of its size."""
    if mime == JPEG:
        return lambda quality: containers.jpeg(
            image, quality, packets, progressive=False, half_colour=lean
        )
    if mime == AVIF:
        return lambda quality: containers.avif(image, quality, packets)
    prepared = image if lean else _for_half_colour(image)
    return lambda quality: containers.webp(prepared, quality, packets)


def _for_half_colour(image: Image.Image) -> Image.Image:
    """Return the image as lossy WebP, which halves its colour, is to get it."""
    if not image.mode.startswith("RGB"):
        return image
    prepared = Image.fromarray(sharpened(np.asarray(image.convert("RGB"))))
    if image.mode == "RGBA":
        prepared.putalpha(image.getchannel("A"))
    return prepared


class Weighing:
    """Weighs ways of writing one image as one kind of file."""

    def __init__(self, image: Image.Image, mime: str) -> None:
        self._mime = mime
        self._image = image
        self._sample = sampling.sample_of(image)
        # Of gray there is no colour to be halved; transparency is shown on grounds unknown.
        self._told = image.mode == "RGB" and min(self._sample.size) >= SMALLEST and mime != AVIF
        writers = {
            lean: writer(self._sample, mime, Packets(), lean=lean) for lean in (False, True)
        }
        self._write = cache(lambda way: writers[way.lean](way.quality))
        self._score = cache(self._sampled)
        self._known = cache(lambda: reference(np.asarray(self._sample)))

    def likely(self, first: Way, room: int, span: Span) -> list[Way]:
        """Return the ways that may show the image best within `room` bytes: what keeps most of a
        cloak first, which is `first`, at the best quality that fits."""
        if not self._told:
            return [first]
        scores = dict(self._scores(first, span))
        lean = self._lean(first, room, span)
        if lean is not None and self._score(lean) > max(scores.values()) - _DOUBT:
            scores |= dict(self._scores(lean, span))
        best = max(scores.values())
        return [way for way, score in scores.items() if score > best - _DOUBT]

    def best(self, files: Mapping[Way, bytes]) -> Way:
        """Return which of the written ways shows the image best; of ties, the first."""
        best, *others = files
        for side in _LOOKS if others else ():
            looks = {way: self._look(data, side) for way, data in files.items()}
            best = _best(looks)
            whole = sampling.squares_of(self._image, side) is self._image
            if whole or all(
                looks[best] - look > _SURE for way, look in looks.items() if way != best
            ):
                break
        return best

    def _scores(self, way: Way, span: Span) -> Iterator[tuple[Way, float]]:
        """Yield the way, and the best like it of lower quality, as far as either may be better."""
        rise, gentle = 0.0, None
        if self._mime == JPEG:
            gentle = self._gentle(way, max(span.floor, way.quality - _GENTLER))
        if gentle is not None:
            rise = self._score(gentle) - self._score(way)
        if rise < _SURE_RISE:
            yield way, self._score(way)
        if gentle is not None and rise > _RISE:
            yield gentle, self._score(gentle)

    def _gentle(self, way: Way, lowest: int) -> Way | None:
        """Return the best way of lower quality, found in strides; None: there is no lower one."""
        lower = [replace(way, quality=q, gentle=True) for q in range(lowest, way.quality)]
        if not lower:
            return None
        at = lower.index(max(lower[::-_STRIDE], key=self._score))
        return max(lower[max(at - 1, 0) : at + 2], key=self._score)

    def _lean(self, full: Way, room: int, span: Span) -> Way | None:
        """Return the lean way at the best quality that should fit; None: none does, or it need
        not be looked at."""
        if self._mime == WEBP and full.quality >= _PREPARED:
            return None
        share = sampling.bare(self._write(full)) / full.sizes[full.quality]
        sizes: dict[int, int] = {}
        while quality := search.next_quality(sizes, round(share * room), span, full.quality):
            sizes[quality] = sampling.bare(self._write(Way(quality, lean=True)))
        best = search.best(sizes, round(share * room))
        whole = {quality: round(size / share) for quality, size in sizes.items()}
        return None if best is None else Way(best, lean=True, sizes=whole)

    def _sampled(self, way: Way) -> float:
        """Return the score of the sample."""
        return self._known().score(_shown(self._write(way)))

    def _look(self, data: bytes, side: int) -> float:
        """Return the score of a file over squares of `side`, or of all of it."""
        pair = (self._image, Image.fromarray(_shown(data)))
        before, after = (np.asarray(sampling.squares_of(image, side)) for image in pair)
        return ssimulacra2(before, after)


def _best(looks: Mapping[Way, float]) -> Way:
    """Return the way that looks best; of ties, the first."""
    best, *others = looks
    for way in others:
        if looks[way] > looks[best] + _WORTH:
            best = way
    return best


def _shown(data: bytes) -> NDArray[np.uint8]:
    return flatten(open_picture(data, max_megapixels=1_000)).pixels
