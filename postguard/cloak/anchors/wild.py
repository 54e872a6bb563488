"""Bird, fish and butterfly."""

from __future__ import annotations

import numpy as np

from postguard.cloak.anchors import textures
from postguard.cloak.anchors.canvas import Canvas, Colour, toned
from postguard.cloak.anchors.geometry import curve, ellipse, jagged, mirrored, ribbon, symmetric

_DARK, _WHITE = (30, 24, 24), (245, 238, 228)
_SIDES = (-1, 1)
_FUR = textures.strokes(lambda u, v: np.arctan2(v + 0.3, u), 0.09, 0.011, 2.0)


def bird(canvas: Canvas) -> None:
    """A songbird on a branch."""
    coats: tuple[tuple[Colour, Colour], ...] = (
        ((70, 110, 175), (225, 130, 70)),
        ((115, 95, 75), (205, 80, 55)),
        ((90, 135, 70), (235, 210, 90)),
    )
    back, breast = canvas.pick(coats)
    down = textures.scales(0.05, 1.3)
    quills = textures.scales(0.075, 3.0)
    branch = ribbon([(-3, 0.95), (-0.6, 0.72), (0.4, 0.74), (3, 0.5)], 0.16, 0.12)
    canvas.part(jagged(branch, canvas.rng, 0.012), (110, 80, 60), textures.bark(0.03), 0.4, 0.06)
    for i in range(4):
        feather = ribbon([(0.4, 0.15), (1.05 - 0.05 * i, 0.55 + 0.07 * i)], 0.16, 0.1)
        canvas.part(feather, toned(back, 0.6 + 0.1 * i), quills, 0.35, 0.03)
    trunk = [(-0.55, -0.5), (0, -0.42), (0.45, 0.0), (0.62, 0.3), (0.2, 0.52), (-0.3, 0.42)]
    canvas.part(jagged(curve([*trunk, (-0.66, 0.0)]), canvas.rng, 0.012), back, down, 0.35, 0.25)
    front = curve(
        [(-0.62, -0.3), (-0.3, -0.25), (-0.1, 0.25), (0.1, 0.47), (-0.3, 0.4), (-0.66, 0.05)]
    )
    canvas.part(jagged(front, canvas.rng, 0.012), breast, _FUR, 0.35, 0.2)
    canvas.part(ellipse(-0.45, -0.45, 0.33, 0.31), back, down, 0.3, 0.2)
    wing = curve(
        [(-0.2, -0.22), (0.15, -0.22), (0.6, 0.15), (0.95, 0.42), (0.35, 0.38), (-0.1, 0.2)]
    )
    canvas.part(wing, toned(back, 0.75), quills, 0.45, 0.12)
    canvas.part(curve([(-0.2, -0.2), (0.15, -0.2), (0.4, 0.05), (0, 0.1)]), back, down, 0.5, 0.1)
    canvas.part(
        np.array([(-0.74, -0.55), (-1.1, -0.4), (-0.72, -0.4)]), (225, 165, 50), bulge=0.04
    )
    canvas.part(
        np.array([(-0.74, -0.4), (-1.03, -0.39), (-0.72, -0.31)]), (185, 125, 35), bulge=0.03
    )
    canvas.part(ellipse(-0.56, -0.5, 0.075, 0.075), _WHITE, bulge=0)
    canvas.part(ellipse(-0.56, -0.5, 0.06, 0.06), (12, 10, 10), bulge=0)
    canvas.part(ellipse(-0.575, -0.52, 0.018, 0.018), (255, 255, 255), bulge=0)
    for x in (-0.1, 0.12):
        canvas.part(ribbon([(x, 0.45), (x - 0.03, 0.72)], 0.05), (190, 120, 70), bulge=0.02)
        for toe in (-0.1, 0.0, 0.08):
            canvas.part(
                ribbon([(x - 0.03, 0.68), (x + toe, 0.76)], 0.04), (190, 120, 70), bulge=0.02
            )


