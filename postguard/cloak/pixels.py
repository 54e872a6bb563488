"""Pixels (H, W, 3) uint8 and their sizes; needs no torch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
LUMA = (0.299, 0.587, 0.114)  # Rec. 601, as JPEG and WebP weigh it


def kind_of(path: Path) -> dict[str, Any]:
    """Return how Pillow writes a picture that is handed to an engine or back: a TIFF as it is, for
    compressing takes longer than to draw an instant cloak, or a PNG, which may travel."""
    tiff: dict[str, Any] = {"format": "TIFF"}
    return tiff if path.suffix == ".tif" else {"format": "PNG", "compress_level": 1}


def shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Lanczos (H,W,3) -> (*size,3), in the memory of a few rows."""
    return _resampled(pixels, size, Image.Resampling.LANCZOS)


def fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Bicubic (H,W,3) -> (*size,3), larger or smaller: what a target is compared at."""
    return _resampled(pixels, size, Image.Resampling.BICUBIC)


def grown(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Bicubic (h,w) float32 -> size."""
    if plane.shape == size:
        return plane
    image = Image.fromarray(plane).resize(size[::-1], Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32)


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return (height, width) times `scale`, each at least 1."""
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def scale_inside(size: tuple[int, int], side: int) -> float:
    """Return the factor, at most 1, that brings the long side to at most `side`."""
    return min(1.0, side / max(size))


def scale_to_area(size: tuple[int, int], pixels: float) -> float:
    """Return the factor, at most 1, that brings the picture to at most `pixels`."""
    return min(1.0, math.sqrt(pixels / (size[0] * size[1])))


def _resampled(pixels: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    if pixels.shape[:2] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], how))
