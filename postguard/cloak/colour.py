"""How much of a change may be colour: less than luma, coarser, and none where there is none.

The eye sees fine colour worse than fine luma, and so does SSIMULACRA2; codecs keep it at half the
size. Colour that is moved along with luma gained 20 to 40 % on flat art at the same score, 10 % on
a painting; half as much again gained nothing more.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.budget import REACH
from postguard.cloak.tensors import box_mean, luma

SHARE = 0.4  # of luma's steps
# What is less rounds to nothing, and costs luma its exactness: on flat art at SSIMULACRA2 80 a
# quarter of the gain.
_LEAST = 1.25 / 255
# Of colour around a pixel, at the size that is worked at: paper, ink and screentone stay gray.
_GRAY = 3 / 255
_COARSE = 2  # px: how codecs keep colour
# Y, Cb and Cr of JPEG (ITU-T T.871) as they move red, green and blue.
_MIX = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def colour_share(x: Tensor, limit: Tensor) -> Tensor:
    """Return how large a step in colour may be beside one in luma, (1,1,H,W) in [0, SHARE].

    Args:
        x: (1,3,H,W) in [0,1].
        limit: (1,1,H,W) in [0,1], the largest change of each pixel.
    """
    coloured = box_mean((x - luma(x)).abs().amax(1, keepdim=True), REACH // 2) > _GRAY
    return SHARE * (coloured & (SHARE * limit >= _LEAST)).to(x)


def by_planes(gradient: Tensor) -> Tensor:
    """(B,3,H,W), by red, green and blue -> by luma and two planes of colour, which are coarse."""
    planes = torch.einsum("ji,bjhw->bihw", _mix(gradient.device), gradient)
    return torch.cat([planes[:, :1], _coarse(planes[:, 1:])], 1)


def in_channels(planes: Tensor, colour: Tensor) -> Tensor:
    """(B,3,H,W), steps in luma and colour, the latter times `colour`, (1,1,H,W) or one number ->
    in red, green and blue; the same three where `colour` is 0."""
    steps = torch.cat([planes[:, :1], planes[:, 1:] * colour], 1)
    return torch.einsum("ij,bjhw->bihw", _mix(planes.device), steps)


def _coarse(planes: Tensor) -> Tensor:
    height, width = planes.shape[-2:]
    means = functional.avg_pool2d(planes, _COARSE, ceil_mode=True)
    wide = means.repeat_interleave(_COARSE, -2).repeat_interleave(_COARSE, -1)
    return wide[..., :height, :width]


@functools.lru_cache(maxsize=4)  # what is brought to a GPU anew waits for all it still does
def _mix(device: torch.device) -> Tensor:
    return torch.tensor(_MIX, device=device)
