"""How much each pixel may change, in numpy: what `cloak.budget` has in torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.pixels import LUMA, Pixels

Plane = NDArray[np.float32]
FLAT = 0.15  # share of the ceiling that flat colour gets
REACH = 5  # pixels around a pixel that its limit depends on
_GRAY = 127  # where the eye is keenest, in 1/255
_FULL = 0.06  # local deviation of luma, in [0,1], that hides the whole ceiling
_ROWS = 1 << 17  # pixels of a strip: its planes stay in the cache


def light(pixels: Pixels) -> Plane:
    """(H,W,3) uint8 -> luma (H,W) in [0,1]."""
    weights = np.array(LUMA, np.float32) / np.float32(255)
    found: Plane = pixels @ weights
    return found


def limits(g: Plane, ceiling: float, flat: float = FLAT) -> Plane:
    """Luma (H,W) in [0,1] -> (H,W) in [0, ceiling], in the ceiling's unit: the largest change of
    each pixel. `flat`: the share of the ceiling that flat colour gets."""
    found = np.empty_like(g)
    height = len(g)
    rows = max(_ROWS // g.shape[1], 1)
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        top, bottom = max(start - REACH, 0), min(stop + REACH, height)
        found[start:stop] = _share(g[top:bottom], flat)[start - top : stop - top]
    found *= np.float32(ceiling)
    return found


def _share(g: Plane, flat: float) -> Plane:
    middle = mean(g, 2)
    spread = mean(g * g, 2)
    spread -= middle * middle
    rough = _least_around(np.sqrt(np.maximum(spread, 0, out=spread), out=spread))
    rough *= np.float32(1 / _FULL)
    rough += np.float32(flat)
    rough *= _adaptation(middle)
    share = mean(rough, 1)
    found: Plane = np.minimum(share, 1, out=share)
    return found


def _least_around(deviation: Plane) -> Plane:
    """The least of the four windows around the pixel, so that a line on flat colour gets no
    halo."""
    height, width = deviation.shape
    around = np.pad(deviation, 2, mode="edge")
    corners = [around[i : i + height, j : j + width] for i in (0, 4) for j in (0, 4)]
    least: Plane = np.minimum.reduce(corners)
    return least


def _adaptation(middle: Plane) -> Plane:
    """Luminance adaptation (Yang et al. 2005, as a share): the eye forgives most in the dark."""
    background = middle * np.float32(255)
    below = np.sqrt(np.minimum(background, _GRAY) * np.float32(1 / _GRAY))
    dark = 20 - 17 * below
    bright = np.maximum(background - _GRAY, 0) * np.float32(3 / 128)
    threshold = (dark + bright) * np.float32(0.25)
    found: Plane = np.clip(threshold, 0.8, 1.25, out=threshold)
    return found


def mean(plane: Plane, radius: int) -> Plane:
    """Box mean; edges are repeated, so that any size works."""
    size = 2 * radius + 1
    height, width = plane.shape
    tall = np.pad(plane, ((radius, radius), (0, 0)), mode="edge")
    down = tall[:height].copy()
    for i in range(1, size):
        down += tall[i : i + height]
    wide = np.pad(down, ((0, 0), (radius, radius)), mode="edge")
    across = wide[:, :width].copy()
    for i in range(1, size):
        across += wide[:, i : i + width]
    across *= np.float32(1 / size**2)
    return across
