"""What WebP leaves of a change, foreseen: so that nothing visible is spent where nothing arrives.

WebP codes luma in blocks of 4x4 pixels (RFC 6386, section 14). In flat colour almost every
coefficient of a block is quantised to nothing, and with it most of a cloak that is spread thinly:
on a flat cartoon a fifth of it came through. Here a change to a coefficient that the picture has
none of must become large enough to be coded, or it is taken out again.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.resizing import resized, unclamped
from postguard.cloak.tensors import luma

_SIDE = 4
# Of an orthonormal coefficient, in [0,1] units. At quality 80 libwebp's step for luma is about
# 12/255; what is under a third to a half of it is dropped. Tried on flat art: 3 to 9 in 255.
_CODED = 4.5 / 255
_FLAT = 3.5 / 255


class Coder:
    """What the platform's coder does to one picture's flat parts.

    Args:
        x: (1,3,H,W) in [0,1], the picture as the perturbation is kept.
        size: (height, width) at which the platform codes it.
    """

    def __init__(self, x: Tensor, size: tuple[int, int]) -> None:
        self._size = size
        self._basis = _basis().to(x)
        self._own = self._blocks(luma(resized(x, size)))

    @torch.no_grad()
    def kept(self, d: Tensor) -> Tensor:
        """(1,1,H,W) change -> the same without what the coder would drop."""
        seen = _sized(d, self._size)
        change = self._blocks(seen)
        dropped = (self._own.abs() < _FLAT) & ((self._own + change).abs() < _CODED)
        dropped[:, 0] = False  # the block's mean is predicted from its neighbours, not dropped
        gone = functional.conv_transpose2d(change * dropped, self._basis, stride=_SIDE)
        gone = gone[..., : self._size[0], : self._size[1]]
        return d - _sized(gone, (d.shape[-2], d.shape[-1]))

    def _blocks(self, plane: Tensor) -> Tensor:
        """(1,1,h,w) -> (1,16,h/4,w/4): the coefficients of each block, the mean first."""
        height, width = plane.shape[-2:]
        whole = functional.pad(plane, (0, -width % _SIDE, 0, -height % _SIDE), mode="replicate")
        return functional.conv2d(whole, self._basis, stride=_SIDE)


def _sized(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """Of values below 0 too."""
    if (plane.shape[-2], plane.shape[-1]) == size:
        return plane
    return unclamped(plane, size)


def _basis() -> Tensor:
    """(16,1,4,4): the orthonormal cosine transform of a block."""
    steps = torch.arange(_SIDE, dtype=torch.float32)
    waves = torch.cos((2 * steps + 1) * steps[:, None] * math.pi / (2 * _SIDE))
    waves = waves * math.sqrt(2 / _SIDE)
    waves[0] /= math.sqrt(2)
    return torch.einsum("ai,bj->abij", waves, waves).reshape(-1, 1, _SIDE, _SIDE)
