"""The tiny network that draws a texture into a picture where it moves most and shows least.

It is trained (tools/train/instant.py) to change a picture as little as may be seen, and what
encoders read of it as much as may be, towards the picture half dissolved in the texture. Here it
runs forward in numpy: blocks of 4x4 pixels are one place each, and 3x3 convolutions see their
neighbours.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Plane = NDArray[np.float32]
WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "instant.safetensors"
BLOCK = 4  # pixels of its side
_ROWS = 1 << 12  # blocks of a strip: nine times these are in work at once


@dataclass(frozen=True, slots=True)
class Painter:
    """The network. `layers`: of each its (9 * n_in, n_out) matrix and (n_out,) bias; `skip`: how
    much of the bare texture is added to what the last one gives."""

    layers: tuple[tuple[Plane, Plane], ...]
    skip: float

    def __call__(self, g: Plane, texture: Plane) -> Plane:
        """Luma and texture (h,w) in [0,1] -> what to draw, (h,w) in [-1,1]."""
        height, width = g.shape
        bare = 2 * texture - 1
        x = np.concatenate([_blocks(2 * g - 1), _blocks(bare)], axis=2)
        first, *middle, last = self.layers
        x = np.maximum(_convolved(x, *first), 0)
        for layer in middle:
            more = _convolved(x, *layer)
            more += x
            x = np.maximum(more, 0, out=more)
        drawn = _pixels(_convolved(x, *last))[:height, :width]
        drawn += np.float32(self.skip) * bare
        return np.tanh(drawn, out=drawn)


@functools.cache
def painter(path: Path = WEIGHTS) -> Painter:
    """Return the network of a weights file, by default the one that the package ships."""
    return from_weights(load_file(path))


def from_weights(weights: Mapping[str, NDArray[np.floating]]) -> Painter:
    """Return the network of tensors named `0.weight` (n_out,n_in,3,3), `0.bias`, ... and `skip`,
    as torch names and shapes them."""
    count = sum(name.endswith(".weight") for name in weights)
    layers = tuple(
        (_matrix(weights[f"{i}.weight"]), weights[f"{i}.bias"].astype(np.float32))
        for i in range(count)
    )
    return Painter(layers, float(weights["skip"]))


def _matrix(kernel: NDArray[np.floating]) -> Plane:
    """(n_out,n_in,3,3) -> (9 * n_in, n_out), in the order in which `_convolved` gathers."""
    return np.ascontiguousarray(
        kernel.astype(np.float32).transpose(2, 3, 1, 0).reshape(-1, len(kernel))
    )


def _convolved(x: Plane, matrix: Plane, bias: Plane) -> Plane:
    """3x3 convolution of (h,w,n_in), its edges repeated, strip by strip -> (h,w,n_out)."""
    height, width, channels = x.shape
    around = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode="edge")
    result = np.empty((height, width, matrix.shape[1]), np.float32)
    rows = max(_ROWS // width, 1)
    for top in range(0, height, rows):
        end = min(top + rows, height)
        seen = np.empty((end - top, width, 9, channels), np.float32)
        for i in range(9):
            down, across = divmod(i, 3)
            seen[:, :, i] = around[top + down : end + down, across : across + width]
        found = seen.reshape(-1, 9 * channels) @ matrix
        found += bias
        result[top:end] = found.reshape(end - top, width, -1)
    return result


def _blocks(plane: Plane) -> Plane:
    """(h,w), filled up to whole blocks by repeating its edge -> (h/4,w/4,16)."""
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % BLOCK), (0, -width % BLOCK)), mode="edge")
    rows, columns = whole.shape[0] // BLOCK, whole.shape[1] // BLOCK
    apart = whole.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(apart.reshape(rows, columns, BLOCK * BLOCK))


def _pixels(blocks: Plane) -> Plane:
    """(h/4,w/4,16) -> (h,w)."""
    rows, columns, _ = blocks.shape
    apart = blocks.reshape(rows, columns, BLOCK, BLOCK).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(apart.reshape(rows * BLOCK, columns * BLOCK))
