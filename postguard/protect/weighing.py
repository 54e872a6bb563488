"""Which way of writing a lossy file shows a picture best at as many bytes: told by a sample of it.

Weighed is SSIMULACRA2 against the protected picture, of each way at the best quality that fits.
What keeps more of a cloak, colour at full size and the highest quality, wins unless another is
better by `_WORTH`: less is a tie. Twice it often is. A picture that was a JPEG before comes out
nearest at about its old quality, whose steps its blocks still have: a higher one rounds them anew.
And where bytes are few, colour at half size leaves more of them to the lines; or, in WebP, colour
that was not prepared for its being halved is more easily told.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

from postguard.imaging import flatten, open_picture
from postguard.imaging.visibility import SMALLEST, Reference, reference
from postguard.protect import containers, sampling, search
from postguard.protect.chroma import sharpened
from postguard.protect.containers import AVIF, JPEG
from postguard.protect.packets import Packets
from postguard.protect.search import Span

_WORTH = 0.3  # points of SSIMULACRA2 that are worth some of a cloak
_GENTLER = 10  # steps of quality that are looked at below the best that fits

Write = Callable[[int], bytes]


def writer(image: Image.Image, mime: str, packets: Packets, *, lean: bool) -> Write:
    """Return what writes the image at a quality, quickly: progressive scans take three times as
    long as an optimised baseline JPEG, for a file within 5 % of its size.

    Args:
        lean: of a JPEG: with colour at half size; of a WebP: without preparing it for that.
    """
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
    """Weighs ways of writing one image as one kind of file, by a sample of it."""

    def __init__(self, image: Image.Image, mime: str) -> None:
        self._mime = mime
        self._sample = sampling.sample_of(image)
        # Of gray there is no colour to be halved; transparency is shown on grounds unknown.
        self._told = image.mode == "RGB" and min(self._sample.size) >= SMALLEST
        self._known = cache(self._reference)

    def leaner(self, quality: int, spare: float, span: Span) -> int | None:
        """Return at which quality the lean way shows the image better than the full one does at
        `quality`, within `spare` times its bytes; None: it does not."""
        if not self._told or self._mime == AVIF:
            return None
        write = writer(self._sample, self._mime, Packets(), lean=False)
        full, gentle = write(quality), write(self.gentler(quality, span, lean=False))
        write = writer(self._sample, self._mime, Packets(), lean=True)
        room = round(spare * sampling.bare(full))
        files: dict[int, bytes] = {}
        sizes: dict[int, int] = {}
        while (tried := search.next_quality(sizes, room, span, quality)) is not None:
            files[tried] = write(tried)
            sizes[tried] = sampling.bare(files[tried])
        best = search.best(sizes, room)
        if best is None or self._score(files[best]) <= self._score(gentle) + _WORTH:
            return None
        return best

    def gentler(self, quality: int, span: Span, *, lean: bool) -> int:
        """Return a lower quality that shows the image better, or the same."""
        if not self._told or self._mime != JPEG:
            return quality
        write = writer(self._sample, self._mime, Packets(), lean=lean)
        lowest = max(span.floor, quality - _GENTLER)
        scores = {q: self._score(write(q)) for q in range(lowest, quality + 1)}
        best = max(scores, key=lambda q: scores[q])
        return best if scores[best] > scores[quality] + _WORTH else quality

    def _score(self, data: bytes) -> float:
        shown = flatten(open_picture(data, max_megapixels=1))
        return self._known().score(shown.pixels)

    def _reference(self) -> Reference:
        return reference(np.asarray(self._sample))
