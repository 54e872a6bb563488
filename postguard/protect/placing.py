"""Where a plate covers least of the art: along the edges, where little is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postguard.imaging import Picture

_SMALL = 384  # long side of the copy on which the art is judged
_PLAIN = 0.6  # what plain ground costs, against 1 more for a region of mean detail
_POWER = 4  # costs are averaged by this power mean, so that one face outweighs much empty sky
_AROUND = 0.1  # reach of a thing's surroundings, as a share of the long side
_CENTRE = 1.0  # how much more the middle of a picture costs than its corners
_TOP = 1.06  # at equal cost a notice stands below
_LOOSE = 1.12  # and in a corner: anywhere else it looks lost
_STOPS = 24  # places tried along each edge
_CLEAR = 6.0  # what a transparent pixel costs: the plate would float beside the art

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spot:
    """The upper left corner of a plate in pixels, and its cost per pixel of the picture."""

    left: int
    top: int
    cost: float


class Terrain:
    """What it costs to cover each part of a picture."""

    def __init__(self, picture: Picture) -> None:
        self._size = picture.width, picture.height
        self._scale = max(1.0, max(self._size) / _SMALL)
        width, height = (max(1, round(s / self._scale)) for s in self._size)
        costs = _cost(picture, (width, height)) ** _POWER
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


def _cost(picture: Picture, size: tuple[int, int]) -> Floats:
    """Return (h, w) costs, about 1 where the picture is as it mostly is."""
    small = Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX)
    luma = np.asarray(small.convert("L"), np.float64)
    down, across = (np.gradient(luma, axis=a) if luma.shape[a] > 1 else 0 * luma for a in (0, 1))
    # The root: many soft lines weigh as much as one hard one.
    cost = _PLAIN + _share(np.sqrt(np.hypot(down, across))) + _share(_stands_out(small))
    y, x = (np.abs(np.linspace(-1, 1, n)) for n in luma.shape)
    cost *= 1 + _CENTRE * (1 - (y[:, None] + x[None, :]) / 2)
    if picture.alpha is not None:
        alpha = Image.fromarray(picture.alpha).resize(size, Image.Resampling.BOX)
        cost += _CLEAR * (1 - np.asarray(alpha, np.float64) / 255)
    return cost


def _stands_out(small: Image.Image) -> Floats:
    """Return (h, w) how much each pixel differs from its wide surroundings: a small figure in an
    empty field must not be covered, though there is little detail in it."""
    around = small.filter(ImageFilter.BoxBlur(_AROUND * max(small.size)))
    differences = np.abs(np.asarray(small, np.float64) - np.asarray(around, np.float64))
    return np.asarray(differences.max(axis=-1))


def _share(values: Floats) -> Floats:
    """Return the values as shares of twice their mean."""
    return values / max(2 * float(values.mean()), 1e-6)
