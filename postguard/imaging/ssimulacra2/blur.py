"""The Gaussian window of SSIMULACRA2 as products with banded matrices.

Sigma is 1.5 px and the window is cut at 5 px, as in the PyPI package `ssimulacra2` (the original
has a recursive Gaussian, which differs by less than the score can show). Matrix products are the
one thing that numpy does at the full speed of a core: blocks of 32 columns take a third of the
time of eleven shifted additions, although three quarters of what they multiply is zero. The
blocks are also so small (under 262144 products each) that OpenBLAS does not wake its threads,
whose waiting for each other would cost five times the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

RADIUS = 5
_SIGMA = 1.5
_COLUMNS_OUT = 32
_COLUMNS_DOWN = 48


@dataclass(frozen=True)
class Band:
    """One run of outputs along an axis, and the inputs that reach into it.

    `matrix` (stop - start, last - first) makes the outputs start..stop of the inputs first..last.
    """

    start: int
    stop: int
    first: int
    last: int
    matrix: Plane

    @property
    def outputs(self) -> slice:
        """Where the outputs lie in the whole."""
        return slice(self.start, self.stop)

    @property
    def inputs(self) -> slice:
        """Where the inputs lie in the whole."""
        return slice(self.first, self.last)

    @property
    def core(self) -> slice:
        """Where the outputs lie among the inputs."""
        return slice(self.start - self.first, self.stop - self.first)


class Blur:
    """Blurs planes of one size, a strip of rows at a time.

    Beyond the upper and lower edge the picture is mirrored, beyond the left and right edge it is
    zero: so the package does it, and the score of a small picture hangs on it.

    Args:
        size: height and width of the whole plane, each at least 8.
        rows: how many rows one strip gives.
    """

    def __init__(self, size: tuple[int, ...], rows: int) -> None:
        height, width = size
        self.strips = _bands(height, rows, mirrored=True)
        self._columns = [
            (band, np.ascontiguousarray(band.matrix.T))
            for band in _bands(width, _COLUMNS_OUT, mirrored=False)
        ]

    def __call__(self, strip: Band, stack: Plane) -> Plane:
        """Blurs `stack` (planes, input rows, width) to (planes, output rows, width)."""
        wide = self._down(strip, stack).reshape(-1, stack.shape[-1])
        blurred = np.empty_like(wide)
        for band, matrix in self._columns:
            np.matmul(wide[:, band.inputs], matrix, out=blurred[:, band.outputs])
        return blurred.reshape(len(stack), -1, stack.shape[-1])

    def _down(self, strip: Band, stack: Plane) -> Plane:
        planes, _, width = stack.shape
        tall = np.empty((planes, strip.stop - strip.start, width), np.float32)
        for left in range(0, width, _COLUMNS_DOWN):
            block = np.s_[..., left : left + _COLUMNS_DOWN]
            np.matmul(strip.matrix, stack[block], out=tall[block])
        return tall


def _bands(size: int, step: int, *, mirrored: bool) -> list[Band]:
    edges = [*range(0, size, step), size]
    return [_band(size, start, stop, mirrored=mirrored) for start, stop in pairwise(edges)]


def _band(size: int, start: int, stop: int, *, mirrored: bool) -> Band:
    first, last = max(start - RADIUS, 0), min(stop + RADIUS, size)
    matrix = np.zeros((stop - start, last - first), np.float32)
    for distance in range(-RADIUS, RADIUS + 1):
        rows = np.arange(start, stop)
        reached = rows + distance
        inside = (reached >= 0) & (reached < size)
        if mirrored:
            reached = np.where(reached < 0, -1 - reached, reached)
            reached = np.where(reached >= size, 2 * size - 1 - reached, reached)
            inside[:] = True
        matrix[rows[inside] - start, reached[inside] - first] += _TAPS[distance + RADIUS]
    return Band(start, stop, first, last, matrix)


def _taps() -> NDArray[np.float64]:
    bell = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / _SIGMA) ** 2)
    return np.asarray(bell / bell.sum())


_TAPS = _taps()
