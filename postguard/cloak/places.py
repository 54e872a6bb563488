"""Finds the places of a picture where a change shows most and least: flat and busy ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.pixels import LUMA, Pixels

_CELL = 8  # px: smaller than a brush stroke, larger than grain

Place = tuple[slice, slice]  # rows, columns


def flattest(pixels: Pixels, side: int) -> Place:
    """Return the square of `side` px, or as much as there is, where luma deviates least."""
    return _place(pixels, side, 1.0)


def busiest(pixels: Pixels, side: int) -> Place:
    """Return the square of `side` px, or as much as there is, where luma deviates most."""
    return _place(pixels, side, -1.0)


def _place(pixels: Pixels, side: int, sign: float) -> Place:
    """Return the window where `sign` times the mean deviation of its cells is least."""
    height, width = pixels.shape[:2]
    rows, columns = min(side, height), min(side, width)
    means = _window_means(_deviations(pixels), max(rows // _CELL, 1), max(columns // _CELL, 1))
    row, column = np.unravel_index(np.argmin(sign * means), means.shape)
    top, left = min(int(row) * _CELL, height - rows), min(int(column) * _CELL, width - columns)
    return slice(top, top + rows), slice(left, left + columns)


def _deviations(pixels: Pixels) -> NDArray[np.float64]:
    """(H,W,3) -> (ceil(H/_CELL),ceil(W/_CELL)): the deviation of luma in each cell."""
    height, width = pixels.shape[:2]
    border = ((0, -height % _CELL), (0, -width % _CELL))
    light = np.pad(pixels @ np.array(LUMA, np.float32), border, mode="edge")
    shape = light.shape[0] // _CELL, _CELL, light.shape[1] // _CELL, _CELL
    found: NDArray[np.float64] = light.reshape(shape).std(axis=(1, 3), dtype=np.float64)
    return found


def _window_means(cells: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """(h,w) -> (h-rows+1,w-columns+1): the mean of every window, by sums from the corner."""
    sums = np.pad(cells, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    total: NDArray[np.float64] = (
        sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns]
    ) + sums[:-rows, :-columns]
    return total / (rows * columns)
