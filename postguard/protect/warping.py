"""Bends a mark and wears its ink, differently each time.

Marks that are alike in a collection can be estimated from it and subtracted (Dekel et al., CVPR
2017); a smooth random bend of a few pixels and ink of uneven strength are what that cannot undo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

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

Box = tuple[int, int, int, int]
Mesh = list[tuple[Box, tuple[float, ...]]]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bend:
    """How one upright mark comes to lie: turned, scaled and bent.

    Attributes:
        size: (width, height) of what holds the bent mark, in pixels.
        mesh: for Image.transform; where no part of the mark comes, it has no cell.
    """

    size: tuple[int, int]
    mesh: Mesh

    def apply(self, layer: Image.Image) -> Image.Image:
        """Return the layer bent; what was outside is empty."""
        return layer.transform(
            self.size, Image.Transform.MESH, self.mesh, Image.Resampling.BICUBIC
        )


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
    return Bend((columns * cell, rows * cell), _mesh(at, layer, cell))


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


def _mesh(at: Floats, layer: tuple[int, int], cell: int) -> Mesh:
    """Return the cells whose corners come from `at`, but those that lie outside the layer."""
    corners = np.stack((at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]), axis=2)
    inside = ((corners.max(2) > 0) & (corners.min(2) < np.array(layer))).all(-1)
    return [
        (
            (i * cell, j * cell, (i + 1) * cell, (j + 1) * cell),
            # upper left, lower left, lower right, upper right: as Pillow wants a quad
            tuple(corners[j, i].ravel().tolist()),
        )
        for j, i in product(*(range(n) for n in inside.shape))
        if inside[j, i]
    ]


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
