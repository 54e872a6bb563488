"""Pictures drawn by code, no two alike: decoys for searches, and art that anybody has."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

SIZES = ((1200, 900), (900, 1200), (1000, 1000), (1280, 720))


def drawn(seed: int, scale: float = 1.0) -> Image.Image:
    """Return an RGB picture of 8 to 39 flat forms and lines on a ground that fades."""
    rng = np.random.default_rng(seed)
    width, height = (round(side * scale) for side in SIZES[rng.integers(len(SIZES))])
    fade = np.linspace(0, 1, height)[:, None, None]
    above, below = rng.integers(0, 256, (2, 3))
    ground = above * (1 - fade) + below * fade + np.zeros((1, width, 1))
    picture = Image.fromarray(ground.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(8, 40)):
        _form(pen, rng, width, height, scale)
    return picture


def _form(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, height: int, scale: float
) -> None:
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    r = int(rng.integers(round(15 * scale), width // 4))
    colour = (int(rng.integers(256)), int(rng.integers(256)), int(rng.integers(256)))
    line = max(1, round(int(rng.integers(1, 12)) * scale))

    def near(spread: float) -> tuple[float, float]:
        return x + rng.normal() * r * spread, y + rng.normal() * r * spread

    kind = rng.integers(4)
    if kind == 0:
        pen.ellipse((x - r, y - r // 2, x + r, y + r // 2), colour, (20, 20, 20), line)
    elif kind == 1:
        pen.polygon([near(1) for _ in range(5)], colour)
    elif kind == 2:
        pen.line([near(2) for _ in range(4)], colour, line)
    else:
        pen.rectangle((x, y, x + r, y + r // 2), colour)
