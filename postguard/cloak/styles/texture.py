"""What all styles are made of: the size of a stroke, soft blurs, and grain at any size."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

_AREA = 1024 * 640  # pixels of the picture that stroke sizes are given for
_LEAST_UNIT = 0.35  # smaller strokes would fall between pixels
_REACH = 3.0  # deviations of a Gaussian that are computed


def unit(x: Tensor) -> float:
    """Return how many pixels of `x` (1,3,H,W) stand for one pixel of a 1024x640 picture.

    Strokes are given in units, so that a style looks the same at every size.
    """
    return max(math.sqrt(x.shape[-2] * x.shape[-1] / _AREA), _LEAST_UNIT)


def blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian, (1,C,H,W) -> the same; edges are repeated, so that any size works."""
    radius = max(math.ceil(_REACH * sigma), 1)
    at = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
    kernel = torch.softmax(-0.5 * (at / max(sigma, 1e-3)) ** 2, 0)
    planes = functional.pad(x.transpose(0, 1), (radius,) * 4, mode="replicate")
    rows = functional.conv2d(planes, kernel.view(1, 1, -1, 1))
    return functional.conv2d(rows, kernel.view(1, 1, 1, -1)).transpose(0, 1)


def noise(like: Tensor, period: float, generator: Generator) -> Tensor:
    """Grain of mean 0 and deviation 1, (1,1,H,W) for (1,C,H,W) `like`; spots `period` px apart."""
    sigma = period / 4
    step = max(sigma / 1.5, 1.0)
    margin = math.ceil(_REACH * sigma / step) + 1  # the blur's edges lie outside the picture
    rows, columns = (math.ceil(n / step) + 2 * margin for n in like.shape[-2:])
    white = torch.randn(1, 1, rows, columns, generator=generator, device=generator.device)
    soft = blur(white.to(like.device), sigma / step)
    size = (round(rows * step), round(columns * step))
    large = functional.interpolate(soft, size, mode="bicubic", align_corners=False)
    top = round(margin * step)
    height, width = like.shape[-2:]
    deviation = soft.std().clamp_min(1e-6)
    return large[..., top : top + height, top : top + width] / deviation


def even(grain: Tensor) -> Tensor:
    """Spread normal `grain` evenly over (0,1), so that a threshold t cuts off the share t."""
    return 0.5 * (1 + torch.erf(grain / math.sqrt(2)))


def edges(g: Tensor, sigma: float, contrast: float) -> Tensor:
    """(1,1,H,W) lightness -> (1,1,H,W) in [0,1], 1 on dark lines and on the dark side of edges.

    Extended difference of Gaussians (Winnemoeller et al. 2012).
    """
    fine = blur(g, sigma)
    return torch.sigmoid(contrast * (blur(g, 1.6 * sigma) - fine - 0.02))


def mixed(a: Tensor, b: Tensor, share: Tensor | float) -> Tensor:
    """Return `a` where `share` is 0, `b` where it is 1."""
    return a + (b - a) * share
