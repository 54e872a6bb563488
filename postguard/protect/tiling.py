"""Where marks lie: a turned brick pattern so close that no crop worth stealing escapes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

ROOM = 0.92  # largest share of a side that one mark may take
CROP = 0.4  # of the picture's area: a crop of that much must hold a whole mark
SHAPES = (0.4, 0.5, math.sqrt(CROP), 0.8, 1.0)  # widths of such crops, as shares of the picture's
TURN = 5.0  # degrees by which a picture's angle may differ from the wanted one
SHRINK = 0.88  # least size of a picture's marks, as a share of the laid out
SWING, BREADTH, DRIFT = 2.0, 0.04, 0.06  # of each mark: degrees, share of size, share of pitch
_LEAST_GAP = 0.35  # between marks, in sizes: outlines must never touch
LARGE = (2.4, 2.1, 1.8, 1.55, 1.35)  # sizes of the larger mark in those of the others, by liking
_LARGE_ROOM = 0.75  # the share of a side that it may take
_STEPS = 14  # phases tried each way when it is asked whether crops hold a mark
_FINER = 0.93  # step by which marks shrink until crops hold them
_SLIDES = 12  # places each way at which a crop is tried

Floats = NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """How marks lie.

    Attributes:
        shape: (width, height) of a mark of size 1.
        size: as the mark takes it (em, or a logo's height), in pixels.
        angle: degrees counter-clockwise.
        pitch: from mark to mark along a row, and from row to row, in pixels.
        legible: one whole mark of a readable size fits into the picture.
        crops: every crop of `CROP` of the area holds a whole mark.
    """

    shape: Pair
    size: float
    angle: float
    pitch: Pair
    legible: bool
    crops: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """One mark: its centre, its size in pixels, and degrees counter-clockwise."""

    x: float
    y: float
    size: float
    angle: float

    def extent(self, shape: Pair) -> Pair:
        """Return (width, height) of the upright box that holds a mark of `shape` here."""
        width, height = extent(shape, self.angle)
        return self.size * width, self.size * height


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `size` as a share of the short side, `spacing` as a share of the mark's
    mean side, `angle` in degrees; `least` is the smallest legible size in pixels."""

    size: float
    spacing: float
    angle: float
    least: float


def extent(shape: Pair, angle: float, slack: float = 0.0) -> Pair:
    """Return the (width, height) that a turned rectangle takes, `slack` degrees either way."""
    found = []
    for turn in (angle - slack, angle, angle + slack):
        cos, sin = abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn)))
        found.append((shape[0] * cos + shape[1] * sin, shape[0] * sin + shape[1] * cos))
    return max(f[0] for f in found), max(f[1] for f in found)


def lay_out(shape: Pair, canvas: tuple[int, int], wish: Wish) -> Layout:
    """Return how marks of `shape` (width, height at size 1) lie on a canvas of (width, height).

    A mark that would be too large for the picture, or so large that a crop could go between,
    shrinks, down to the least legible size; then the room between marks shrinks. In a picture
    too narrow even for that at the wanted angle, it lies along the picture.
    """
    # What is drawn may be smaller than what is laid out, and yet must be legible.
    wish = replace(wish, least=wish.least / (SHRINK * (1 - BREADTH)))
    wanted = max(wish.least, wish.size * min(canvas))
    for angle in (wish.angle, 0.0, 90.0):
        across, down = extent(shape, angle, TURN + SWING)
        largest = ROOM * min(canvas[0] / across, canvas[1] / down)
        if largest >= wish.least:
            return _close(shape, canvas, min(wanted, largest), replace(wish, angle=angle))
    pitch = _pitch(shape, wish.least, wish.spacing)
    return Layout(shape, wish.least, wish.angle, pitch, legible=False, crops=False)


def _close(shape: Pair, canvas: tuple[int, int], size: float, wish: Wish) -> Layout:
    """Return the largest layout, up to `size`, of which every crop holds a mark."""
    spacing = wish.spacing
    while True:
        pitch = _pitch(shape, size, spacing)
        layout = Layout(shape, size, wish.angle, pitch, legible=True, crops=True)
        if _holds(layout, canvas):
            return layout
        if size > wish.least:
            size = max(wish.least, size * _FINER)
        elif pitch[1] - shape[1] * size > _LEAST_GAP * size * 1.001:
            spacing *= 0.8
        else:
            pitch = _pitch(shape, wish.least, wish.spacing)
            return replace(layout, pitch=pitch, crops=False)


def _pitch(shape: Pair, size: float, spacing: float) -> Pair:
    """Leave `spacing` times the mark's mean side free, and never let outlines touch."""
    gap = size * max(_LEAST_GAP, spacing * math.sqrt(shape[0] * shape[1]))
    return shape[0] * size + gap, shape[1] * size + gap


def _holds(layout: Layout, canvas: tuple[int, int]) -> bool:
    """Return whether a crop holds a whole mark wherever it is taken and the pattern begins."""
    width, height = extent(layout.shape, layout.angle, TURN + SWING)
    drift = 2 * DRIFT * max(layout.pitch)
    grow = layout.size * (1 + BREADTH)
    for share in SHAPES:
        free = (
            share * canvas[0] - width * grow - drift,
            CROP / share * canvas[1] - height * grow - drift,
        )
        if min(free) <= 0 or not all(
            _catches(free, layout, layout.angle + turn) for turn in (-TURN, 0.0, TURN)
        ):
            return False
    return True


