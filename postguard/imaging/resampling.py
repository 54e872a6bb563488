"""Planes of floats at another size, as Pillow resizes them, in a fifth to two fifths of its time.

Each run of outputs is the product of the inputs that reach it with a banded matrix: that is the
one thing that numpy does at the full speed of a core.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LOBES = 3.0
_SHARP = -0.5  # Keys (1981): of all cubic kernels the one that is exact on parabolas
_RUN = 16  # outputs of one product
_PRODUCTS = 1 << 18  # of one product: from here on OpenBLAS wakes its threads, which cost more


@dataclass(frozen=True, slots=True)
class Kernel:
    """What a pixel at a distance counts, in pixels of the coarser side; nothing past `reach`."""

    reach: float
    weights: Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _lanczos(far: NDArray[np.float64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.sinc(far) * np.sinc(far / _LOBES)
    return weights


def _cubic(far: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(far)
    near = ((_SHARP + 2) * x - (_SHARP + 3)) * x * x + 1
    outer = (((x - 5) * x + 8) * x - 4) * _SHARP
    return np.where(x < 1, near, outer)


LANCZOS = Kernel(_LOBES, _lanczos)
CUBIC = Kernel(2.0, _cubic)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a side is resampled to `count` pixels: of its `length` the part from `start` is taken,
    `scale` for each of them."""

    length: int
    start: float
    scale: float
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """Some outputs, the inputs that reach them, and (inputs, outputs) how much each counts."""

    outputs: slice
    inputs: slice
    matrix: Floats


def part(length: int, whole: int, wanted: slice, kernel: Kernel) -> tuple[slice, Span]:
    """Return which of the `length` inputs of a side the `wanted` ones of its `whole` outputs are
    made of, and how of these alone."""
    scale = length / whole
    margin = math.ceil(kernel.reach * max(scale, 1.0)) + 1
    first = max(0, math.floor(wanted.start * scale) - margin)
    last = min(length, math.ceil(wanted.stop * scale) + margin)
    count = wanted.stop - wanted.start
    return slice(first, last), Span(last - first, wanted.start * scale - first, scale, count)


def resized(values: Floats, down: Span, across: Span, kernel: Kernel) -> Floats:
    """Return a plane (h, w) resampled to the counts of both spans."""
    wide = np.empty((values.shape[0], across.count), np.float32)
    for run in runs(across, kernel):
        step = max(1, _PRODUCTS // run.matrix.size)
        for top in range(0, len(values), step):
            rows = slice(top, top + step)
            np.matmul(values[rows, run.inputs], run.matrix, out=wide[rows, run.outputs])
    made = np.empty((down.count, across.count), np.float32)
    for run in runs(down, kernel):
        step = max(1, _PRODUCTS // run.matrix.size)
        for left in range(0, across.count, step):
            columns = slice(left, left + step)
            taken = wide[run.inputs, columns]
            np.matmul(run.matrix.T, taken, out=made[run.outputs, columns])
    return made


@lru_cache(maxsize=4)
def runs(span: Span, kernel: Kernel, each: int = _RUN) -> list[Run]:
    """Return the products that resample a side, of `each` outputs; the last may have fewer."""
    firsts = range(0, span.count, each)
    return [_run(span, kernel, first, min(first + each, span.count)) for first in firsts]


def _run(span: Span, kernel: Kernel, first: int, stop: int) -> Run:
    centres = span.start + (np.arange(first, stop) + 0.5) * span.scale
    coarser = max(span.scale, 1.0)
    reach = kernel.reach * coarser
    low = max(0, math.floor(centres[0] - reach))
    high = min(span.length, math.ceil(centres[-1] + reach))
    far = (np.arange(low, high)[:, None] + 0.5 - centres) / coarser
    weights = np.where(np.abs(far) < kernel.reach, kernel.weights(far), 0.0)
    weights /= weights.sum(axis=0)
    return Run(slice(first, stop), slice(low, high), weights.astype(np.float32))
