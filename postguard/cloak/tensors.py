"""Between pixels (H, W, 3) uint8 and tensors (1, 3, H, W) float32 in [0, 1]; sizes; rounding."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

Pixels = NDArray[np.uint8]
LUMA = (0.299, 0.587, 0.114)  # Rec. 601, as JPEG and WebP weigh it


def to_tensor(pixels: Pixels) -> Tensor:
    """(H,W,3) uint8 -> (1,3,H,W) in [0,1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def to_pixels(x: Tensor) -> Pixels:
    """(1,3,H,W) in [0,1], any device -> (H,W,3) uint8."""
    array: Pixels = (x[0].detach().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return array


def luma(x: Tensor) -> Tensor:
    """(1,3,H,W) -> (1,1,H,W), same range."""
    return (x * x.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def rounded(x: Tensor) -> Tensor:
    """Round [0,1] to 8 bit as the file will; the gradient passes straight through."""
    return x + ((x.detach() * 255).round() / 255 - x.detach())


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Antialiased bicubic (1,C,H,W) -> (1,C,*size), clamped to [0,1]; the same size is kept."""
    if x.shape[-2:] == size:
        return x
    y = functional.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False)
    return y.clamp(0, 1)


def shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Lanczos (H,W,3) -> (*size,3), in the memory of a few rows."""
    if pixels.shape[:2] == size:
        return pixels
    image = Image.fromarray(pixels).resize(size[::-1], Image.Resampling.LANCZOS)
    return np.asarray(image)


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
