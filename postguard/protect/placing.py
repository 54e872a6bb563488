"""Where a plate covers least of the art: along the edges, where little is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postguard.imaging import Picture

_SMALL = 384  # long side of the copy on which the art is judged
_SAMPLES = 3  # rows and columns looked at for each of its own
_PLAIN = 0.6  # what plain ground costs, against 1 more for a region of mean detail
_POWER = 4  # costs are averaged by this power mean, so that one face outweighs much empty sky
_VISIBLE = 2.0  # levels of 255
_AROUND = 0.1  # reach of a thing's surroundings, as a share of the long side
_CENTRE = 1.0  # how much more the middle of a picture costs than its corners
_TOP = 1.06  # at equal cost a notice stands below
_LOOSE = 1.12  # and in a corner: anywhere else it looks lost
_STOPS = 24  # places tried along each edge
_CLEAR = 6.0  # what a transparent pixel costs: letters on it would be lost
_CUT_OUT = 3.0  # and of art cut out of its ground, even plain parts cost more than what is empty

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spot:
    """The upper left corner of a plate in pixels, and its cost per pixel of the picture."""

    left: int
    top: int
    cost: float


class Terrain:
    """What it costs to cover each part of a picture.

    Args:
        bare: the plate brings its own ground, so it may stand where the picture is transparent.
    """

    def __init__(self, picture: Picture, *, bare: bool = False) -> None:
        self._size = picture.width, picture.height
        self._scale = max(1.0, max(self._size) / _SMALL)
        width, height = (max(1, round(s / self._scale)) for s in self._size)
        costs = _cost(picture, (width, height), bare=bare) ** _POWER
        self._sums = np.pad(costs, ((1, 0), (1, 0))).cumsum(0).cumsum(1)

    def best(self, plate: tuple[int, int], margin: int) -> Spot:
        """Return the cheapest place along the edges for a plate of (width, height) pixels."""
        edges = [
            (min(margin, max(0, s - p - margin)), max(0, s - p - margin))
            for s, p in zip(self._size, plate, strict=True)
        ]
        spots = (self._spot(left, top, plate, edges) for left, top in _stops(*edges))
        return min(spots, key=lambda spot: spot.cost)

    def _spot(
        self, left: int, top: int, plate: tuple[int, int], edges: Sequence[tuple[int, int]]
    ) -> Spot:
        x0, x1 = self._cells(left, plate[0], self._sums.shape[1] - 1)
        y0, y1 = self._cells(top, plate[1], self._sums.shape[0] - 1)
        s = self._sums
        mean = (s[y1, x1] - s[y0, x1] - s[y1, x0] + s[y0, x0]) / ((y1 - y0) * (x1 - x0))
        area = plate[0] * plate[1] / (self._size[0] * self._size[1])
        cost = float(mean) ** (1 / _POWER) * area
        if top + plate[1] / 2 < self._size[1] / 2:
            cost *= _TOP
        if left not in edges[0] or top not in edges[1]:
            cost *= _LOOSE
        return Spot(left, top, cost)

    def _cells(self, start: int, length: int, count: int) -> tuple[int, int]:
        first = min(count - 1, int(start / self._scale))
        return first, max(first + 1, min(count, round((start + length) / self._scale)))


def _stops(across: tuple[int, int], down: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield upper left corners along the four edges, corners among them."""
    xs, ys = (np.linspace(*ends, _STOPS).round().astype(int).tolist() for ends in (across, down))
    yield from ((x, y) for y in (down[1], down[0]) for x in xs)
    yield from ((x, y) for x in across for y in ys)


def _cost(picture: Picture, size: tuple[int, int], *, bare: bool) -> Floats:
    """Return (h, w) costs, about 1 where the picture is as it mostly is."""
    small, clear = _small(picture, size)
    luma = np.asarray(small.convert("L"), np.float64)
    down, across = (np.gradient(luma, axis=a) if luma.shape[a] > 1 else 0 * luma for a in (0, 1))
    # The root: many soft lines weigh as much as one hard one.
    cost = _PLAIN + _share(np.sqrt(np.hypot(down, across))) + _share(_stands_out(small))
    y, x = (np.abs(np.linspace(-1, 1, n)) for n in luma.shape)
    cost *= 1 + _CENTRE * (1 - (y[:, None] + x[None, :]) / 2)
    if clear is None:
        return cost
    # A plate that brings its own ground covers nothing where the picture is clear.
    return clear + (cost + _CUT_OUT) * (1 - clear) if bare else cost + _CLEAR * clear


def _small(picture: Picture, size: tuple[int, int]) -> tuple[Image.Image, Floats | None]:
    """Return a small copy and how transparent it is, (h, w) in [0, 1].

    What is transparent gets the mean colour of the rest: its black is no part of the art.
    """
    # Every few pixels are enough, and a whole copy is spared.
    thin = np.s_[:: _thinning(picture.height, size[1]), :: _thinning(picture.width, size[0])]
    small = Image.fromarray(picture.pixels[thin]).resize(size, Image.Resampling.BOX)
    if picture.alpha is None:
        return small, None
    alpha = Image.fromarray(picture.alpha[thin]).resize(size, Image.Resampling.BOX)
    clear = 1 - np.asarray(alpha, np.float64) / 255
    colours = np.asarray(small, np.float64)
    mean = colours.sum((0, 1)) / max(float((1 - clear).sum()), 1.0)
    filled = np.clip(colours + clear[..., None] * mean, 0, 255)
    return Image.fromarray(filled.astype(np.uint8)), clear


def _thinning(long: int, short: int) -> int:
    return max(1, long // (_SAMPLES * short))


def _stands_out(small: Image.Image) -> Floats:
    """Return (h, w) how much each pixel differs from its wide surroundings: a small figure in an
    empty field must not be covered, though there is little detail in it."""
    around = small.filter(ImageFilter.BoxBlur(_AROUND * max(small.size)))
    differences = np.abs(np.asarray(small, np.float64) - np.asarray(around, np.float64))
    return np.asarray(differences.max(axis=-1))


def _share(values: Floats) -> Floats:
    """Return the values as shares of twice their mean; in a plain picture, of what is visible."""
    return values / max(2 * float(values.mean()), _VISIBLE)
