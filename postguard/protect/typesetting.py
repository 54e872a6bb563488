"""How a sentence is set: its lines, its size, and the plate behind them. Pure.

Sizes begin with what a feed shows: whoever sees the picture 600 px wide must read the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from postguard.protect.lettering import LEADING, Typeface
from postguard.protect.wrapping import Measure, wrap

FEED_CAP, FEED_WIDTH = 14, 600  # cap height in pixels where a feed shows the picture this wide
LEAST_CAP = 9.0  # pixels: kanji cannot be read any smaller
RADIUS = 0.5  # of the plate's corners, in em
_SHARE, _CROWDED = 0.3, 0.5  # most of the picture that a plate covers; and where it must be small
_SHRINK = 0.94  # from one size tried to the next
_MOST_LINES = 8
_NARROWER = (1.0, 0.72, 0.5, 0.36, 0.25)  # widths tried, as shares of what there is
_PAD = (0.75, 0.62)  # from the plate's edge to the letters, across and down, in em

Size = tuple[float, float]  # cap height in pixels, and the largest share of the picture covered
Shape = tuple[int, int]  # width, height


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to set the notice: its lines, font size (em), and the plate's (width, height)."""

    lines: tuple[str, ...]
    size: float
    plate: Shape


def at_feed(cap: float, width: int) -> float:
    """Return how high a cap height of a picture is where it is shown `FEED_WIDTH` wide."""
    return cap * FEED_WIDTH / width


def promised(wanted: float, width: int) -> Iterator[Size]:
    """Yield sizes from the `wanted` cap height down to what reads in a feed; that last one may
    cover more of the picture."""
    feed = _feed_cap(width)
    cap = max(wanted, feed)
    while cap > feed:
        yield cap, _SHARE
        cap *= _SHRINK
    yield feed, _SHARE
    yield feed, _CROWDED


def lesser(width: int) -> Iterator[Size]:
    """Yield smaller sizes, down to what can be read at all where the picture is not shrunk."""
    cap = _feed_cap(width) * _SHRINK
    while cap > LEAST_CAP:
        yield cap, _CROWDED
        cap *= _SHRINK
    yield LEAST_CAP, _CROWDED


def _feed_cap(width: int) -> float:
    return max(LEAST_CAP, width * FEED_CAP / FEED_WIDTH)


def plates(
    text: str, face: Typeface, canvas: Shape, margin: int, sizes: Iterable[Size]
) -> list[Layout]:
    """Return the ways to set `text` on a plate at the first of `sizes` that fits the canvas.

    Returns:
        Layouts of one size, with different lines; empty where none fits.
    """
    measure = _measure(face)
    for (cap, share), anywhere in product(sizes, (False, True)):
        size = cap / face.cap
        room = (canvas[0] - 2 * margin) / size - 2 * _PAD[0]
        broken = (wrap(text, room * part, measure, anywhere=anywhere) for part in _NARROWER)
        ways = [_plate(lines, size, face.cap, measure) for lines in broken if lines]
        if fitting := [way for way in ways if _fits(way, canvas, share)]:
            return list(dict.fromkeys(fitting))
    return []


def strip(text: str, face: Typeface, canvas: Shape, sizes: Iterable[Size]) -> Layout | None:
    """Return the way to set `text` in a strip below a picture, at the first of `sizes` at which
    the strip is a share of the whole that it may be; None where there is none."""
    measure = _measure(face)
    for (cap, share), anywhere in product(sizes, (False, True)):
        size = cap / face.cap
        lines = wrap(text, canvas[0] / size - 2 * _PAD[0], measure, anywhere=anywhere)
        if lines is None or len(lines) > _MOST_LINES:
            continue
        way = _plate(lines, size, face.cap, measure)
        if way.plate[1] <= share * (canvas[1] + way.plate[1]):
            return Layout(way.lines, size, (canvas[0], way.plate[1]))
    return None


def ink(face: Typeface, way: Layout) -> NDArray[np.float32]:
    """Return (H, W) coverage of the letters on the plate, in [0, 1]."""
    block = face.draw(way.lines, way.size)
    canvas = np.zeros((way.plate[1], way.plate[0]), np.float32)
    left = (way.plate[0] - block.fill.shape[1]) // 2
    top = round(_PAD[1] * way.size - block.top)
    height, width = block.fill.shape
    canvas[top : top + height, left : left + width] = block.fill / np.float32(255)
    return canvas


def _measure(face: Typeface) -> Measure:
    @cache
    def measure(line: str) -> float:
        return face.width(line, 100) / 100  # in em

    return measure


def _plate(lines: Sequence[str], size: float, cap: float, measure: Measure) -> Layout:
    across = max(map(measure, lines)) + 2 * _PAD[0]
    down = cap + (len(lines) - 1) * LEADING + 2 * _PAD[1]
    return Layout(tuple(lines), size, (int(np.ceil(across * size)), int(np.ceil(down * size))))


def _fits(way: Layout, canvas: Shape, share: float) -> bool:
    inside = way.plate[0] <= canvas[0] and way.plate[1] <= canvas[1]
    small = way.plate[0] * way.plate[1] <= share * canvas[0] * canvas[1]
    return inside and small and len(way.lines) <= _MOST_LINES
