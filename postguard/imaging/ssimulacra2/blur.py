"""The Gaussian window of SSIMULACRA2 as products with banded matrices.

Sigma is 1.5 px and the window is cut at 5 px, as in the PyPI package `ssimulacra2` (the original
has a recursive Gaussian, which differs by less than the score can show). Matrix products are the
one thing that numpy does at the full speed of a core: blocks take a third of the time of eleven
shifted additions, although three quarters of what they multiply is zero. The blocks are also so
small (under 262,144 products each, for nine planes at once) that OpenBLAS does not wake its
threads, whose waiting for each other would cost five times the work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

RADIUS = 5
_SIGMA = 1.5
_ROWS_OUT, _COLUMNS_DOWN = 32, 192
_COLUMNS_OUT = 16


@dataclass(frozen=True)
class Band:
    """One run of rows to be made, and the rows that reach into them.

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


class Gathered:
    """Rows of planes on their way into the strips of a blur, as soon as a strip is whole."""

    def __init__(self, strips: Sequence[Band]) -> None:
        self._strips = deque(strips)
        self._held: list[Plane] = []
        self._first = self._last = 0

    def add(self, rows: Plane) -> Iterator[tuple[Band, Plane]]:
        """Take the next `rows` (planes, h, w); yield each strip that is whole, and its inputs."""
        self._held.append(rows)
        self._last += rows.shape[1]
        while self._strips and self._strips[0].last <= self._last:
            strip = self._strips.popleft()
            held = np.concatenate(self._held, axis=1)
            yield strip, held[:, strip.first - self._first : strip.last - self._first]
            first = self._strips[0].first if self._strips else self._last
            self._held, self._first = [held[:, first - self._first :]], first


class Blur:
    """Blurs planes of one size, a strip of rows at a time.

    Beyond the upper and lower edge the picture is mirrored, beyond the left and right edge it is
    zero: so the package does it, and the score of a small picture hangs on it.

    Args:
        size: height and width of the whole plane, each at least 8.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        height, self._width = size
        self.strips = _strips(height)

    def __call__(self, strip: Band, stack: Plane) -> Plane:
        """Blurs `stack` (..., input rows, width) to (..., output rows, width)."""
        tall = self._down(strip, stack)
        blocks = _blocks(tall.reshape(-1, tall.shape[-1]))
        blurred = np.empty((blocks.shape[1], len(blocks), _COLUMNS_OUT), np.float32)
        np.matmul(blocks, _ACROSS, out=blurred.swapaxes(0, 1))
        return blurred.reshape(*tall.shape[:-1], -1)[..., : self._width]

    def _down(self, strip: Band, stack: Plane) -> Plane:
        """Blurs columns, with room for blocks and for what lies beyond both edges."""
        width, blocks = self._width, -(-self._width // _COLUMNS_OUT)
        room = blocks * _COLUMNS_OUT + 2 * RADIUS
        tall = np.empty((*stack.shape[:-2], strip.stop - strip.start, room), np.float32)
        tall[..., :RADIUS] = tall[..., RADIUS + width :] = 0
        made = tall[..., RADIUS : RADIUS + width]
        for left in range(0, width, _COLUMNS_DOWN):
            block = np.s_[..., left : left + _COLUMNS_DOWN]
            np.matmul(strip.matrix, stack[block], out=made[block])
        return tall


def _blocks(wide: Plane) -> Plane:
    """Blocks (n, h, columns) of (h, w), with what reaches into them: views that overlap.

    numpy's own sliding windows are the same, and take longer than what is done with them.
    """
    height, width = wide.shape
    count = (width - 2 * RADIUS) // _COLUMNS_OUT
    row, column = wide.strides
    steps = (_COLUMNS_OUT * column, row, column)
    return np.ndarray((count, height, len(_ACROSS)), np.float32, wide, 0, steps)


def _strips(height: int) -> list[Band]:
    return [
        _strip(height, start, min(start + _ROWS_OUT, height))
        for start in range(0, height, _ROWS_OUT)
    ]


def _strip(height: int, start: int, stop: int) -> Band:
    first, last = max(start - RADIUS, 0), min(stop + RADIUS, height)
    return Band(start, stop, first, last, _mirrored(start - first, stop - start, last - stop))


@lru_cache(maxsize=256)
def _mirrored(above: int, count: int, below: int) -> Plane:
    """Make `count` outputs of as many inputs, and of those `above` and `below`; where these are
    fewer than the window reaches, the picture ends and is mirrored."""
    size = above + count + below
    matrix = np.zeros((count, size), np.float32)
    rows = np.arange(count)
    for distance, tap in enumerate(_TAPS, start=-RADIUS):
        reached = rows + above + distance
        reached = np.where(reached < 0, -1 - reached, reached)
        reached = np.where(reached >= size, 2 * size - 1 - reached, reached)
        matrix[rows, reached] += tap
    return matrix


def _taps() -> NDArray[np.float64]:
    bell = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / _SIGMA) ** 2)
    return np.asarray(bell / bell.sum())


def _across() -> Plane:
    """Make a block of columns of as many, and of those that reach in from both sides."""
    matrix = np.zeros((_COLUMNS_OUT + 2 * RADIUS, _COLUMNS_OUT), np.float32)
    for column in range(_COLUMNS_OUT):
        matrix[column : column + len(_TAPS), column] = _TAPS
    return matrix


_TAPS = _taps()
_ACROSS = _across()