def fish(canvas: Canvas) -> None:
    """A banded fish in its scales."""
    coats: tuple[tuple[Colour, Colour], ...] = (
        ((235, 120, 40), (250, 240, 225)),
        ((235, 200, 60), (60, 70, 130)),
        ((190, 70, 80), (240, 220, 190)),
    )
    coat, band = canvas.pick(coats)
    rays = textures.strokes(lambda u, v: np.arctan2(v, u + 0.5), 0.25, 0.014, 2.5)
    for fin in (
        [(0.7, 0), (1.05, -0.5), (1.2, -0.48), (1.02, 0), (1.2, 0.5), (1.05, 0.52)],
        [(-0.4, -0.4), (-0.1, -0.78), (0.3, -0.72), (0.6, -0.55), (0.5, -0.2)],
        [(-0.2, 0.4), (-0.1, 0.72), (0.15, 0.62), (0.15, 0.35)],
        [(0.3, 0.3), (0.4, 0.6), (0.6, 0.5), (0.55, 0.2)],
    ):
        canvas.part(curve(fin), toned(coat, 0.8), rays, 0.45, 0.05)
    skin = textures.scales(0.075)
    top = [(-1.02, 0.02), (-0.7, -0.33), (-0.2, -0.52), (0.35, -0.4), (0.78, -0.1)]
    canvas.part(
        curve([*top, (0.78, 0.1), (0.35, 0.36), (-0.2, 0.48), (-0.75, 0.3)]), coat, skin, 0.4, 0.28
    )
    for x, tall in ((-0.38, 0.44), (0.12, 0.42), (0.58, 0.2)):
        stripe = curve(
            [
                (x, -tall),
                (x + 0.15, -tall),
                (x + 0.2, 0),
                (x + 0.15, tall * 0.9),
                (x, tall * 0.9),
                (x + 0.05, 0),
            ]
        )
        canvas.part(stripe, band, skin, 0.3, 0.1)
    canvas.part(ribbon([(-0.52, -0.32), (-0.42, 0), (-0.52, 0.32)], 0.03), toned(coat, 0.4))
    canvas.part(
        curve([(-0.25, 0.05), (0.1, -0.05), (0.15, 0.15), (0.02, 0.28)]), coat, rays, 0.5, 0.06
    )
    canvas.part(ellipse(-0.7, -0.1, 0.12, 0.12), _WHITE, bulge=0.06)
    canvas.part(ellipse(-0.72, -0.1, 0.07, 0.07), (10, 10, 15), bulge=0)
    canvas.part(ellipse(-0.745, -0.13, 0.022, 0.022), (255, 255, 255), bulge=0)
    canvas.part(ribbon([(-1.0, 0.08), (-0.9, 0.13), (-0.8, 0.1)], 0.035), toned(coat, 0.3))


def butterfly(canvas: Canvas) -> None:
    """A butterfly with spread wings."""
    coats: tuple[tuple[Colour, Colour], ...] = (
        ((235, 130, 40), (250, 220, 150)),
        ((60, 110, 200), (170, 220, 240)),
        ((220, 190, 70), (200, 70, 70)),
    )
    coat, spot = canvas.pick(coats)
    veins = textures.strokes(lambda u, v: np.arctan2(v, u), 0.3, 0.012, 2.2)
    upper = [(0.04, -0.15), (0.3, -0.72), (0.85, -0.95), (1.08, -0.75), (0.98, -0.2), (0.5, 0.06)]
    lower = [(0.04, 0.0), (0.6, 0.02), (0.88, 0.35), (0.75, 0.75), (0.42, 0.92), (0.15, 0.55)]
    for side in _SIDES:
        for wing in (lower, upper):
            whole = curve(mirrored(wing, side))
            middle = whole.mean(0)
            x, y = middle.tolist()
            canvas.part(whole, _DARK, veins, 0.6, 0.04)
            canvas.part(middle + (whole - middle) * 0.84 - (side * 0.03, 0), coat, veins, 0.5, 0.1)
            canvas.part(ellipse(x, y, 0.15, 0.12), toned(coat, 0.4), veins, 0.4, 0.04)
            canvas.part(ellipse(x, y, 0.09, 0.07), spot, veins, 0.4, 0.04)
            for place in whole[4::7]:
                a, b = middle + (place - middle) * 0.92
                canvas.part(ellipse(a, b, 0.03, 0.025), _WHITE, bulge=0)
        feeler = mirrored([(0.02, -0.4), (0.1, -0.75), (0.28, -0.92)], side)
        canvas.part(ribbon(feeler, 0.025, 0.02), _DARK, bulge=0)
        canvas.part(ellipse(side * 0.29, -0.93, 0.035, 0.03), _DARK)
    rings = textures.bricks(5, 0.07, 0.2)
    canvas.part(
        curve(symmetric([(0, -0.3), (0.08, -0.2), (0.06, 0.3), (0, 0.7)])),
        (90, 65, 50),
        rings,
        0.4,
        0.06,
    )
    canvas.part(ellipse(0, -0.36, 0.085, 0.09), (70, 50, 40), _FUR, 0.4, 0.05)
