"""Convolutions in numpy: as matrix products, and with a quarter of the multiplications where that
is possible (Winograd's minimal filtering, Lavin and Gray 2016: F(4x4, 3x3)).

All products are so small that OpenBLAS does not wake its threads: on a busy PC their waiting for
each other took sixty times as long as the work. What is laid out at once is a band of rows: it
stays in the cache, and bounds the memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Planes = NDArray[np.float32]  # (H,W,C)

_QUIET = 250_000  # multiplications; OpenBLAS wakes its threads from 262,144 on
_WIDE = 192  # numbers that a product takes in at once, about: fewer and it is slow
_BAND = 1 << 16  # numbers that are laid out at once
_TILE, _SEEN = 4, 6  # pixels of a tile's side, and of what it is made of
_KERNEL = 3
_FEWEST, _MOST = 16, 128  # channels between which tiles are faster
# Points 0, 1, -1, 2, -2 and infinity: what is seen, the kernel and the product in their terms.
_INTO = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
_KERNELS = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_BACK = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    np.float32,
)
_INTO_BOTH, _BACK_BOTH = np.kron(_INTO, _INTO), np.kron(_BACK, _BACK)  # down and across


class Convolution(Protocol):
    """One convolution, its kernel laid out."""

    def __call__(self, x: Planes) -> Planes:
        """(H,W,C) -> (H',W',C'), the picture surrounded by zeros."""
        ...


def convolution(
    kernel: NDArray[np.float32], bias: NDArray[np.float32] | None, stride: int, *, relu: bool
) -> Convolution:
    """Return the faster way for a kernel (C',C,n,n), which keeps the size but for the stride.

    Args:
        relu: what it gives is at least 0; that is done while it is in the cache.
    """
    made, seen, size, _ = kernel.shape
    added = np.zeros(made, np.float32) if bias is None else bias
    few, many = min(made, seen), max(made, seen)
    if (size, stride) == (_KERNEL, 1) and few >= _FEWEST and many <= _MOST:
        return _Tiled(_in_points(kernel), added, relu)
    rows = np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)).reshape(size, -1, made)
    return _Direct(rows, added, stride, relu)


@dataclass(frozen=True, slots=True)
class _Direct:
    """A sum of products, a few rows of the kernel each. `rows`: (n, n*C, C')."""

    rows: Planes
    bias: Planes
    stride: int
    relu: bool

    def __call__(self, x: Planes) -> Planes:
        size, seen, made = self.rows.shape
        views = _views(x, size, self.stride)
        out = np.empty((*views.shape[:2], made), np.float32)
        out[...] = self.bias
        together = max(_WIDE // seen, 1)
        height = max(_BAND // (out.shape[1] * seen * together), 1)
        for top in range(0, len(out), height):
            band, into = views[top : top + height], out[top : top + height].reshape(-1, made)
            for first in range(0, size, together):
                matrix = self.rows[first : first + together].reshape(-1, made)
                laid = band[:, :, first : first + together].reshape(-1, len(matrix))
                into += _product(laid, matrix)
            if self.relu:
                np.maximum(into, 0, out=into)
        return out


@dataclass(frozen=True, slots=True)
class _Tiled:
    """Tiles of 4x4 pixels, each made of 6x6. `kernels`: (36,C,C'), in terms of the points."""

    kernels: Planes
    bias: Planes
    relu: bool

    def __call__(self, x: Planes) -> Planes:
        height, width, seen = x.shape
        made = len(self.bias)
        tiles = _tiles(x)
        tall, wide = tiles.shape[:2]
        out = np.empty((tall, _TILE, wide, _TILE, made), np.float32)
        rows = min(max(_BAND // (wide * seen * _SEEN**2), 1), tall)
        room = np.empty((2, rows * wide * _SEEN**2 * max(seen, made)), np.float32)
        for top in range(0, tall, rows):
            band = tiles[top : top + rows]
            found = self._made(band, room).reshape(-1, wide, _TILE, _TILE, made)
            into = np.add(found.swapaxes(1, 2), self.bias, out=out[top : top + rows])
            if self.relu:
                np.maximum(into, 0, out=into)
        return out.reshape(tall * _TILE, wide * _TILE, -1)[:height, :width]

    def _made(self, band: Planes, room: Planes) -> Planes:
        """(h,w,6,6*C) -> (h*w,16,C'). `room`: twice what is laid out, used again for each band."""
        points, seen, made = self.kernels.shape
        count = band.shape[0] * band.shape[1]
        laid, taken = (part[: count * points * seen] for part in room)
        np.copyto(laid.reshape(band.shape), band)
        taken = taken.reshape(points, count, seen)
        np.matmul(_INTO_BOTH, laid.reshape(count, points, seen), out=taken.swapaxes(0, 1))
        products = room[0, : count * points * made].reshape(points, count, made)
        step = max(_QUIET // (seen * made), 1)
        for first in range(0, count, step):
            part = np.s_[:, first : first + step]
            np.matmul(taken[part], self.kernels, out=products[part])
        found: Planes = np.matmul(_BACK_BOTH, products.swapaxes(0, 1))
        return found


def _in_points(kernel: NDArray[np.float32]) -> Planes:
    """(C',C,3,3) -> (36,C,C')."""
    found = np.einsum("ak,bl,oikl->abio", _KERNELS, _KERNELS, kernel.astype(np.float64))
    return np.ascontiguousarray(found.reshape(_SEEN**2, *found.shape[2:]), np.float32)


def _tiles(x: Planes) -> Planes:
    """(H,W,C) -> for each tile what it is made of, (H/4,W/4,6,6*C): a view."""
    height, width, channels = x.shape
    tall, wide = -(-height // _TILE), -(-width // _TILE)
    size = tall * _TILE + _KERNEL - 1, wide * _TILE + _KERNEL - 1
    padded = _surrounded(x, size, _KERNEL // 2)
    down, across, each = padded.strides
    steps = _TILE * down, _TILE * across, down, each
    return as_strided(padded, (tall, wide, _SEEN, _SEEN * channels), steps)


def _views(x: Planes, size: int, stride: int) -> Planes:
    """(H,W,C) -> for each output the rows that its kernel sees, (H',W',n,n*C): a view."""
    height, width, channels = x.shape
    far = (size - 1) // 2
    padded = _surrounded(x, (height + 2 * far, width + 2 * far), far)
    rows, columns = ((side + 2 * far - size) // stride + 1 for side in (height, width))
    down, across, each = padded.strides
    steps = stride * down, stride * across, down, each
    return as_strided(padded, (rows, columns, size, size * channels), steps)


def _surrounded(x: Planes, size: tuple[int, int], far: int) -> Planes:
    """Return (H,W,C) `far` from the upper left corner of zeros of a size."""
    around = np.zeros((*size, x.shape[2]), np.float32)
    around[far : far + x.shape[0], far : far + x.shape[1]] = x
    return around


def _product(x: Planes, matrix: Planes) -> Planes:
    """(n,k) @ (k,m), in blocks that wake no threads."""
    block = max(_QUIET // matrix.size, 1)
    whole = len(x) // block * block
    out = np.empty((len(x), matrix.shape[1]), np.float32)
    blocks = x[:whole].reshape(-1, block, x.shape[1])
    np.matmul(blocks, matrix, out=out[:whole].reshape(-1, block, matrix.shape[1]))
    np.matmul(x[whole:], matrix, out=out[whole:])
    return out
