"""Castle, robot and cup."""

from __future__ import annotations

import numpy as np

from postguard.cloak.anchors import textures
from postguard.cloak.anchors.canvas import Canvas, Colour, toned
from postguard.cloak.anchors.geometry import Points, box, curve, ellipse, moved, ribbon, symmetric

_INK = (25, 22, 25)
_SIDES = (-1, 1)
_WOOD = (140, 90, 50)


def castle(canvas: Canvas) -> None:
    """A stone castle with roofed towers, a gate and flags."""
    stone = canvas.pick(((165, 155, 140), (190, 165, 125), (140, 145, 160)))
    roof = canvas.pick(((175, 60, 50), (60, 80, 140), (70, 115, 90)))
    _tower(canvas, 0.0, -0.45, 0.24, toned(stone, 0.85), roof, foot=0.3)
    for side in _SIDES:
        _tower(canvas, side * 0.42, -0.15, 0.15, toned(stone, 0.9), roof, foot=0.4)
    masonry = textures.bricks(0.14, 0.075)
    _battlement(canvas, -0.75, 0.75, 0.15, stone)
    canvas.part(box(-0.75, 0.15, 0.75, 0.9), stone, masonry, 0.38, 0)
    for side in _SIDES:
        _tower(canvas, side * 0.78, -0.05, 0.2, stone, roof, foot=0.93)
    arch = symmetric([(0, 0.4), (0.14, 0.44), (0.21, 0.56), (0.21, 0.9), (0, 0.9)])
    canvas.part(arch * (1.25, 1.12) - (0, 0.108), toned(stone, 1.15), masonry, 0.3, 0.04)
    canvas.part(arch, _INK, bulge=0)
    for x in np.linspace(-0.15, 0.15, 4):
        canvas.part(ribbon([(x, 0.48), (x, 0.9)], 0.022), _WOOD, textures.bark(0.02), 0.4, 0.02)
    for y in (0.55, 0.66, 0.77):
        canvas.part(ribbon([(-0.2, y), (0.2, y)], 0.02), _WOOD, textures.bark(0.02), 0.4, 0.02)


def _tower(
    canvas: Canvas, x: float, top: float, half: float, stone: Colour, roof: Colour, *, foot: float
) -> None:
    masonry, slates = textures.bricks(0.12, 0.07), textures.bricks(0.07, 0.06, 0.12)
    canvas.part(box(x - half, top, x + half, foot), stone, masonry, 0.38, half * 0.7)
    _battlement(canvas, x - half * 1.15, x + half * 1.15, top, stone)
    spire = top - half * 2.1
    cone = np.array([(x, spire), (x + half * 1.1, top - 0.06), (x - half * 1.1, top - 0.06)])
    canvas.part(cone, roof, slates, 0.35, half * 0.6)
    canvas.part(ribbon([(x, spire + 0.02), (x, spire - 0.17)], 0.02), _INK)
    flag = curve(
        [(x, spire - 0.17), (x + 0.09, spire - 0.15), (x + 0.18, spire - 0.1), (x, spire - 0.06)]
    )
    canvas.part(flag, toned(roof, 1.3), textures.clouded(0.05), 0.2, 0.02)
    window = ellipse(x, top + half * 1.0, half * 0.24, half * 0.45)
    canvas.part(window, (45, 40, 50), None, bulge=0)
    canvas.part(ribbon([(x, top + half * 0.6), (x, top + half * 1.4)], 0.015), toned(stone, 0.7))


def _battlement(canvas: Canvas, left: float, right: float, low: float, stone: Colour) -> None:
    count = max(3, round((right - left) / 0.11)) | 1
    edges = np.linspace(left, right, count + 1)
    masonry = textures.bricks(0.1, 0.05)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        canvas.part(box(start, low - 0.09, end, low + 0.03), stone, masonry, 0.35, 0.02)
    canvas.part(box(left, low, right, low + 0.05), toned(stone, 0.8), masonry, 0.35, 0.02)


