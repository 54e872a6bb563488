"""Between pixels (H, W, 3) uint8 and tensors (1, 3, H, W) float32 in [0, 1]; rounding."""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.pixels import LUMA, Pixels


def to_tensor(pixels: Pixels, device: torch.device | None = None) -> Tensor:
    """(H,W,3) uint8 -> (1,3,H,W) in [0,1], on the CPU where no device is said."""
    return torch.from_numpy(pixels.copy()).to(device).permute(2, 0, 1)[None].float() / 255


def to_pixels(x: Tensor) -> Pixels:
    """(1,3,H,W) in [0,1], any device -> (H,W,3) uint8."""
    array: Pixels = (x[0].detach().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return array


def luma(x: Tensor) -> Tensor:
    """(1,3,H,W) -> (1,1,H,W), same range."""
    return (x * _luma_weights(x.device)).sum(1, keepdim=True)


@functools.lru_cache(maxsize=4)  # what is brought to a GPU anew waits for all it still does
def _luma_weights(device: torch.device) -> Tensor:
    return torch.tensor(LUMA, device=device).view(1, 3, 1, 1)


def box_mean(x: Tensor, radius: int) -> Tensor:
    """Mean of the square around each pixel; edges are repeated, so that any size works."""
    padded = functional.pad(x, (radius,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, 2 * radius + 1, 1)


def rounded(x: Tensor) -> Tensor:
    """Round [0,1] to 8 bit as the file will; the gradient passes straight through."""
    return x + ((x.detach() * 255).round() / 255 - x.detach())
