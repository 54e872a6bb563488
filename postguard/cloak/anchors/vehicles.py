"""Ship and car."""

from __future__ import annotations

import numpy as np

from postguard.cloak.anchors import textures
from postguard.cloak.anchors.canvas import Canvas, Colour, toned
from postguard.cloak.anchors.geometry import Points, box, curve, ellipse, ribbon

_INK = (25, 22, 25)
_WOOD = (140, 90, 50)


def ship(canvas: Canvas) -> None:
    """A ship under sail."""
    cloth = canvas.pick(((240, 228, 200), (225, 215, 205), (200, 90, 70)))
    for x, top in ((-0.5, -0.75), (0.1, -1.0), (0.62, -0.7)):
        canvas.part(
            ribbon([(x, 0.5), (x, top)], 0.06, 0.04), _WOOD, textures.bark(0.02), 0.4, 0.02
        )
        canvas.part(_pennant(x, top), (200, 50, 50), textures.clouded(0.05), 0.2, 0.02)
        for reach, high, low in ((0.24, top + 0.12, top + 0.42), (0.31, top + 0.46, 0.22)):
            _sail(canvas, x, reach, high, low, cloth)
    jib = curve([(-0.62, -0.55), (-0.9, 0.0), (-1.22, 0.22), (-0.8, 0.15)], fine=5)
    canvas.part(jib, cloth, textures.woven(0.16), 0.22, 0.12)
    for x in (-0.5, 0.1, 0.62):
        for foot in (x - 0.22, x + 0.22):
            canvas.part(ribbon([(x, -0.5), (foot, 0.42)], 0.012), _INK, bulge=0)
    canvas.part(ribbon([(-0.85, 0.42), (-1.35, 0.2)], 0.06, 0.03), _WOOD)
    hull = [
        (-1.02, 0.36),
        (-0.5, 0.44),
        (0.3, 0.44),
        (0.85, 0.32),
        (1.05, 0.2),
        (0.98, 0.6),
        (0.8, 0.9),
        (-0.7, 0.9),
    ]
    canvas.part(np.array(hull), _WOOD, textures.planks(0.5, 0.075), 0.4, 0.16)
    canvas.part(
        ribbon([(-1.0, 0.41), (0, 0.5), (0.98, 0.3)], 0.06),
        (225, 180, 80),
        textures.bark(0.02),
        0.3,
        0.03,
    )
    for x in np.linspace(-0.7, 0.75, 7):
        canvas.part(box(x - 0.045, 0.57, x + 0.045, 0.66), _INK, bulge=0)
    _swell(canvas)


def _sail(canvas: Canvas, x: float, reach: float, high: float, low: float, cloth: Colour) -> None:
    narrow = reach * 0.8
    corners = [
        (x - narrow, high),
        (x, high + 0.02),
        (x + narrow, high),
        (x + reach + 0.06, (high + low) / 2),
    ]
    belly = [
        (x + reach, low),
        (x, low - 0.06),
        (x - reach, low),
        (x - reach + 0.08, (high + low) / 2),
    ]
    seams = textures.woven(0.11)
    canvas.part(curve([*corners, *belly], fine=5), cloth, seams, 0.22, 0.16)
    canvas.part(ribbon([(x - reach, high), (x + reach, high)], 0.035), _WOOD, bulge=0.02)


def _pennant(x: float, top: float) -> Points:
    return curve([(x, top - 0.1), (x + 0.15, top - 0.06), (x + 0.3, top - 0.08), (x, top)])


def _swell(canvas: Canvas) -> None:
    """Waves before the hull, over the whole width."""
    right = canvas.pixels.shape[1] / canvas.pose.scale
    x = np.linspace(-right, right, 160)
    for y, tone in ((0.78, 0.8), (0.95, 0.65)):
        crest = y + 0.04 * np.sin(x * 9 + y * 20) + 0.02 * np.sin(x * 23 + y)
        wave = np.concatenate([np.stack([x, crest], 1), [(right, 9), (-right, 9)]])
        canvas.part(wave, (60 * tone, 140 * tone, 170 * tone), textures.ripples(0.07), 0.45, 0)
        foam = np.concatenate([np.stack([x, crest], 1), np.stack([x, crest + 0.025], 1)[::-1]])
        canvas.part(foam, (225, 240, 240), textures.clouded(0.04), 0.3, 0)


def car(canvas: Canvas) -> None:
    """A saloon from the side."""
    paint = canvas.pick(((200, 45, 45), (50, 90, 170), (235, 190, 60), (70, 130, 110)))
    gloss = textures.glazed()
    lower = [
        (-1.32, 0.36),
        (-1.33, 0.08),
        (-1.2, -0.02),
        (-0.78, -0.08),
        (-0.46, -0.46),
        (-0.25, -0.54),
    ]
    upper = [(0.3, -0.54), (0.55, -0.46), (0.86, -0.06), (1.25, 0.0), (1.34, 0.12), (1.34, 0.36)]
    canvas.part(curve([*lower, *upper], fine=5), paint, gloss, 0.16, 0.2)
    canvas.part(box(-1.3, 0.27, 1.3, 0.38), toned(paint, 0.45), gloss, 0.3, 0.03)
    glass = textures.clouded(0.1, 3, 6)
    front = curve(
        [(-0.66, -0.09), (-0.4, -0.41), (-0.22, -0.46), (-0.06, -0.46), (-0.06, -0.09)], fine=3
    )
    rear = curve(
        [(0.02, -0.46), (0.28, -0.46), (0.48, -0.39), (0.7, -0.09), (0.02, -0.09)], fine=3
    )
    for pane in (front, rear):
        canvas.part(pane, (130, 175, 195), glass, 0.35, 0.05)
    for x in (-0.72, -0.02, 0.74):
        canvas.part(ribbon([(x, -0.07), (x + 0.01, 0.27)], 0.014), _INK, bulge=0)
    for x in (-0.18, 0.6):
        canvas.part(ribbon([(x, 0.02), (x + 0.13, 0.02)], 0.04), (225, 225, 230), bulge=0.02)
    canvas.part(
        ellipse(-1.24, 0.1, 0.07, 0.08), (255, 245, 205), textures.bricks(0.03, 0.03), 0.2, 0.05
    )
    canvas.part(box(1.25, 0.06, 1.34, 0.18), (220, 40, 30), textures.bricks(0.03, 0.03), 0.3, 0.03)
    for x in (-1.3, 1.3):
        canvas.part(
            box(x - 0.12, 0.25, x + 0.12, 0.34), (205, 205, 210), textures.brushed(), 0.3, 0.05
        )
    for x in (-0.78, 0.8):
        _wheel(canvas, x, 0.36)


def _wheel(canvas: Canvas, x: float, y: float) -> None:
    canvas.part(ellipse(x, y - 0.02, 0.31, 0.3), _INK, bulge=0)
    canvas.part(ellipse(x, y, 0.27, 0.27), (48, 46, 48), textures.checks(0.025), 0.4, 0.08)
    canvas.part(ellipse(x, y, 0.175, 0.175), (190, 192, 200), textures.brushed(), 0.4, 0.06)
    start = canvas.rng.uniform(0, 1)
    for angle in np.arange(6) * np.pi / 3 + start:
        gap = ellipse(x + 0.105 * np.cos(angle), y + 0.105 * np.sin(angle), 0.05, 0.03, angle)
        canvas.part(gap, _INK, bulge=0)
    canvas.part(ellipse(x, y, 0.045, 0.045), (215, 215, 222), bulge=0.03)