def robot(canvas: Canvas) -> None:
    """A robot that waves."""
    metal = canvas.pick(((165, 180, 195), (205, 160, 90), (150, 185, 160)))
    glow = canvas.pick(((90, 230, 255), (255, 190, 60), (255, 90, 80)))
    plate = textures.brushed(0.1)
    elbows = ((-0.85, 0.05), (0.92, -0.3))
    hands = ((-0.82, 0.4), (0.8, -0.72))
    for side, elbow, hand in zip(_SIDES, elbows, hands, strict=True):
        canvas.part(
            ribbon([(side * 0.48, -0.2), elbow], 0.15),
            toned(metal, 0.75),
            textures.bricks(4, 0.05),
            0.4,
            0.06,
        )
        canvas.part(ribbon([elbow, hand], 0.18, 0.14), metal, plate, 0.3, 0.07)
        canvas.part(
            ellipse(elbow[0], elbow[1], 0.11, 0.11),
            toned(metal, 0.6),
            textures.brushed(),
            0.4,
            0.08,
        )
        _claw(canvas, hand, metal, -1 if side > 0 else 1)
        leg = box(side * 0.24 - 0.11, 0.45, side * 0.24 + 0.11, 0.9)
        canvas.part(leg, toned(metal, 0.7), textures.bricks(4, 0.07), 0.4, 0.08)
        foot = moved(symmetric([(0, 0.82), (0.14, 0.82), (0.22, 1), (0, 1)]), side * 0.27, 0)
        canvas.part(foot, metal, plate, 0.3, 0.06)
    canvas.part(
        box(-0.12, -0.5, 0.12, -0.3), toned(metal, 0.5), textures.bricks(4, 0.04), 0.5, 0.08
    )
    chest = symmetric([(0, -0.36), (0.46, -0.36), (0.54, -0.25), (0.46, 0.5), (0, 0.5)])
    canvas.part(chest, metal, textures.brushed(0.13), 0.32, 0.1)
    _panel(canvas, glow)
    _robot_head(canvas, metal, glow)


def _claw(canvas: Canvas, hand: tuple[float, float], metal: Colour, down: int) -> None:
    x, y = hand
    for side in _SIDES:
        finger = [(x, y), (x + side * 0.12, y + down * 0.08), (x + side * 0.06, y + down * 0.22)]
        canvas.part(ribbon(finger, 0.08, 0.05), toned(metal, 0.65), textures.brushed(), 0.4, 0.04)
    canvas.part(ellipse(x, y, 0.09, 0.09), metal, textures.brushed(), 0.4, 0.06)


def _panel(canvas: Canvas, glow: Colour) -> None:
    canvas.part(box(-0.3, -0.2, 0.3, 0.2), (50, 55, 65), textures.checks(0.03), 0.3, 0.04)
    canvas.part(
        ellipse(-0.14, -0.02, 0.12, 0.12), (235, 235, 225), textures.clouded(0.03), 0.1, 0.04
    )
    canvas.part(ribbon([(-0.14, -0.02), (-0.07, -0.09)], 0.03, 0.01), (200, 30, 30), bulge=0)
    lamps = ((255, 80, 70), (255, 210, 80), glow)
    for y, colour in zip((-0.12, 0.0, 0.12), lamps, strict=True):
        canvas.part(ellipse(0.17, y, 0.05, 0.045), colour, bulge=0.04)
    for y in (0.29, 0.35, 0.41):
        canvas.part(box(-0.25, y - 0.018, 0.25, y + 0.018), _INK, bulge=0)


