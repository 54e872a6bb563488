"""The secret texture of one post: a fine screen whose lines wander as a random field leads them.

No public pattern and no few numbers describe it: two fields of random values, each a value for
every 40 pixels, decide where its dots lie. Who has the package but not the seed knows no more of
it than what the picture itself shows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.pixels import grown

Plane = NDArray[np.float32]
_PERIODS = (5.2, 6.6)  # served pixels between dots: fine, for coarse is dear, but not lost at half
_CELL = 40  # served pixels between two values of a field
_WANDER = 1.6  # radians, standard deviation of a field
_CONTRAST = 6.0


def weave(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return the texture (h,w) in [0,1] for a picture of this size, as served."""
    angle = rng.uniform(0, math.pi / 2)
    turn = 2 * math.pi / rng.uniform(*_PERIODS)
    along, across = math.cos(angle) * turn, math.sin(angle) * turn
    y = np.arange(size[0], dtype=np.float32)[:, None]
    x = np.arange(size[1], dtype=np.float32)[None]
    u = _field(size, rng)
    u += along * x + across * y
    v = _field(size, rng)
    v += along * y - across * x
    dots = np.cos(u, out=u)
    dots *= np.cos(v, out=v)
    dots *= -_CONTRAST
    np.exp(dots, out=dots)
    dots += 1
    return np.divide(1, dots, out=dots)


def _field(size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return a smooth random field (h,w) in radians."""
    rows, columns = (side // _CELL + 4 for side in size)
    values = rng.normal(rng.uniform(0, 2 * math.pi), _WANDER, (rows, columns))
    whole = grown(values.astype(np.float32), (rows * _CELL, columns * _CELL))
    return whole[_CELL : _CELL + size[0], _CELL : _CELL + size[1]].copy()
