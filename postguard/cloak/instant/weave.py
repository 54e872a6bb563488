"""The secret texture of one post: a basket weave on flat colour, a fine grain on what is busy.

Encoders read a faint regular texture in flat colour as a strong one, but most of what is faint is
lost in the feed: WebP drops almost every coefficient of a block of 4x4 pixels that stands alone.
It keeps the means of these blocks: the sixteen of a macroblock are coded together, so that
stripes of the width of a block come through at one step in 255. Hence the weave, on the grid of
the served picture. Where the picture is busy, WebP keeps what is fine, and the eye minds it less.

No public pattern and no few numbers describe a texture. Which way the stripes of each cell run
and where they begin are secret bits, and the grain is secret noise: nothing in it repeats, so that
a place tells nothing of the next. Who has the package but not the seed knows no more of them than
what the picture itself shows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.instant.shade import Plane, limits, mean

CELL = 16  # served pixels: a macroblock of WebP
_STRIPES = 8.0  # served pixels between two: two of WebP's blocks
_SOFT, _HARD = 3.0, 6.0  # contrasts
_TINY = 1e-6
_STRONG = 0.5  # standard deviation of the grain's waves
_BUSY = (0.1, 0.4)  # shares of the ceiling between which the weave gives way to the grain
_AROUND = 6  # pixels over which that is smoothed


def secret(g: Plane, rng: np.random.Generator) -> Plane:
    """Return the texture (h,w) in [0,1] for a picture's luma (h,w) in [0,1], as served."""
    size = g.shape[0], g.shape[1]
    laid, grained = rng.spawn(2)  # who works out one from what it drew knows nothing of the other
    coarse, fine = basket(size, laid), grain(size, grained)
    fine -= coarse
    fine *= busy(g)
    fine += coarse
    return fine


def basket(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return cells of stripes that run across or down, as chance will."""
    across, begun = rng.integers(0, 2, (2, *_cells(size)), dtype=np.int8)
    down, along = (_stripes(side) for side in size)
    waves = np.where(_spread(across, size), along[None], down[:, None])
    waves *= _spread(2 * begun - 1, size)
    return _between(waves, _SOFT)


def signs(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return for each pixel which way its cell is turned, (h,w) of -1 and 1.

    A network draws some things alike everywhere, whatever the texture. Where it is shown a cell's
    negative, and what it draws is turned back, these are drawn the other way round: so they are
    secret too, and not what fifty posts have in common.
    """
    turned = rng.spawn(1)[0].integers(0, 2, _cells(size), dtype=np.int8)
    return _spread(2 * turned - 1, size).astype(np.float32)


def grain(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return specks in no order, about four pixels apart."""
    white = rng.standard_normal(size, np.float32)
    return _between(band(white), _HARD)


def band(plane: Plane) -> Plane:
    """Return what of a plane is as fine as the grain, and as strong."""
    waves = mean(plane, 1)
    waves -= mean(plane, 2)
    waves *= np.float32(_STRONG / max(float(waves.std()), _TINY))
    return waves


def busy(g: Plane, none: float = _BUSY[0], full: float = _BUSY[1]) -> Plane:
    """Return how busy the picture is, (h,w) in [0,1], between two shares of the ceiling that its
    roughness alone hides: 0 on flat colour, dark or light."""
    share = limits(g, 1.0, flat=0.0)
    share -= none
    share *= np.float32(1 / (full - none))
    return mean(np.clip(share, 0, 1, out=share), _AROUND)


def _stripes(length: int) -> Plane:
    """Return waves along one axis, each half of which is a block."""
    steps = np.arange(length, dtype=np.float32) + np.float32(0.5)
    found: Plane = np.sin(steps * np.float32(2 * math.pi / _STRIPES))
    return found


def _cells(size: tuple[int, int]) -> tuple[int, int]:
    return -(-size[0] // CELL), -(-size[1] // CELL)


def _spread(cells: NDArray[np.int8], size: tuple[int, int]) -> NDArray[np.int8]:
    """Return the value of each pixel's cell, (h,w)."""
    return cells.repeat(CELL, 0)[: size[0]].repeat(CELL, 1)[:, : size[1]]


def _between(waves: Plane, contrast: float) -> Plane:
    """Return waves around 0 as a texture in [0,1]."""
    waves *= np.float32(-contrast)
    np.exp(waves, out=waves)
    waves += 1
    return np.divide(1, waves, out=waves)
