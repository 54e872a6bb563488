"""What stands behind the subjects, over the whole frame."""

from __future__ import annotations

import numpy as np

from postguard.cloak.anchors import textures
from postguard.cloak.anchors.canvas import Canvas, Colour
from postguard.cloak.anchors.geometry import Points, curve, ellipse, jagged, moved, turned

_EVERYWHERE = -1e9  # above any frame

_SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((70, 120, 190), (190, 215, 230)),
    ((90, 80, 140), (240, 170, 130)),
    ((110, 140, 160), (215, 210, 195)),
)
_GRASS: tuple[tuple[Colour, Colour], ...] = (
    ((120, 160, 70), (50, 95, 35)),
    ((180, 165, 80), (110, 95, 40)),
    ((95, 150, 110), (35, 80, 60)),
)
_WALLS: tuple[tuple[Colour, Colour], ...] = (
    ((190, 150, 110), (150, 105, 80)),
    ((120, 150, 150), (80, 105, 115)),
    ((175, 120, 130), (120, 75, 95)),
)


def sky(canvas: Canvas) -> None:
    """Torn clouds."""
    canvas.ground(_EVERYWHERE, canvas.pick(_SKIES), textures.brushed_clouds(), 0.3)


def meadow(canvas: Canvas) -> None:
    """Sky above grass."""
    sky(canvas)
    rise = float(canvas.rng.uniform(0.25, 0.45))
    blades = textures.strokes(lambda u, _: np.full_like(u, -np.pi / 2), 0.09, 0.01, 1.6)
    canvas.ground(rise, canvas.pick(_GRASS), blades, 0.42)


def room(canvas: Canvas) -> None:
    """Papered wall above a carpet."""
    paper = textures.checks(float(canvas.rng.uniform(0.1, 0.16)), turned=True)
    canvas.ground(_EVERYWHERE, canvas.pick(_WALLS), paper, 0.3)
    pile = textures.strokes(lambda u, v: 3 * u + 5 * v, 0.05, 0.01, 1.6)
    canvas.ground(0.62, canvas.pick(_WALLS)[::-1], pile, 0.4)


def table(canvas: Canvas) -> None:
    """Tiled wall above a table of boards."""
    canvas.ground(_EVERYWHERE, canvas.pick(_WALLS), textures.bricks(0.28, 0.28, 0.04), 0.25)
    canvas.ground(0.3, ((185, 130, 80), (120, 75, 40)), textures.planks(1.7, 0.17), 0.3)


def street(canvas: Canvas) -> None:
    """Brick wall above cobbles."""
    canvas.ground(_EVERYWHERE, ((175, 95, 70), (135, 70, 55)), textures.bricks(0.3, 0.11), 0.35)
    canvas.ground(0.42, ((130, 130, 135), (80, 80, 88)), textures.bricks(0.15, 0.09, 0.14), 0.4)


def deep(canvas: Canvas) -> None:
    """Under water: light from above, weed from below, bubbles."""
    canvas.ground(_EVERYWHERE, ((60, 170, 190), (10, 50, 90)), textures.ripples(0.12, 4), 0.3)
    height, width = canvas.pixels.shape[:2]
    right, low = width / 2 / canvas.pose.scale, height / 2 / canvas.pose.scale
    for x in canvas.rng.uniform(-right, right, 12 + int(6 * right)):
        weed = [(x + 0.07 * np.sin(3 * i + x * 9), low + 0.1 - 0.17 * i) for i in range(5)]
        leaf = curve([(x, low + 0.2), *weed, *((a + 0.07, b) for a, b in weed[::-1])])
        tone = canvas.rng.uniform(0.7, 1.2)
        canvas.part(leaf, (40 * tone, 130 * tone, 70 * tone), textures.scales(0.05), 0.4, 0.03)
    for x, y in canvas.rng.uniform((-right, -low), (right, low), (int(14 * right), 2)):
        size = canvas.rng.uniform(0.015, 0.05)
        canvas.part(ellipse(x, y, size, size), (150, 215, 225), None)


def sea(canvas: Canvas) -> None:
    """Sky above waves."""
    sky(canvas)
    canvas.ground(0.35, ((70, 130, 150), (15, 60, 95)), textures.ripples(0.09), 0.4)


def foliage(canvas: Canvas) -> None:
    """Leaves upon leaves."""
    leafage = textures.strokes(lambda u, v: 6 * np.sin(5 * u) + 4 * v, 0.09, 0.03, 1.6)
    canvas.ground(_EVERYWHERE, canvas.pick(_GRASS), leafage, 0.5)
    height, width = canvas.pixels.shape[:2]
    right, low = width / 2 / canvas.pose.scale, height / 2 / canvas.pose.scale
    for x, y in canvas.rng.uniform((-right, -low), (right, low), (int(60 * right * low), 2)):
        tone = canvas.rng.uniform(0.5, 1.15)
        leaf = moved(turned(_leaf(0.2), canvas.rng.uniform(0, 2 * np.pi)), x, y)
        veins = textures.strokes(lambda u, v: u * 9 + v * 7, 0.03, 0.009)
        canvas.part(leaf, (75 * tone, 140 * tone, 60 * tone), veins, 0.25, 0.05)


def plates(canvas: Canvas) -> None:
    """Riveted metal."""
    colours = canvas.pick(_WALLS)
    canvas.ground(_EVERYWHERE, colours, textures.brushed(0.34), 0.32)


def _leaf(size: float) -> Points:
    return curve([(0, 0), (size * 0.5, -size * 0.28), (size, 0), (size * 0.5, size * 0.28)])


def leaf(canvas: Canvas, x: float, y: float, size: float, turn: float) -> None:
    """One large leaf from its stem on."""
    blade = moved(turned(_leaf(size), turn), x, y)
    veins = textures.strokes(lambda u, _: np.full_like(u, turn + 0.6), size * 0.3, 0.01)
    canvas.part(jagged(blade, canvas.rng, 0.012), (70, 135, 60), veins, 0.35, 0.08)
