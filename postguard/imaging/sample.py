"""Draws a picture by code, for the demo: a fox below the moon. Nobody's art but ours."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

_WIDTH, _HEIGHT = 1800, 1350
_MOON = (1180, 420, 230)  # centre and radius
_OPAQUE = 255
_FUR, _DARK, _CREAM = (214, 96, 40), (150, 58, 26), (250, 232, 206)

_CUTS = (0.25, 0.75)

Points = list[tuple[float, float]]


def draw(seed: int = 7) -> bytes:
    """Return an 1800x1350 PNG; the same seed gives the same picture."""
    rng = random.Random(seed)  # noqa: S311  # stars and trees, no secrets
    picture = Image.fromarray(_sky())
    _stars(picture, rng)
    picture = _moon(picture)
    for depth, colour in enumerate(((52, 66, 104), (34, 46, 78), (20, 29, 52))):
        _ridge(picture, rng, 760 + 130 * depth, colour, trees=26 - 5 * depth)
    _hill(picture, rng)
    picture = _fox(picture, rng)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _sky() -> NDArray[np.uint8]:
    """A dusk from deep blue to rose, (H, W, 3) uint8, dithered so that it does not band."""
    top, low = np.array([22, 28, 66.0]), np.array([214, 138, 140.0])
    share = np.linspace(0, 1, _HEIGHT)[:, None, None] ** 1.6
    dither = np.random.default_rng(0).uniform(-0.5, 0.5, (_HEIGHT, _WIDTH, 1))
    sky = top + (low - top) * share + np.zeros((1, _WIDTH, 1)) + dither
    whole: NDArray[np.uint8] = np.clip(np.rint(sky), 0, 255).astype(np.uint8)
    return whole


def _stars(picture: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(picture)
    for _ in range(220):
        x, y, r = rng.randrange(_WIDTH), int(rng.random() ** 2 * 700), rng.choice((1, 1, 1, 2))
        light = rng.randint(170, 255)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(light, light, min(255, light + 10)))


def _moon(picture: Image.Image) -> Image.Image:
    x, y, r = _MOON
    glow = Image.new("L", picture.size, 0)
    ImageDraw.Draw(glow).ellipse((x - r * 2, y - r * 2, x + r * 2, y + r * 2), fill=90)
    glow = glow.filter(ImageFilter.GaussianBlur(130))
    picture = Image.composite(Image.new("RGB", picture.size, (255, 240, 214)), picture, glow)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((x - r, y - r, x + r, y + r), fill=(253, 244, 222))
    for dx, dy, size in ((-70, -60, 44), (60, 30, 60), (-30, 90, 34), (100, -90, 26)):
        box = (x + dx - size, y + dy - size, x + dx + size, y + dy + size)
        pen.ellipse(box, fill=(240, 226, 198))
    return picture


def _ridge(
    picture: Image.Image, rng: random.Random, base: int, colour: tuple[int, int, int], trees: int
) -> None:
    pen = ImageDraw.Draw(picture)
    phase = rng.uniform(0, 6)
    line = [
        (x, base + 50 * math.sin(x / 260 + phase) + 22 * math.sin(x / 90 + 2 * phase))
        for x in range(0, _WIDTH + 20, 20)
    ]
    pen.polygon([*line, (_WIDTH, _HEIGHT), (0, _HEIGHT)], fill=colour)
    for _ in range(trees):
        x, foot = rng.choice(line)
        _pine(pen, x + rng.uniform(-8, 8), foot + 12, rng.uniform(70, 170), colour)


def _pine(
    pen: ImageDraw.ImageDraw, x: float, foot: float, height: float, colour: tuple[int, int, int]
) -> None:
    for i in range(4):
        top, wide = foot - height * (1 - i * 0.2), height * (0.1 + 0.06 * i)
        low = top + height * 0.36
        pen.polygon([(x, top), (x - wide, low), (x + wide, low)], fill=colour)


def _hill(picture: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(picture)
    top = [
        (x, 1190 - 130 * math.exp(-(((x - 620) / 420) ** 2)) + 10 * math.sin(x / 140))
        for x in range(0, _WIDTH + 20, 20)
    ]
    pen.polygon([*top, (_WIDTH, _HEIGHT), (0, _HEIGHT)], fill=(12, 18, 32))
    for _ in range(500):  # grass
        foot, y = rng.choice(top)
        x, lean = foot + rng.uniform(-10, 10), rng.uniform(-9, 9)
        pen.line([(x, y + 10), (x + lean, y - rng.uniform(8, 30))], fill=(16, 26, 40), width=3)


def _fox(picture: Image.Image, rng: random.Random) -> Image.Image:
    """A sitting fox, drawn twice as large and reduced, so that its edges are smooth."""
    big = Image.new("RGBA", (1600, 1800), (0, 0, 0, 0))
    pen = ImageDraw.Draw(big)
    pen.polygon(_tail(), fill=_FUR)
    pen.polygon([(330, 1180), (215, 960), (215, 860), (290, 770), (420, 1000)], fill=_CREAM)
    pen.polygon(
        _curve([(560, 760), (430, 1100), (440, 1560), (1060, 1560), (960, 1000)]), fill=_FUR
    )
    pen.polygon(
        _curve([(690, 860), (640, 1150), (700, 1420), (850, 1330), (850, 900)]), fill=_CREAM
    )
    pen.polygon([(660, 1180), (640, 1580), (760, 1580), (770, 1200)], fill=_FUR)
    pen.polygon([(830, 1180), (830, 1580), (950, 1580), (930, 1180)], fill=_FUR)
    for x in (640, 830):
        pen.rounded_rectangle((x - 14, 1500, x + 134, 1590), radius=40, fill=(52, 26, 20))
    for side in (-1, 1):
        ear = [(760 + side * 60, 440), (760 + side * 250, 140), (760 + side * 265, 520)]
        pen.polygon(ear, fill=_FUR)
        inner = [(760 + side * 110, 430), (760 + side * 232, 220), (760 + side * 238, 480)]
        pen.polygon(inner, fill=_DARK)
        cheek = [(760, 640), (760 + side * 300, 560), (760 + side * 180, 800), (760, 860)]
        pen.polygon(_curve(cheek), fill=_CREAM)
    pen.polygon(
        _curve([(480, 520), (760, 350), (1040, 520), (930, 660), (760, 720), (590, 660)]),
        fill=_FUR,
    )
    pen.polygon(_curve([(680, 560), (840, 560), (800, 840), (720, 840)]), fill=_FUR)
    pen.ellipse((708, 800, 812, 868), fill=(30, 18, 20))
    for x in (630, 890):
        pen.ellipse((x - 34, 566, x + 34, 640), fill=(26, 20, 24))
        pen.ellipse((x - 10, 578, x + 10, 600), fill=(255, 250, 240))
    _brush(big, rng)
    small = big.resize((400, 450), Image.Resampling.LANCZOS)
    picture.paste(small, (420, 690), small)
    return picture


def _tail() -> Points:
    return _curve(
        [(520, 1560), (250, 1480), (180, 1150), (260, 900), (330, 760), (430, 1080), (560, 1300)]
    )


def _brush(image: Image.Image, rng: random.Random) -> None:
    """Strokes of fur in the fox's own colours."""
    pen = ImageDraw.Draw(image)
    pixels = image.load()
    assert pixels is not None
    for _ in range(5000):
        x, y = rng.randrange(180, 1080), rng.randrange(400, 1500)
        colour = pixels[x, y]
        if not isinstance(colour, tuple) or colour[3] < _OPAQUE or colour[0] < _FUR[2]:
            continue  # not on the fox, or on its eyes and nose
        shift = rng.randint(-16, 16)
        tone = tuple(max(0, min(255, c + shift)) for c in colour[:3])
        pen.line([(x, y), (x + rng.uniform(-6, 6), y + rng.uniform(10, 26))], fill=tone, width=4)


def _curve(corners: Sequence[tuple[float, float]], rounds: int = 3) -> Points:
    """Round a polygon's corners (Chaikin, 1974)."""
    points = list(corners)
    for _ in range(rounds):
        pairs = zip(points, [*points[1:], points[0]], strict=True)
        points = [
            (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairs for t in _CUTS
        ]
    return points
