"""Presses marks onto a picture: each swayed, turned, and light or dark as its ground asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture
from postguard.imaging.picture import strips
from postguard.protect.marks import Mark

_SWAY = 0.03  # deviation of a mesh point of the sway, in the mark's units
_CELL = 1.6  # side of a cell of that mesh, in the mark's units
_BREATH = 0.1  # how far opacity varies between them
_REDUCED = 8  # the ground is judged on cells of this many pixels
_MIDDLE = 128

Box = tuple[int, int, int, int]
Mesh = list[tuple[Box, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A mark as it is pressed onto the picture: coverage times opacity, and a logo's colour.

    Attributes:
        dark: of a logo: it is dark by itself, so its outline must be light.
    """

    cover: Image.Image
    ring: Image.Image | None
    colour: Image.Image | None = None
    dark: bool = False


def stamp_of(mark: Mark, angle: float, opacity: float, chance: np.random.Generator) -> Stamp:
    """Return the mark swayed, turned and thinned to its opacity."""
    mesh = _sway(mark.body.size, mark.unit, chance)
    share = min(1.0, opacity * (1 + _BREATH * chance.uniform(-1, 1)))
    thin = [round(v * share) for v in range(256)]

    def turned(layer: Image.Image) -> Image.Image:
        bicubic = Image.Resampling.BICUBIC
        swayed = layer.transform(layer.size, Image.Transform.MESH, mesh, bicubic)
        return swayed.rotate(angle, bicubic, expand=True)

    body = turned(mark.body)
    ring = turned(mark.ring).point(thin) if mark.ring else None
    if body.mode == "L":
        return Stamp(body.point(thin), ring)
    cover, colour = body.getchannel("A"), body.convert("RGB")
    return Stamp(cover.point(thin), ring, colour, dark=_mean(colour.convert("L"), cover) < _MIDDLE)


def _mean(values: Image.Image, weights: Image.Image) -> float:
    return float(np.average(np.asarray(values), weights=np.asarray(weights, np.float64) + 1e-6))


def _sway(size: tuple[int, int], unit: float, chance: np.random.Generator) -> Mesh:
    """Return a mesh (for Image.transform) whose inner points are moved a little."""
    columns, rows = (max(2, round(side / (_CELL * unit))) for side in size)
    xs = np.linspace(0, size[0], columns + 1).round().astype(int)
    ys = np.linspace(0, size[1], rows + 1).round().astype(int)
    at = np.stack(np.meshgrid(xs, ys), axis=-1) + chance.normal(
        0, _SWAY * unit, (rows + 1, columns + 1, 2)
    )
    return [
        (
            (int(xs[i]), int(ys[j]), int(xs[i + 1]), int(ys[j + 1])),
            # upper left, lower left, lower right, upper right: as Pillow wants a quad
            tuple(
                float(v) for q in ((0, 0), (1, 0), (1, 1), (0, 1)) for v in at[j + q[0], i + q[1]]
            ),
        )
        for j, i in product(range(rows), range(columns))
    ]


def stamped(
    picture: Picture, stamps: list[Stamp], spots: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Press the stamps onto a copy of the picture, in turn."""
    canvas = Image.fromarray(picture.pixels)
    ground = _Ground(canvas, picture.alpha)
    for n, (x, y) in enumerate(spots):
        stamp = stamps[n % len(stamps)]
        at = round(x - stamp.cover.width / 2), round(y - stamp.cover.height / 2)
        _press(canvas, stamp, at, ground.is_dark(at, stamp.cover.size), gray=picture.gray)
    pixels = np.empty_like(picture.pixels)
    for rows in strips(picture.width, picture.height):
        pixels[rows] = np.asarray(canvas.crop((0, rows.start, picture.width, rows.stop)))
        if picture.alpha is not None:
            pixels[rows][picture.alpha[rows] == 0] = 0
    return pixels


def _press(
    canvas: Image.Image, stamp: Stamp, at: tuple[int, int], dark_ground: bool, *, gray: bool
) -> None:
    """Draw one mark; what hangs over the edge is cut off."""
    light_ring = stamp.dark if stamp.colour else not dark_ground
    if stamp.ring:
        canvas.paste((255,) * 3 if light_ring else (0,) * 3, at, stamp.ring)
    if stamp.colour is None:
        canvas.paste((255,) * 3 if dark_ground else (0,) * 3, at, stamp.cover)
    else:
        colour = stamp.colour.convert("L").convert("RGB") if gray else stamp.colour
        canvas.paste(colour, at, stamp.cover)


class _Ground:
    """How dark the picture is under a mark, judged on a small copy; what is transparent does
    not count."""

    def __init__(self, image: Image.Image, alpha: NDArray[np.uint8] | None) -> None:
        small = image.reduce(_REDUCED).convert("L")
        self._luma = np.asarray(small, np.float32)
        self._weight: NDArray[np.float32] = np.ones(self._luma.shape, np.float32)
        if alpha is not None:
            seen = Image.fromarray((alpha > 0).view(np.uint8) * 255)
            self._weight = np.asarray(seen.reduce(_REDUCED), np.float32) / np.float32(255)

    def is_dark(self, at: tuple[int, int], size: tuple[int, int]) -> bool:
        (left, top), (right, bottom) = (
            [max(0, math.floor(v / _REDUCED)) for v in at],
            [max(1, math.ceil((v + s) / _REDUCED)) for v, s in zip(at, size, strict=True)],
        )
        weight = float(self._weight[top:bottom, left:right].sum())
        luma = float(self._luma[top:bottom, left:right].sum())
        return luma < _MIDDLE * weight
