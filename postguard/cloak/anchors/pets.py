"""Cat and dog."""

from __future__ import annotations

import numpy as np

from postguard.cloak.anchors import textures
from postguard.cloak.anchors.canvas import Canvas, Colour, Plane, as_plane, toned
from postguard.cloak.anchors.geometry import (
    Points,
    curve,
    ellipse,
    jagged,
    mirrored,
    ribbon,
    symmetric,
)

_DARK, _WHITE, _PINK = (30, 24, 24), (245, 238, 228), (225, 140, 140)
_SIDES = (-1, 1)


def _away(u: Plane, v: Plane) -> Plane:
    """Fur lies away from the face."""
    return as_plane(np.arctan2(v + 0.3, u))


_FUR = textures.strokes(_away, 0.09, 0.011, 2.0)


def _furry(canvas: Canvas, outline: Points, colour: Colour, bulge: float = 0.16) -> None:
    canvas.part(jagged(outline, canvas.rng, 0.014), colour, _FUR, 0.38, bulge)


def cat(canvas: Canvas) -> None:
    """A tabby that sits and looks."""
    coats: tuple[Colour, ...] = ((205, 130, 60), (150, 145, 140), (175, 145, 110), (110, 90, 75))
    coat = canvas.pick(coats)
    tail = [(0.35, 0.9), (0.75, 0.85), (0.85, 0.5), (0.72, 0.2), (0.8, 0.0)]
    _furry(canvas, ribbon(tail, 0.2, 0.12), coat)
    for i in range(4):
        canvas.part(ellipse(0.82 - 0.03 * i, 0.1 + 0.17 * i, 0.09, 0.035), toned(coat, 0.45))
    body = symmetric([(0, -0.15), (0.3, -0.02), (0.46, 0.45), (0.52, 0.9), (0.3, 1), (0, 1)])
    _furry(canvas, curve(body), coat, 0.25)
    _stripes(canvas, coat, [(0.5, y, 0.2, y + 0.06) for y in (0.32, 0.46, 0.6, 0.74)])
    _furry(canvas, ellipse(0, 0.28, 0.2, 0.3), _WHITE)
    for side in _SIDES:
        _furry(canvas, ribbon([(side * 0.15, 0.35), (side * 0.17, 0.95)], 0.25, 0.2), coat)
        _furry(canvas, ellipse(side * 0.19, 0.95, 0.16, 0.09), _WHITE, 0.06)
    _cat_head(canvas, coat)


def _cat_head(canvas: Canvas, coat: Colour) -> None:
    for side in _SIDES:
        ear = mirrored([(0.1, -0.68), (0.42, -1.02), (0.53, -0.35)], side)
        _furry(canvas, ear, coat, 0.08)
        inner = mirrored([(0.22, -0.66), (0.41, -0.9), (0.46, -0.5)], side)
        canvas.part(inner, _PINK, _FUR, 0.3, 0.05)
    face = [(0, -0.76), (0.3, -0.72), (0.53, -0.42), (0.55, -0.22), (0.3, 0.02), (0, 0.08)]
    _furry(canvas, curve(symmetric(face)), coat, 0.25)
    _stripes(canvas, coat, [(0.0, -0.75, 0.0, -0.5), (0.1, -0.74, 0.07, -0.54)])
    _stripes(canvas, coat, [(0.52, -0.3, 0.36, -0.26), (0.5, -0.17, 0.35, -0.17)])
    for side in _SIDES:
        _furry(canvas, ellipse(side * 0.11, -0.13, 0.16, 0.12), _WHITE, 0.1)
    for side in _SIDES:
        canvas.part(ellipse(side * 0.23, -0.38, 0.135, 0.115, side * -0.25), _DARK, bulge=0)
        canvas.part(ellipse(side * 0.23, -0.38, 0.115, 0.095), (150, 190, 60), bulge=0.08)
        canvas.part(ellipse(side * 0.23, -0.38, 0.03, 0.09), (10, 10, 10), bulge=0)
        canvas.part(ellipse(side * 0.23 + 0.04, -0.42, 0.024, 0.024), (255, 255, 255), bulge=0)
        canvas.part(
            ribbon(mirrored([(0, -0.14), (0.06, -0.06), (0.15, -0.07)], side), 0.018), _DARK
        )
        for lift in (-0.1, 0.0, 0.1):
            hair = [(0.14, -0.14 + lift / 3), (0.45, -0.17 + lift), (0.8, -0.1 + lift * 2)]
            canvas.part(ribbon(mirrored(hair, side), 0.016, 0.006), (255, 255, 250), bulge=0)
    canvas.part(curve([(-0.075, -0.25), (0.075, -0.25), (0, -0.16)]), _PINK, bulge=0.04)


