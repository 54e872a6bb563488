"""Between pixels (H, W, 3) uint8 and tensors (1, 3, H, W) float32 in [0, 1]; rounding."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.pixels import LUMA, Pixels


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
