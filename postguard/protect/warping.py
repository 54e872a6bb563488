"""Bends a mark and wears its ink, differently each time.

Marks that are alike in a collection can be estimated from it and subtracted (Dekel et al., CVPR
2017); a smooth random bend of a few pixels and ink of uneven strength are what that cannot undo.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

_LEAST_CELL = 4  # pixels
_CELL = 0.2  # side of a cell of the mesh, in the mark's units: about two strokes
_WIDE = 1.5  # distance of the nodes of the wide bend, in the mark's units
_WIDE_SHARE, _FINE_SHARE = 0.6, 0.12  # deviation of each bend, as a share of the reach
_MOST_REACH = 0.2  # in the mark's units: beyond it a mark cannot be read
_GRAIN = 0.08  # side of a grain of worn ink, in the mark's units: less than a stroke
_LEAST_GRAIN = 2.0  # pixels: finer would be lost in the platform's JPEG
_THIN = 0.25  # what is left of the ink where it is most worn
_EDGE = 4.0  # how suddenly ink ends: 1 is a soft cloud, more is chalk

_TOGETHER = 1 << 16  # pixels bent at once: what is made of them stays in the cache

Floats = NDArray[np.float64]
Light = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Bend:
    """How one upright mark comes to lie: turned, scaled and bent.

    Attributes:
        grid: (rows, columns) of cells of what holds the bent mark.
        cell: side of a cell, in pixels.
        filled: (n, 2) the row and column of each cell that some part of the mark comes to.
        corners: (n, 4, 2) where the upper left, lower left, lower right and upper right corner
            of such a cell come from, across and down, in pixels of the mark.
    """

    grid: tuple[int, int]
    cell: int
    filled: Numbers
    corners: Floats

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of what holds the bent mark, in pixels."""
        return self.grid[1] * self.cell, self.grid[0] * self.cell

    def within(self, at: tuple[int, int], canvas: tuple[int, int]) -> Bend:
        """Return the same without the cells that lie outside a canvas of (width, height), when
        the upper left of what holds the mark is laid `at` it."""
        low = self.filled[:, ::-1] * self.cell + np.array(at)
        shown = ((low + self.cell > 0) & (low < np.array(canvas))).all(1)
        return replace(self, filled=self.filled[shown], corners=self.corners[shown])

    def apply(self, *layers: Image.Image) -> list[Image.Image]:
        """Return layers (L) of one mark bent; what was outside is empty."""
        packed = _packed(layers)
        (rows, columns), cell = self.grid, self.cell
        made = np.zeros((len(layers), rows, cell, columns, cell), np.uint8)
        for part in range(0, len(self.filled), max(1, _TOGETHER // cell**2)):
            some = slice(part, part + max(1, _TOGETHER // cell**2))
            x, y = _sources(self.corners[some], cell)
            j, i = self.filled[some].T
            for plane, values in zip(made, _sampled(packed, x, y), strict=False):
                plane[j, :, i] = values.reshape(-1, cell, cell)
        return [Image.fromarray(plane.reshape(rows * cell, columns * cell)) for plane in made]


def _packed(layers: Sequence[Image.Image]) -> Bytes:
    """Return (h, w, n) the layers with a rim of nothing, n a number of bytes that is read at
    once."""
    count = 1 << (len(layers) - 1).bit_length()
    packed = np.zeros((layers[0].height + 3, layers[0].width + 3, count), np.uint8)
    for i, layer in enumerate(layers):
        packed[1:-2, 1:-2, i] = np.asarray(layer)
    return packed


def _sources(corners: Floats, cell: int) -> tuple[Light, Light]:
    """Return where each pixel of some cells comes from, (cells, pixels) across and down."""
    steps = (np.arange(cell, dtype=np.float32) + np.float32(0.5)) / np.float32(cell)
    down, across = (v.ravel() for v in np.meshgrid(steps, steps, indexing="ij"))
    shares = (1 - down) * (1 - across), down * (1 - across), down * across, (1 - down) * across
    near = corners.astype(np.float32)
    x, y = (sum(np.outer(near[:, k, axis], shares[k]) for k in range(4)) for axis in (0, 1))
    return np.asarray(x), np.asarray(y)


def _sampled(packed: Bytes, x: Light, y: Light) -> Iterator[Bytes]:
    """Yield each layer at the places (cells, pixels), mixed of the four pixels about them."""
    height, width, count = packed.shape
    # In the rim of nothing, a pixel's middle lies at its number and a whole.
    x, y = (np.clip(v + np.float32(0.5), 0, n - 2) for v, n in ((x, width), (y, height)))
    left, top = x.astype(np.intp), y.astype(np.intp)
    x -= left
    y -= top
    at = top * width + left
    pixels = packed.view(f"u{count}").ravel()
    four = [
        np.take(pixels, at + far, mode="clip").view(np.uint8).reshape(*at.shape, count)
        for far in (0, 1, width, width + 1)
    ]
    for layer in range(count):
        a, b, c, d = (values[..., layer].astype(np.float32) for values in four)
        upper, lower = a + (b - a) * x, c + (d - c) * x
        yield (upper + (lower - upper) * y + np.float32(0.5)).astype(np.uint8)


def bend(
    layer: tuple[int, int],
    unit: float,
    turn: tuple[float, float],
    reach: float,
    chance: np.random.Generator,
) -> Bend:
    """Return a random bend of a layer of (width, height) pixels.

    Args:
        unit: what the mark's lengths are measured by, in pixels.
        turn: degrees counter-clockwise, and a factor of its size.
        reach: how far a point is moved at most, or nearly so, in pixels.
    """
    angle, factor = turn
    cell = max(_LEAST_CELL, round(_CELL * unit))
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    extent = [
        factor * (layer[0] * abs(a) + layer[1] * abs(b)) for a, b in ((cos, sin), (sin, cos))
    ]
    columns, rows = (max(1, math.ceil(side / cell)) for side in extent)
    x, y = np.meshgrid(
        (np.arange(columns + 1) - columns / 2) * cell, (np.arange(rows + 1) - rows / 2) * cell
    )
    at = np.stack((cos * x - sin * y, sin * x + cos * y), axis=-1) / factor
    at += np.array(layer) / 2
    at += _bends((rows + 1, columns + 1), cell, unit, min(reach, _MOST_REACH * unit), chance)
    corners = np.stack((at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]), axis=2)
    inside = ((corners.max(2) > 0) & (corners.min(2) < np.array(layer))).all(-1)
    return Bend((rows, columns), cell, np.argwhere(inside), corners[inside])


def _bends(
    nodes: tuple[int, int], cell: int, unit: float, reach: float, chance: np.random.Generator
) -> Floats:
    """Return (rows, columns, 2) displacements: wide ones that bend a mark, fine ones that bend
    its strokes."""
    wide = (max(2, round(n * cell / (_WIDE * unit)) + 2) for n in nodes)
    shape = (2, *wide)
    smooth = [
        np.asarray(Image.fromarray(f).resize(nodes[::-1], Image.Resampling.BICUBIC))
        for f in chance.uniform(-1, 1, shape).astype(np.float32)
    ]
    spread = math.sqrt(3)  # a uniform number in [-1, 1] times this has deviation 1
    fine = chance.uniform(-1, 1, (*nodes, 2))
    return spread * reach * (_WIDE_SHARE * np.stack(smooth, axis=-1) + _FINE_SHARE * fine)


def worn(
    cover: Image.Image, unit: float, opacity: float, chance: np.random.Generator
) -> Image.Image:
    """Return the cover (L) at `opacity`, its ink uneven as chalk's: stronger here, weaker there,
    `opacity` on the whole."""
    grain = max(_LEAST_GRAIN, _GRAIN * unit)
    grid = max(2, round(cover.width / grain)), max(2, round(cover.height / grain))
    noise = Image.frombytes("L", grid, chance.bytes(grid[0] * grid[1]))
    cloud = noise.resize(cover.size, Image.Resampling.BICUBIC)
    level = (np.arange(256) - 127.5) / 127.5
    share = _THIN + (1 - _THIN) / (1 + np.exp(-_EDGE * level))
    table = np.clip(255 * opacity * share / share.mean(), 0, 255).round()
    return ImageChops.multiply(cover, cloud.point(table.astype(int).tolist()))
