"""Pictures drawn by our own code alone, for training: no one's art is in them.

    python -m tools.train.pictures sheet.png [--seed 0]     # a contact sheet, to look at

`draw(rng, side)` returns one; the same state of `rng` gives the same picture. They are to have
what posted art has: flat colour beside hard outlines, soft gradients, brush work, screentone,
lettering, and the marks of resizing and of JPEG.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tools.train import pictures_ink as ink
from tools.train import pictures_scenes as scenes

Pixels = NDArray[np.uint8]
Rng = np.random.Generator

_FINE = (1.2, 1.8)  # times the size that is drawn at: that smooths the edges
# Each scene with its share; those that art is made of most come most.
_SCENES: tuple[tuple[Callable[[Rng, int], Image.Image], float], ...] = (
    (scenes.cartoon, 3.0),
    (scenes.figure, 2.0),
    (scenes.painting, 3.0),
    (scenes.hills, 2.0),
    (scenes.leaves, 2.0),
    (scenes.gradients, 1.0),
    (scenes.line_art, 1.5),
    (scenes.manga, 1.5),
    (scenes.textures, 1.0),
)
_LETTERED, _GRAINED, _BLURRED, _CODED = 0.2, 0.2, 0.2, 0.5  # shares of pictures
_LEAST_QUALITY = 55


def draw(rng: Rng, side: int) -> Pixels:
    """Return a picture, (side, side, 3) uint8."""
    image = _scene(rng, side)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < _LETTERED:
        dark, light = scenes.colour(rng, 0.2), scenes.colour(rng, 0.9)
        both = (dark, light) if rng.random() < 0.5 else (light, dark)
        ink.lettering(rng, image, both[0], both[1] if rng.random() < 0.5 else None)
    return _worn(rng, image, side)


def _scene(rng: Rng, side: int) -> Image.Image:
    shares = np.array([share for _, share in _SCENES])
    scene = _SCENES[rng.choice(len(_SCENES), p=shares / shares.sum())][0]
    return scene(rng, round(side * rng.uniform(*_FINE)))


def _worn(rng: Rng, image: Image.Image, side: int) -> Pixels:
    """Bring a picture to its size as art comes to be served: resized, softened, grained, coded."""
    ways = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BOX)
    image = image.resize((side, side), ways[rng.integers(len(ways))])
    if rng.random() < _BLURRED:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    pixels = np.asarray(image, np.float32)
    if rng.random() < _GRAINED:
        channels = 3 if rng.random() < 0.3 else 1
        grain = rng.normal(0, rng.uniform(1, 8), (side, side, channels))
        pixels = pixels + grain.astype(np.float32)
    light, contrast = rng.normal(0, 10), rng.uniform(0.75, 1.2)
    pixels = np.rint(((pixels - 128) * contrast + 128 + light).clip(0, 255))
    finished = pixels.astype(np.uint8)
    if rng.random() >= _CODED:
        return finished
    return _coded(finished, int(rng.integers(_LEAST_QUALITY, 97)))


def _coded(pixels: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def sheet(seed: int, side: int = 192, columns: int = 10, rows: int = 6) -> Image.Image:
    """Return many pictures side by side."""
    rng = np.random.default_rng(seed)
    whole = Image.new("RGB", (columns * side, rows * side))
    for i in range(columns * rows):
        place = (i % columns * side, i // columns * side)
        whole.paste(Image.fromarray(draw(rng, side)), place)
    return whole


def main() -> None:
    """Write a contact sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sheet(asked.seed).save(asked.file)


if __name__ == "__main__":
    main()
