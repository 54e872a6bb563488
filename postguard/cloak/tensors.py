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


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Antialiased bicubic (1,C,H,W) -> (1,C,*size), clamped to [0,1]; the same size is kept."""
    if x.shape[-2:] == size:
        return x
    return unclamped(x, size).clamp(0, 1)


def unclamped(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Antialiased bicubic (1,C,H,W) -> (1,C,*size), of any values.

    On a GPU as a product of matrices: torch's own gradient adds up there in any order, so that the
    same seed gave other bytes.
    """
    if x.device.type != "cpu":
        return _multiplied(x, size)
    return functional.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False)


def _multiplied(x: Tensor, size: tuple[int, int]) -> Tensor:
    lengths = zip((x.shape[-2], x.shape[-1]), size, strict=True)
    down, across = (_taps(n, m, x.device) for n, m in lengths)
    return down @ x @ across.T


@functools.lru_cache(maxsize=16)
def _taps(length: int, size: int, device: torch.device) -> Tensor:
    """(size,length): what each pixel of the new side takes of each of the old, as torch has it."""
    whole = torch.eye(length)[None, None]
    # Along the rows, which torch does eight times as fast: a picture asks for about ten of these.
    return unclamped(whole, (length, size))[0, 0].T.contiguous().to(device)
