"""Flower, tree and mountain."""

from __future__ import annotations

import numpy as np

from postguard.cloak.anchors import backdrops, textures
from postguard.cloak.anchors.canvas import Area, Canvas, Colour, Plane, as_plane, toned
from postguard.cloak.anchors.geometry import (
    Points,
    curve,
    ellipse,
    jagged,
    moved,
    ribbon,
    symmetric,
    turned,
)

_BARK = (120, 90, 65)
_WOOD_REACH = 2.0  # units to each side of a peak: beyond it stands the next one's


def flower(canvas: Canvas) -> None:
    """A sunflower, or its like in another colour."""
    colours: tuple[Colour, ...] = ((250, 190, 30), (225, 70, 90), (235, 225, 235), (215, 110, 40))
    colour = canvas.pick(colours)
    stem = ribbon([(0, 0.3), (0.06, 0.8), (0, 3)], 0.13, 0.16)
    canvas.part(stem, (85, 135, 60), textures.bark(0.03), 0.3, 0.06)
    backdrops.leaf(canvas, 0.05, 0.95, 0.75, -0.5)
    backdrops.leaf(canvas, 0.0, 0.9, 0.7, np.pi + 0.6)
    for ring, (count, long) in enumerate(((17, 0.95), (16, 0.82))):
        for i in range(count):
            turn = 2 * np.pi * (i + 0.5 * ring) / count + canvas.rng.normal(0, 0.05)
            _petal(canvas, turn, long * canvas.rng.uniform(0.93, 1.05), colour, 0.75 + 0.25 * ring)
    canvas.part(
        jagged(ellipse(0, 0, 0.4, 0.4), canvas.rng, 0.015), (110, 70, 35), _seeds, 0.6, 0.12
    )
    canvas.part(ellipse(0, 0, 0.2, 0.2), (75, 60, 30), _seeds, 0.6, 0.1)


def _petal(canvas: Canvas, turn: float, long: float, colour: Colour, tone: float) -> None:
    shape = curve([(0.2, 0), (long * 0.6, -0.13), (long, 0), (long * 0.6, 0.13)])
    veins = textures.strokes(lambda u, v: np.arctan2(v, u), 0.2, 0.012, 2.0)
    shade = tone * float(canvas.rng.uniform(0.88, 1.08))
    canvas.part(turned(shape, turn), toned(colour, shade), veins, 0.3, 0.06)


def _seeds(area: Area) -> Plane:
    """Two families of spirals, as seed-heads have (Vogel, 1979)."""
    far, turn = np.hypot(area.u, area.v) + 1e-3, np.arctan2(area.v, area.u)
    wind = 13 * np.log(far)
    both = np.cos(21 * turn + wind * 1.6) + np.cos(34 * turn - wind * 1.6)
    return as_plane(0.8 * both + 0.4 * textures.noise(area, 0.02, 0.02))


def tree(canvas: Canvas) -> None:
    """A broad tree in leaf."""
    leaves: tuple[Colour, ...] = ((75, 130, 50), (205, 110, 40), (190, 60, 45), (225, 150, 165))
    colour = canvas.pick(leaves)
    crown = np.concatenate([_ring(0.72, 11), _ring(0.4, 7), [(0.0, -0.38)]])
    for x, y in crown[:11]:
        _bush(canvas, x, y, 0.33, colour, 0.6)
    trunk = [
        (-0.1, -0.3),
        (0.1, -0.3),
        (0.12, 0.5),
        (0.3, 0.95),
        (0, 0.9),
        (-0.32, 0.96),
        (-0.13, 0.5),
    ]
    canvas.part(jagged(curve(trunk), canvas.rng, 0.012), _BARK, textures.bark(), 0.45, 0.12)
    for x, y in ((-0.5, -0.35), (0.5, -0.4), (-0.25, -0.65), (0.22, -0.7)):
        bough = ribbon([(0, 0.25), (x * 0.45, y * 0.3), (x, y)], 0.13, 0.05)
        canvas.part(jagged(bough, canvas.rng, 0.01), _BARK, textures.bark(), 0.45, 0.05)
    for place, (x, y) in enumerate(crown):
        _bush(canvas, x, y - 0.06, 0.26, colour, 0.8 + 0.02 * place)


