"""Reads a mark back from a crop, as an eye would: python -m bench.watermark uses it.

The reader is told where a mark stands and how it is turned, and looks at the larger one first.
It takes away what is smooth (the difference from the local mean), soothes the grain of the worn
ink, tries the letters as dark and as light, and gives what is left to tesseract.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from postguard.protect.tiling import Pair, Spot

ERRORS = 0.3  # of the text's characters that may be read wrongly
_EM = 60  # size at which tesseract reads best, in pixels
_AROUND = 0.9  # reach of the local mean, in em
_SOOTHE = 0.03  # radius of the blur, in em
_ROOM = 0.35  # around the mark, in em
_CONTRAST = 3.0  # of the mark's deviation, what becomes black and white


@dataclass(frozen=True)
class Crop:
    """A part of a picture: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, spot: Spot, shape: Pair) -> bool:
        """Return whether the whole mark is inside."""
        width, height = spot.extent(shape)
        return (
            self.left <= spot.x - width / 2
            and spot.x + width / 2 <= self.right
            and self.top <= spot.y - height / 2
            and spot.y + height / 2 <= self.bottom
        )


def random_crop(size: tuple[int, int], rng: np.random.Generator, area: float = 0.4) -> Crop:
    """Return a crop of `area` of the picture; its sides' ratio is drawn too."""
    share = rng.uniform(area, 1) if rng.random() < 0.5 else math.sqrt(area)
    width, height = share * size[0], area / share * size[1]
    left, top = rng.uniform(0, size[0] - width), rng.uniform(0, size[1] - height)
    return Crop(left, top, left + width, top + height)


def there() -> bool:
    """Return whether tesseract is installed."""
    return shutil.which("tesseract") is not None


def read(
    picture: Image.Image, crop: Crop, spots: Sequence[Spot], shape: Pair, text: str, lang: str
) -> bool:
    """Return whether any mark in the crop is read with few errors."""
    part = picture.crop(tuple(round(v) for v in (crop.left, crop.top, crop.right, crop.bottom)))
    inside = [s for s in spots if crop.holds(s, shape)]
    for spot in sorted(inside, key=lambda s: -s.size):
        at = spot.x - round(crop.left), spot.y - round(crop.top)
        for line in _lines(part, at, spot, shape):
            if wrong(_tesseract(line, lang), text) <= ERRORS:
                return True
    return False


def _lines(
    part: Image.Image, at: tuple[float, float], spot: Spot, shape: Pair
) -> Iterator[Image.Image]:
    """Yield the mark laid level, dark on white, for either tone of its letters."""
    scale = _EM / spot.size
    size = [round(_EM * (side + 2 * _ROOM)) for side in shape]
    cos, sin = (
        math.cos(math.radians(spot.angle)) / scale,
        math.sin(math.radians(spot.angle)) / scale,
    )
    x, y = size[0] / 2, size[1] / 2
    level = part.convert("L").transform(
        (size[0], size[1]),
        Image.Transform.AFFINE,
        (cos, sin, at[0] - cos * x - sin * y, -sin, cos, at[1] + sin * x - cos * y),
        Image.Resampling.BICUBIC,
    )
    soft = np.asarray(level.filter(ImageFilter.GaussianBlur(_SOOTHE * _EM)), np.float64)
    mean = np.asarray(level.filter(ImageFilter.BoxBlur(_AROUND * _EM)), np.float64)
    apart = (soft - mean) / max(1.0, float((soft - mean).std()))
    for sign in (-1, 1):
        shade = np.clip(0.5 - sign * apart / _CONTRAST, 0, 1)
        yield Image.fromarray((255 * shade).astype(np.uint8))


def _tesseract(line: Image.Image, lang: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.png"
        line.save(path)
        command = ["tesseract", str(path), "-", "-l", lang, "--psm", "7"]
        done = subprocess.run(
            command, capture_output=True, check=True, env=dict(os.environ, OMP_THREAD_LIMIT="1")
        )
    return done.stdout.decode(errors="replace")


def wrong(read_text: str, text: str) -> float:
    """Return the edit distance to the text at its best place, as a share of its length."""
    found, wanted = _plain(read_text), _plain(text)
    row = [0] * (len(found) + 1)  # the text may begin anywhere
    for i, character in enumerate(wanted, start=1):
        before, row = row, [i]
        for j, other in enumerate(found, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (character != other)))
    return min(row) / len(wanted)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace())
