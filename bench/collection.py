"""Pictures to mark and to steal from: crops of real art, and others drawn by code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

ART = Path(__file__).resolve().parents[1].parent / "shared" / "art"


def drawn(count: int, size: tuple[int, int], seed: int = 5) -> Iterator[Image.Image]:
    """Yield pictures of hills, flat shapes and strokes, each in colours of its own."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield _scene(size, rng)


def crops(count: int, size: tuple[int, int], seed: int = 6) -> Iterator[Image.Image]:
    """Yield crops of the shared art at different sizes, some mirrored; none where it is not."""
    rng = np.random.default_rng(seed)
    paths = sorted(p for p in ART.glob("*.*") if p.suffix in {".png", ".jpg"})
    for n in range(count if paths else 0):
        with Image.open(paths[n % len(paths)]) as opened:
            image = opened.convert("RGB")
        share = rng.uniform(0.45, 0.95)
        scale = share * min(image.width / size[0], image.height / size[1])
        box = round(size[0] * scale), round(size[1] * scale)
        left, top = (int(rng.integers(0, s - b)) for s, b in zip(image.size, box, strict=True))
        part = image.crop((left, top, left + box[0], top + box[1]))
        part = part.resize(size, Image.Resampling.LANCZOS)
        yield ImageOps.mirror(part) if rng.random() < 0.5 else part


def _scene(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    width, height = size
    sky, ground = (rng.uniform(20, 240, 3) for _ in range(2))
    mix = np.linspace(0, 1, height)[:, None, None]
    pixels = (sky * (1 - mix) + ground * mix) * np.ones((1, width, 1))
    image = Image.fromarray(pixels.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(6, 14))):
        x, y = rng.uniform(0, 1, 2) * size
        reach = rng.uniform(0.05, 0.3) * height
        colour = tuple(int(v) for v in rng.uniform(0, 255, 3))
        sides = int(rng.integers(3, 9))
        turns = np.sort(rng.uniform(0, 2 * np.pi, sides))
        pen.polygon([(x + reach * np.cos(t), y + reach * np.sin(t)) for t in turns], fill=colour)
    for _ in range(int(rng.integers(10, 60))):
        points = rng.uniform(0, 1, 2) * size + np.cumsum(rng.normal(0, 0.04 * height, (6, 2)), 0)
        colour = tuple(int(v) for v in rng.uniform(0, 255, 3))
        pen.line([tuple(p) for p in points], fill=colour, width=int(rng.integers(1, 6)))
    soft = image.filter(ImageFilter.GaussianBlur(1))
    grain = rng.normal(0, rng.uniform(0, 4), (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))