def _catches(free: Pair, layout: Layout, angle: float) -> bool:
    """Return whether a rectangle always has a centre of the pattern in it, wherever it lies."""
    reach = math.hypot(*free) / 2
    rows, columns = (math.ceil(reach / p) + 1 for p in layout.pitch[::-1])
    u, v = _bricks(rows, columns)
    phase = np.stack(np.meshgrid(*[np.arange(_STEPS) / _STEPS] * 2), -1).reshape(-1, 1, 2)
    along = (u + phase[..., 0]) * layout.pitch[0]
    across = (v + 2 * phase[..., 1]) * layout.pitch[1]
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = along * cos + across * sin, across * cos - along * sin
    return bool(((abs(x) < free[0] / 2) & (abs(y) < free[1] / 2)).any(-1).all())


def _bricks(rows: int, columns: int) -> tuple[Floats, Floats]:
    """Return where bricks lie, in pitches along and across, every second row moved by half."""
    j, i = np.mgrid[-rows - 2 : rows + 3, -columns - 2 : columns + 3]
    return (i + 0.5 * (j % 2)).ravel(), j.ravel().astype(np.float64)


def lattice(canvas: tuple[int, int], layout: Layout, chance: np.random.Generator) -> list[Spot]:
    """Return marks that cover the canvas; where the pattern begins, its angle and its scale are
    drawn, and so is how each mark differs from it."""
    phase, turn, shrink = chance.random(2), TURN * chance.uniform(-1, 1), chance.uniform(SHRINK, 1)
    angle, pitch = layout.angle + turn, [p * shrink for p in layout.pitch]
    # A mark whose centre lies a pitch outside cannot reach in.
    reach = [v / 2 + pitch[0] for v in extent((canvas[0], canvas[1]), angle)]
    columns, rows = (math.ceil(r / p) + 1 for r, p in zip(reach, pitch, strict=True))
    u, v = _bricks(rows, columns)
    u, v = (u + phase[0]) * pitch[0], (v + 2 * phase[1]) * pitch[1]
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = canvas[0] / 2 + u * cos + v * sin, canvas[1] / 2 + v * cos - u * sin
    own = chance.uniform(-1, 1, (len(x), 4))
    x, y = x + DRIFT * pitch[0] * own[:, 0] * 0.5, y + DRIFT * pitch[1] * own[:, 1] * 0.5
    size = layout.size * shrink * (1 + BREADTH * own[:, 2])
    turns = angle + SWING * own[:, 3]
    spots = (Spot(*map(float, s)) for s in np.stack((x, y, size, turns), -1))
    return [s for s in spots if _shows(s, layout.shape, canvas)]


def _shows(spot: Spot, shape: Pair, canvas: tuple[int, int]) -> bool:
    """Return whether any of the mark lies on the canvas."""
    width, height = spot.extent(shape)
    return (
        abs(spot.x - canvas[0] / 2) < (canvas[0] + width) / 2
        and abs(spot.y - canvas[1] / 2) < (canvas[1] + height) / 2
    )


def with_large(
    spots: list[Spot], layout: Layout, canvas: tuple[int, int], at: Callable[[Pair], Pair]
) -> tuple[list[Spot], Spot | None]:
    """Return the marks that do not touch a larger one, and that one, the first that fits and
    leaves a whole mark in every crop; where there is none, all marks.

    Args:
        at: returns the centre for a mark that takes (width, height).
    """
    if not layout.legible:
        return spots, None
    for factor in LARGE:
        size = factor * layout.size
        takes = [size * e for e in extent(layout.shape, layout.angle)]
        if max(t / c for t, c in zip(takes, canvas, strict=True)) > _LARGE_ROOM:
            continue
        large = Spot(*at((takes[0], takes[1])), size, layout.angle)
        others = [s for s in spots if not _touch(s, large, layout.shape)]
        if not layout.crops or crops_hold([*others, large], layout.shape, canvas):
            return others, large
    return spots, None


def _touch(spot: Spot, large: Spot, shape: Pair) -> bool:
    """Return whether a mark comes near the large one, both taken as they lie along its angle."""
    turn = math.radians(large.angle)
    x, y = spot.x - large.x, spot.y - large.y
    along, across = (
        x * math.cos(turn) - y * math.sin(turn),
        x * math.sin(turn) + y * math.cos(turn),
    )
    sizes = large.size + spot.size
    near = [s * sizes / 2 + _LEAST_GAP * spot.size for s in shape]
    return abs(along) < near[0] and abs(across) < near[1]


def crops_hold(spots: Sequence[Spot], shape: Pair, canvas: tuple[int, int]) -> bool:
    """Return whether every crop of `CROP` of the canvas holds one of the marks whole, as it is."""
    boxes = np.array([(s.x, s.y, *s.extent(shape)) for s in spots]).reshape(-1, 4)
    low, high = boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2
    slides = np.linspace(0, 1, _SLIDES)
    for share in SHAPES:
        width, height = share * canvas[0], CROP / share * canvas[1]
        x, y = (
            a.ravel()[:, None]
            for a in np.meshgrid(slides * (canvas[0] - width), slides * (canvas[1] - height))
        )
        whole = (low[:, 0] >= x) & (high[:, 0] <= x + width)
        whole &= (low[:, 1] >= y) & (high[:, 1] <= y + height)
        if not whole.any(-1).all():
            return False
    return True
