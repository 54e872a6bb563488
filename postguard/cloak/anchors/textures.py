"""What surfaces are made of, as planes of light and dark; finest structure everywhere.

The cloak draws its target into the picture: fine structure hides there, a smooth target shows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from postguard.cloak.anchors.canvas import Area, Plane, Texture, as_plane

_GRAIN = 0.012  # units: the finest of most surfaces
_RIDGE = 0.06  # half the width of a scale's middle line, of the scale's
_TILES = 64  # different shades of bricks, planks and scales
Flow = Callable[[Plane, Plane], Plane]  # units (u, v) -> radians that strokes lie along


def noise(area: Area, wide: float, high: float) -> Plane:
    """Return smooth noise in about [-1, 1] whose humps are `wide` by `high` units."""
    rows, columns = area.u.shape
    cells = [
        max(2, round(n / max(2.0, c * area.scale)) + 1) for n, c in ((columns, wide), (rows, high))
    ]
    grid = area.rng.uniform(-1, 1, cells[::-1]).astype(np.float32)
    image = Image.fromarray(grid).resize((columns, rows), Image.Resampling.BICUBIC)
    return as_plane(np.asarray(image))


def clouded(cell: float, stretch: float = 1.0, octaves: int = 5) -> Texture:
    """Return noise on many scales, from `cell` units down; `stretch` makes it wider than high."""

    def draw(area: Area) -> Plane:
        sizes = [(cell / 2**octave, 0.62**octave) for octave in range(octaves)]
        return as_plane(sum(share * noise(area, size * stretch, size) for size, share in sizes))

    return draw


def brushed_clouds() -> Texture:
    """Return clouds laid on with a brush."""
    clouds = clouded(0.8, 2.2)
    brush = strokes(lambda u, v: 0.5 * np.sin(3 * u + 2 * v), 0.1, 0.013, 1.5)

    def draw(area: Area) -> Plane:
        return as_plane(clouds(area) + 0.55 * brush(area))

    return draw


def glazed() -> Texture:
    """Return a smooth, hard surface: fine flakes, and a faint gleam."""

    def draw(area: Area) -> Plane:
        flakes = noise(area, 0.02, _GRAIN) + 0.7 * noise(area, 0.05, 0.03)
        return as_plane(flakes + 0.8 * noise(area, 0.9, 0.25))

    return draw


def woven(seam: float) -> Texture:
    """Return cloth of widths sewn together every `seam` units."""

    def draw(area: Area) -> Plane:
        threads = noise(area, _GRAIN, 0.08) + noise(area, 0.08, _GRAIN)
        joint = np.where(area.u % seam < 0.1 * seam, -1.0, 0.0)
        return as_plane(0.8 * threads + joint + 0.4 * noise(area, 0.2, 0.2))

    return draw


def strokes(
    flow: Flow, length: float = 0.07, width: float = 0.011, density: float = 1.3
) -> Texture:
    """Return hairs, blades or brush strokes of random shade along a flow."""

    def draw(area: Area) -> Plane:
        rows, columns = area.u.shape
        wide = max(1.5, width * area.scale)
        count = int(density * rows * columns / (wide * max(wide, length * area.scale))) + 1
        y, x = area.rng.integers(0, rows, count), area.rng.integers(0, columns, count)
        angle = flow(area.u[y, x], area.v[y, x]) + area.rng.normal(0, 0.22, count)
        reach = length * area.scale * area.rng.uniform(0.5, 1.3, count)
        ends = x + reach * np.cos(angle), y + reach * np.sin(angle)
        shades = area.rng.integers(20, 236, count)
        image = Image.new("L", (columns, rows), 128)
        pen = ImageDraw.Draw(image)
        lines = np.stack([x, y, *ends], 1).tolist()
        for line, shade in zip(lines, shades.tolist(), strict=True):
            pen.line(line, fill=shade, width=round(wide))
        return as_plane((np.asarray(image, np.float32) - 128) / 108)

    return draw


def bricks(width: float, height: float, joint: float = 0.1) -> Texture:
    """Return courses of bricks or stones, each of its own shade, with dark joints."""

    def draw(area: Area) -> Plane:
        row = np.floor(area.v / height)
        column = area.u / width + 0.5 * (row % 2) + 0.17 * (row % 3)
        across, down = column % 1, area.v / height - row
        edge = np.minimum(
            np.minimum(across, 1 - across) * width / height, np.minimum(down, 1 - down)
        )
        shade = _shades(area, row, np.floor(column))
        rough = clouded(0.06, octaves=3)(area) * np.float32(0.35)
        return np.where(edge < joint, -1.2, shade * 0.7 + rough + (0.5 - down) * 0.5).astype(
            np.float32
        )

    return draw


def planks(width: float, height: float) -> Texture:
    """Return boards with grain along them."""

    def draw(area: Area) -> Plane:
        grain = np.sin(22 * noise(area, width * 0.7, height * 0.5) + area.v * 40 / height * 0.15)
        fine = noise(area, 0.15, _GRAIN)
        boards = bricks(width, height, 0.04)(area)
        return as_plane(0.6 * boards + 0.4 * grain + 0.4 * fine)

    return draw


def scales(size: float, long: float = 1.0) -> Texture:
    """Return overlapping scales or feathers that point to the right, `long` times as long."""

    def draw(area: Area) -> Plane:
        column = area.u / (size * long)
        row = area.v / size + 0.5 * (np.floor(column) % 2)
        across, down = column % 1, row % 1 - 0.5
        bow = (across + 1.4 * down * down) % 1
        shade = _shades(area, np.floor(column), np.floor(row))
        ridge = np.where(np.abs(down) < _RIDGE, 0.35, 0.0)
        return as_plane(1.5 * bow - 1.0 + 0.35 * shade + ridge)

    return draw


def bark(cell: float = 0.05) -> Texture:
    """Return upright ridges and cracks."""

    def draw(area: Area) -> Plane:
        ridges = 1 - 2.4 * np.abs(noise(area, cell, cell * 6)) + noise(area, cell / 3, cell)
        return as_plane(0.8 * ridges + 0.5 * clouded(0.04, octaves=3)(area))

    return draw


def brushed(rivets: float = 0.0) -> Texture:
    """Return brushed metal, with rivets at a grid of `rivets` units if told."""

    def draw(area: Area) -> Plane:
        plane = 0.6 * noise(area, 0.3, _GRAIN) + 0.4 * clouded(0.3, octaves=4)(area)
        if rivets:
            u, v = area.u % rivets - rivets / 2, area.v % rivets - rivets / 2
            far = np.hypot(u, v) / (0.11 * rivets)
            plane = np.where(far < 1, -(u + v) / rivets * 9 + 0.4, plane)
            seam = np.maximum(np.abs(u), np.abs(v)) > 0.485 * rivets
            plane = np.where(seam, -1.2, plane)
        return as_plane(plane)

    return draw


def ripples(height: float, bend: float = 2.5) -> Texture:
    """Return water: crests across the view, broken by noise, with glitter."""

    def draw(area: Area) -> Plane:
        bent = bend * clouded(0.35, 2.0, 4)(area)
        crests = np.sin(area.v * (2 * np.pi / height) + bent * 2)
        glitter = np.maximum(noise(area, 0.05, _GRAIN), 0) ** 3
        return as_plane(0.6 * crests + 0.35 * noise(area, 0.08, 0.02) + 1.6 * glitter)

    return draw


def checks(size: float, *, turned: bool = False) -> Texture:
    """Return woven or tiled squares, light and dark by turns."""

    def draw(area: Area) -> Plane:
        u, v = (area.u + area.v, area.u - area.v) if turned else (area.u, area.v)
        squares = np.sign(np.sin(u * np.pi / size) * np.sin(v * np.pi / size))
        weave = np.sin(u * 2 * np.pi / (size / 6)) * np.sin(v * 2 * np.pi / (size / 6))
        return as_plane(0.7 * squares + 0.35 * weave + 0.3 * clouded(0.1)(area))

    return draw


def _shades(area: Area, row: Plane, column: Plane) -> Plane:
    """Return for each cell of a pattern its own shade in [-1, 1]."""
    known = area.rng.uniform(-1, 1, _TILES * _TILES).astype(np.float32)
    return as_plane(known[((row * 37 + column * 101) % known.size).astype(np.int64)])
