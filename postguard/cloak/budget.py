"""How much each pixel may change: little where it would be seen, nothing where nothing is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.tensors import box_mean, luma

FLOOR = 0.15  # share of the ceiling that flat colour gets: 3, 4.5 and 6 in 255 by strength
REACH = 5  # pixels around a pixel that its budget depends on
_GRAY = 127  # where the eye is keenest, in 1/255
_FULL = 0.06  # local deviation of luma, in [0,1], that hides the whole ceiling


def budget(x: Tensor, ceiling: float, alpha: Tensor | None = None) -> Tensor:
    """(1,3,H,W) in [0,1] -> (1,1,H,W) in [0, ceiling]: the largest change of each pixel in any
    channel.

    Args:
        ceiling: in [0,1] units, e.g. 6/255.
        alpha: (1,1,H,W) in [0,1]; the budget fades with it and is 0 where it is 0.
    """
    g = luma(x)
    share = box_mean((FLOOR + _texture(g) / _FULL) * _light(g), 1).clamp(max=1)
    return ceiling * (share if alpha is None else share * alpha)


def _texture(g: Tensor) -> Tensor:
    """Local deviation, the least of four windows around the pixel.

    Where one side is flat the least is small, so a line on flat colour gets no halo; inside
    texture all four are large (the idea of Kuwahara's filter turned round).
    """
    m = box_mean(g, 2)
    deviation = (box_mean(g * g, 2) - m * m).clamp_min(0).sqrt()
    around = functional.pad(deviation, (2, 2, 2, 2), mode="replicate")
    height, width = g.shape[-2:]
    corners = [around[..., i : i + height, j : j + width] for i in (0, 4) for j in (0, 4)]
    return torch.stack(corners).amin(0)


def _light(g: Tensor) -> Tensor:
    """Luminance adaptation (Yang et al. 2005, as a share): the eye forgives most in the dark."""
    background = box_mean(g, 2) * 255
    dark = 17 * (1 - (background.clamp(max=_GRAY) / _GRAY).sqrt()) + 3
    bright = 3 / 128 * (background - _GRAY) + 3
    threshold = torch.where(background <= _GRAY, dark, bright)
    return (threshold / 4).clamp(0.8, 1.25)