def _ring(radius: float, count: int) -> Points:
    angle = np.linspace(np.pi * 0.92, np.pi * 2.08, count)
    return np.stack([radius * 1.1 * np.cos(angle), -0.2 + radius * np.sin(angle)], 1)


def _bush(canvas: Canvas, x: float, y: float, size: float, colour: Colour, tone: float) -> None:
    x, y = canvas.rng.normal((x, y), 0.04)
    shape = jagged(ellipse(x, y, size, size * 0.8), canvas.rng, 0.03)
    shade = tone * float(canvas.rng.uniform(0.85, 1.1))
    leafage = textures.strokes(lambda u, v: 9 * u + 7 * v, 0.04, 0.024, 2.0)
    canvas.part(shape, toned(colour, shade), leafage, 0.5, 0.14)


def mountain(canvas: Canvas) -> None:
    """Snow peaks above a wood of firs."""
    for x, height, tone in ((-1.1, 0.55, 0.75), (1.2, 0.65, 0.8), (0.0, 1.0, 1.0)):
        _peak(canvas, x, height, tone)
    height, width = canvas.pixels.shape[:2]
    right = width / 2 / canvas.pose.scale + 0.2
    canvas.part(
        _hill(canvas, right), (60, 85, 55), textures.strokes(_upright, 0.08, 0.01, 2), 0.45, 0
    )
    low, near = height / 2 / canvas.pose.scale, min(right, _WOOD_REACH)
    for y in np.arange(0.6, low + 0.4, 0.2):
        for x in np.arange(-near, near, 0.18) + canvas.rng.uniform(-0.1, 0.1):
            _fir(canvas, x + canvas.rng.uniform(-0.06, 0.06), y, canvas.rng.uniform(0.3, 0.5))


def _upright(u: Plane, _: Plane) -> Plane:
    return np.full_like(u, -np.pi / 2)


def _peak(canvas: Canvas, x: float, height: float, tone: float) -> None:
    """A face in the sun and one in the shade, and snow on both."""
    rock = textures.clouded(0.25, 0.5, 6)
    top, foot = np.array((x, -height)), np.array((x + 0.1, 0.62))
    crest = [top, (x + 0.1, -height * 0.6), (x - 0.06, -height * 0.2), foot]
    for side, light in ((-1, 1.0), (1, 0.5)):
        corner = np.array((x + side * 1.25 * height, 0.62))
        shade = tone * light
        face = jagged(np.array([*crest, corner]), canvas.rng, 0.02)
        canvas.part(face, toned((125, 118, 128), shade), rock, 0.45, 0)
        edge = [
            top + deep * (foot - top + across * (corner - foot))
            for across, deep in zip(
                np.linspace(1, 0, 8), (0.5, 0.34, 0.55, 0.38, 0.6, 0.36, 0.52, 0.4), strict=True
            )
        ]
        snow = jagged(np.array([top, *edge, crest[1]]), canvas.rng, 0.012)
        canvas.part(snow, toned((235, 240, 250), shade), rock, 0.16, 0)


def _hill(canvas: Canvas, right: float) -> Points:
    rise = canvas.rng.uniform(0, 6)
    x = np.linspace(-right, right, 40)
    top = 0.5 + 0.06 * np.sin(x * 2 + rise) + 0.03 * np.sin(x * 7 + rise)
    return np.concatenate([np.stack([x, top], 1), [(right, 9), (-right, 9)]])


def _fir(canvas: Canvas, x: float, foot: float, tall: float) -> None:
    tone = float(canvas.rng.uniform(0.6, 1.15))
    needles = textures.strokes(lambda u, _: np.full_like(u, 0.9), 0.035, 0.012, 1.6)
    edge = [(0, -1), (0.16, -0.62), (0.09, -0.66), (0.23, -0.3), (0.13, -0.36), (0.3, 0)]
    shape = moved(symmetric(edge) * tall, x, foot)
    colour = toned((35, 75, 50), tone)
    canvas.part(jagged(shape, canvas.rng, 0.015), colour, needles, 0.55, 0.06)