def _robot_head(canvas: Canvas, metal: Colour, glow: Colour) -> None:
    for side in _SIDES:
        canvas.part(
            ellipse(side * 0.4, -0.66, 0.09, 0.13),
            toned(metal, 0.6),
            textures.brushed(),
            0.4,
            0.07,
        )
        canvas.part(ribbon([(side * 0.2, -0.86), (side * 0.28, -1.02)], 0.03), _INK)
        canvas.part(ellipse(side * 0.28, -1.03, 0.05, 0.05), glow, bulge=0.04)
    head = symmetric([(0, -0.9), (0.33, -0.9), (0.4, -0.82), (0.38, -0.46), (0, -0.44)])
    canvas.part(head, metal, textures.brushed(0.11), 0.3, 0.1)
    for side in _SIDES:
        canvas.part(ellipse(side * 0.17, -0.7, 0.13, 0.12), (40, 42, 50), bulge=0.05)
        canvas.part(
            ellipse(side * 0.17, -0.7, 0.095, 0.09), glow, textures.bricks(4, 0.02), 0.2, 0.07
        )
        canvas.part(ellipse(side * 0.17, -0.7, 0.04, 0.04), (255, 255, 255), bulge=0)
    canvas.part(box(-0.22, -0.55, 0.22, -0.49), _INK, textures.bricks(0.04, 0.2), 0.6, 0)
    for x in np.linspace(-0.18, 0.18, 7):
        canvas.part(box(x - 0.012, -0.55, x + 0.012, -0.49), (230, 230, 230), bulge=0)


def cup(canvas: Canvas) -> None:
    """A steaming cup on its saucer."""
    glaze = canvas.pick(((235, 230, 220), (70, 120, 170), (200, 80, 70), (240, 200, 90)))
    trim = canvas.pick(((60, 80, 140), (245, 240, 225), (90, 60, 50)))
    china = textures.glazed()
    canvas.part(ellipse(0, 0.78, 1.0, 0.22), toned(glaze, 0.9), china, 0.15, 0.1)
    canvas.part(ellipse(0, 0.75, 0.66, 0.13), toned(glaze, 0.7), china, 0.15, 0.05)
    ear = ribbon([(0.5, -0.15), (0.8, -0.2), (0.98, 0.05), (0.8, 0.38), (0.4, 0.5)], 0.14, 0.11)
    canvas.part(ear, glaze, china, 0.15, 0.06)
    half = [(0, -0.2), (0.62, -0.3), (0.6, 0.1), (0.48, 0.5), (0.3, 0.74), (0.15, 0.78), (0, 0.79)]
    canvas.part(symmetric(curve(half, closed=False)), glaze, china, 0.15, 0.3)
    pattern = ((0.0, 0.59), (0.36, 0.54))
    for y, reach in pattern:
        band = [(-reach, y - 0.06), (0, y + 0.08), (reach, y - 0.06)]
        canvas.part(ribbon(band, 0.05), trim, china, 0.2, 0.03)
    for x in np.linspace(-0.45, 0.45, 7):
        spot = _lozenge(x, 0.2 + 0.06 * (1 - (x / 0.5) ** 2), 0.065)
        canvas.part(spot, trim, textures.checks(0.02), 0.3, 0.03)
    canvas.part(ellipse(0, -0.28, 0.63, 0.17), toned(glaze, 1.05), china, 0.12, 0.06)
    canvas.part(ellipse(0, -0.27, 0.55, 0.135), (75, 45, 28), textures.ripples(0.05, 3), 0.3, 0)
    canvas.part(
        ellipse(-0.1, -0.27, 0.25, 0.05), (170, 120, 75), textures.ripples(0.03, 3), 0.3, 0
    )
    for x in (-0.25, 0.02, 0.28):
        sway = canvas.rng.uniform(-0.05, 0.05)
        wisp = [(x, -0.38), (x + 0.1 + sway, -0.58), (x - 0.05, -0.76), (x + 0.07 + sway, -1.0)]
        canvas.part(ribbon(wisp, 0.09, 0.03), (240, 240, 240), textures.clouded(0.06), 0.25, 0.05)


def _lozenge(x: float, y: float, half: float) -> Points:
    """Return a square that stands on its corner."""
    return np.array([(x, y - half), (x + half * 0.7, y), (x, y + half), (x - half * 0.7, y)])
