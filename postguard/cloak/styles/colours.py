"""OKLab (Ottosson 2020): equal steps look equal, so means and distances of colours make sense."""

from __future__ import annotations

import torch
from torch import Tensor

_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_LINEAR_PART = 0.04045  # of sRGB, below which it is a straight line


def to_lab(x: Tensor) -> Tensor:
    """sRGB (1,3,H,W) in [0,1] -> OKLab: lightness in [0,1], two opponent colours in [-0.4,0.4]."""
    x = x.clamp(0, 1)
    linear = torch.where(x <= _LINEAR_PART, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    cones = _times(x.new_tensor(_TO_CONES), linear)
    return _times(x.new_tensor(_TO_LAB), cones.clamp_min(0) ** (1 / 3))


def to_rgb(lab: Tensor) -> Tensor:
    """OKLab (1,3,H,W) -> sRGB, clipped to [0,1]."""
    cones = _times(torch.linalg.inv(lab.new_tensor(_TO_LAB)), lab) ** 3
    linear = _times(torch.linalg.inv(lab.new_tensor(_TO_CONES)), cones).clamp(0, 1)
    curved = 1.055 * linear.clamp_min(1e-6) ** (1 / 2.4) - 0.055
    return torch.where(linear <= _LINEAR_PART / 12.92, linear * 12.92, curved).clamp(0, 1)


def lightness(x: Tensor) -> Tensor:
    """sRGB (1,3,H,W) -> OKLab's lightness (1,1,H,W) in [0,1]."""
    return to_lab(x)[:, :1]


def hexes(*colours: str) -> Tensor:
    """sRGB such as "f2e8c9" -> OKLab (1,3,N,1)."""
    rgb = torch.tensor([list(bytes.fromhex(c)) for c in colours], dtype=torch.float32) / 255
    return to_lab(rgb.T[None, :, :, None])


def _times(matrix: Tensor, x: Tensor) -> Tensor:
    return torch.einsum("ij,bjhw->bihw", matrix, x)