def _stripes(canvas: Canvas, coat: Colour, lines: list[tuple[float, ...]]) -> None:
    """Dark bands, each from (x, y) to (x, y), on both sides."""
    for x0, y0, x1, y1 in lines:
        for side in _SIDES:
            band = ribbon(mirrored([(x0, y0), (x1, y1)], side), 0.065, 0.02)
            canvas.part(jagged(band, canvas.rng, 0.008), toned(coat, 0.42), _FUR, 0.4, 0)


def dog(canvas: Canvas) -> None:
    """A dog with hanging ears that sits and pants."""
    coats: tuple[Colour, ...] = ((225, 185, 125), (160, 110, 70), (200, 195, 185), (90, 80, 80))
    coat = canvas.pick(coats)
    _furry(canvas, ribbon([(0.3, 0.85), (0.7, 0.7), (0.85, 0.3)], 0.22, 0.08), coat)
    body = symmetric([(0, -0.1), (0.38, 0.0), (0.5, 0.4), (0.62, 0.95), (0.3, 1), (0, 1)])
    _furry(canvas, curve(body), coat, 0.25)
    _furry(canvas, ellipse(0, 0.35, 0.24, 0.32), _WHITE)
    for side in _SIDES:
        _furry(canvas, ribbon([(side * 0.2, 0.3), (side * 0.22, 0.95)], 0.27, 0.24), coat)
        _furry(canvas, ellipse(side * 0.25, 0.95, 0.19, 0.09), _WHITE, 0.06)
    canvas.part(ribbon([(-0.34, 0.0), (0, 0.1), (0.34, 0.0)], 0.1), (200, 40, 50), bulge=0.04)
    canvas.part(ellipse(0, 0.16, 0.075, 0.075), (235, 190, 60), bulge=0.05)
    _dog_head(canvas, coat)


def _dog_head(canvas: Canvas, coat: Colour) -> None:
    face = [(0, -0.88), (0.27, -0.84), (0.4, -0.58), (0.34, -0.25), (0.27, -0.02), (0, 0.06)]
    _furry(canvas, curve(symmetric(face)), coat, 0.22)
    blaze = [(0, -0.84), (0.07, -0.7), (0.07, -0.4), (0.2, -0.2), (0, -0.1)]
    _furry(canvas, curve(symmetric(blaze)), _WHITE, 0.05)
    tongue = symmetric([(0, -0.05), (0.1, -0.03), (0.1, 0.18), (0, 0.25)])
    canvas.part(curve(tongue), (225, 95, 110), textures.clouded(0.05), 0.15, 0.07)
    for side in _SIDES:
        ear = [
            (0.24, -0.84),
            (0.48, -0.8),
            (0.66, -0.4),
            (0.62, -0.04),
            (0.46, -0.08),
            (0.38, -0.5),
        ]
        _furry(canvas, curve(mirrored(ear, side)), toned(coat, 0.55), 0.12)
        _furry(canvas, ellipse(side * 0.12, -0.15, 0.17, 0.14), _WHITE, 0.12)
        canvas.part(ellipse(side * 0.18, -0.5, 0.09, 0.09), _WHITE, bulge=0.05)
        canvas.part(ellipse(side * 0.18, -0.49, 0.075, 0.08), (70, 38, 20), bulge=0.08)
        canvas.part(ellipse(side * 0.18, -0.49, 0.04, 0.045), (8, 8, 8), bulge=0)
        canvas.part(ellipse(side * 0.18 + 0.025, -0.52, 0.02, 0.02), (255, 255, 255), bulge=0)
        brow = mirrored([(0.1, -0.63), (0.18, -0.66), (0.27, -0.61)], side)
        canvas.part(ribbon(brow, 0.035, 0.02), toned(coat, 0.5), bulge=0)
        mouth = mirrored([(0, -0.14), (0.07, -0.03), (0.2, -0.06)], side)
        canvas.part(ribbon(mouth, 0.022), _DARK, bulge=0)
    canvas.part(curve(symmetric([(0, -0.36), (0.13, -0.34), (0.1, -0.22), (0, -0.19)])), _DARK)
    canvas.part(ellipse(-0.04, -0.31, 0.035, 0.018), (150, 150, 155), bulge=0)
    canvas.part(ribbon([(0, -0.22), (0, -0.12)], 0.02), _DARK, bulge=0)
