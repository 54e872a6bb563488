"""The secret texture of one post: a basket weave on flat colour, fine dots on what is busy.

Encoders read a faint regular texture in flat colour as a strong one, but most of what is faint is
lost in the feed: WebP drops almost every coefficient of a block of 4x4 pixels that stands alone.
It keeps the means of these blocks: the sixteen of a macroblock are coded together, so that
stripes of the width of a block come through at one step in 255. Hence the weave, on the grid of
the served picture. Where the picture is busy, WebP keeps what is fine, and the eye minds it less.

No public pattern and no few numbers describe a texture. Which way the stripes of each cell run
and where they begin are secret bits, and the rows of dots wander as secret random fields lead
them. Who has the package but not the seed knows no more of them than what the picture itself
shows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.instant.shade import Plane, limits, mean
from postguard.cloak.pixels import grown

CELL = 16  # served pixels: a macroblock of WebP
_STRIPES = 8.0  # served pixels between two: two of WebP's blocks
_DOTS = (3.9, 4.5)  # served pixels between two
_FIELD = 10  # served pixels between two values of a field
_WANDER = 2.2  # radians, standard deviation of a field
_SOFT, _HARD = 3.0, 6.0  # contrasts
_BUSY = (0.13, 0.43)  # shares of the ceiling between which the weave gives way to dots
_AROUND = 6  # pixels over which that is smoothed


def weave(g: Plane, rng: np.random.Generator) -> Plane:
    """Return the texture (h,w) in [0,1] for a picture's luma (h,w) in [0,1], as served."""
    size = g.shape[0], g.shape[1]
    coarse, fine = basket(size, rng), dots(size, rng)
    fine -= coarse
    fine *= busy(g)
    fine += coarse
    return fine


def basket(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return cells of stripes that run across or down, as chance will."""
    cells = -(-size[0] // CELL), -(-size[1] // CELL)
    across, begun = rng.integers(0, 2, (2, *cells), dtype=np.int8)
    down, along = (_stripes(side) for side in size)
    waves = np.where(_spread(across, size), along[None], down[:, None])
    waves *= _spread(2 * begun - 1, size)
    return _between(waves, _SOFT)


def dots(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return dots in rows that wander."""
    angle, turn = rng.uniform(0, math.pi / 2), 2 * math.pi / rng.uniform(*_DOTS)
    along, across = math.cos(angle) * turn, math.sin(angle) * turn
    y = np.arange(size[0], dtype=np.float32)[:, None]
    x = np.arange(size[1], dtype=np.float32)[None]
    u = _field(size, rng)
    u += along * x + across * y
    v = _field(size, rng)
    v += along * y - across * x
    waves = np.cos(u, out=u)
    waves *= np.cos(v, out=v)
    return _between(waves, _HARD)


def busy(g: Plane, none: float = _BUSY[0], full: float = _BUSY[1]) -> Plane:
    """Return how busy the picture is, (h,w) in [0,1], between two shares of the ceiling."""
    share = limits(g, 1.0)
    share -= none
    share *= np.float32(1 / (full - none))
    return mean(np.clip(share, 0, 1, out=share), _AROUND)


def _stripes(length: int) -> Plane:
    """Return waves along one axis, each half of which is a block."""
    steps = np.arange(length, dtype=np.float32) + np.float32(0.5)
    found: Plane = np.sin(steps * np.float32(2 * math.pi / _STRIPES))
    return found


def _spread(cells: NDArray[np.int8], size: tuple[int, int]) -> NDArray[np.int8]:
    """Return the value of each pixel's cell, (h,w)."""
    return cells.repeat(CELL, 0)[: size[0]].repeat(CELL, 1)[:, : size[1]]


def _field(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return a smooth random field (h,w) in radians."""
    rows, columns = (side // _FIELD + 4 for side in size)
    values = rng.normal(rng.uniform(0, 2 * math.pi), _WANDER, (rows, columns))
    whole = grown(values.astype(np.float32), (rows * _FIELD, columns * _FIELD))
    return whole[_FIELD : _FIELD + size[0], _FIELD : _FIELD + size[1]].copy()


def _between(waves: Plane, contrast: float) -> Plane:
    """Return waves in [-1,1] as a texture in [0,1]."""
    waves *= np.float32(-contrast)
    np.exp(waves, out=waves)
    waves += 1
    return np.divide(1, waves, out=waves)
