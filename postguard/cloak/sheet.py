"""A picture at full size with its perturbation, kept in eleven bytes for a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from postguard.cloak.budget import REACH, budget
from postguard.cloak.device import CPU
from postguard.cloak.pixels import Pixels
from postguard.cloak.resizing import Grown
from postguard.cloak.tensors import to_tensor

_STRIP_PIXELS = 1 << 20
_BLOCK = 32


@dataclass(frozen=True, slots=True)
class Sheet:
    """Full-size state; the planes are changed in place.

    Attributes:
        pixels: (H,W,3) uint8, never changed.
        limit: (H,W) float16 in [0,1]: the largest change of each pixel, in any channel.
        d: (3,H,W) float16: the change of each channel, inside the limit.
    """

    pixels: Pixels
    limit: NDArray[np.float16]
    d: NDArray[np.float16]

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[0], self.pixels.shape[1]

    def finished(self, share: float = 1.0, device: torch.device = CPU) -> Pixels:
        """Return the picture with `share` of the change, held inside the limit, clipped and
        rounded; (H,W,3) uint8. It is computed on `device`, in strips."""
        result = torch.empty(self.pixels.shape, dtype=torch.uint8)
        for rows in _strips(self.size):
            limit = torch.from_numpy(self.limit[rows]).to(device).float()
            d = torch.from_numpy(self.d[:, rows]).to(device).float()
            change = (d * share).clamp(-limit, limit).mul_(255).round_()
            pixels = torch.from_numpy(self.pixels[rows].copy()).to(device)
            result[rows] = (pixels + change.permute(1, 2, 0)).clamp_(0, 255).byte().cpu()
        found: Pixels = result.numpy()
        return found

    def mixed(self, less: Pixels, more: Pixels, part: float) -> Pixels:
        """Return two finished pictures as one: `more` in `part`, in [0,1], of its blocks of 32
        pixels, else `less`."""
        return np.where(self._chosen(part)[..., None], more, less)

    def _chosen(self, part: float) -> NDArray[np.bool_]:
        """(H,W): the same blocks for the same part, and more of them for a larger one."""
        height, width = self.size
        rows, columns = -(-height // _BLOCK), -(-width // _BLOCK)
        chance = np.random.default_rng(0).random((rows, columns))
        whole = np.repeat(np.repeat(chance < part, _BLOCK, 0), _BLOCK, 1)
        return whole[:height, :width]


def spread(pixels: Pixels, alpha: NDArray[np.uint8] | None, low: Tensor, ceiling: float) -> Sheet:
    """Return the sheet of a picture whose perturbation was found at a working size.

    Args:
        low: (1,3,h,w), the perturbation at the working size, in [0,1] units.
        ceiling: the largest change of any channel of a pixel, in [0,1] units.
    """
    size = pixels.shape[0], pixels.shape[1]
    limit, d = np.empty(size, np.float16), np.empty((3, *size), np.float16)
    grown = Grown(low, size)
    for rows in _strips(size):
        bound = _limit(pixels, alpha, rows, ceiling, low.device).half()
        limit[rows] = bound.cpu().numpy()
        kept = grown.rows(rows)[0].clamp(-bound.float(), bound.float())
        d[:, rows] = kept.half().cpu().numpy()
    return Sheet(pixels, limit, d)


def alpha_tensor(alpha: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(H,W) uint8 -> (1,1,H,W) in [0,1]."""
    return torch.from_numpy(alpha.copy()).to(device)[None, None].float() / 255


def _limit(
    pixels: Pixels,
    alpha: NDArray[np.uint8] | None,
    rows: slice,
    ceiling: float,
    device: torch.device,
) -> Tensor:
    """Return the budget (h,w) of a strip, computed with the rows around it that it depends on."""
    top, bottom = max(rows.start - REACH, 0), min(rows.stop + REACH, pixels.shape[0])
    part = None if alpha is None else alpha_tensor(alpha[top:bottom], device)
    found = budget(to_tensor(pixels[top:bottom], device), ceiling, part)[0, 0]
    return found[rows.start - top : rows.stop - top]


def _strips(size: tuple[int, int]) -> Iterator[slice]:
    height = max(_STRIP_PIXELS // size[1], 1)
    for top in range(0, size[0], height):
        yield slice(top, min(top + height, size[0]))
