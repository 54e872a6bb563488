"""The anisotropic Kuwahara filter (Kyprianidis, Kang and Doellner 2009): paint with edges kept.

Around each pixel lies an ellipse along the flow, cut into eight overlapping sectors; the pixel
takes the mean of the calm sectors. The ellipse is read at the same few points everywhere,
stretched and turned for each pixel, so that the sectors' weights are one constant matrix.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.styles.flow import Flow

_SECTORS = 8
_POINTS = 48
_SHARPNESS = 4  # half of the paper's q = 8, for it works on squared deviations here
_BAND = 1 << 15  # pixels at a time, so that their points stay in the cache


def kuwahara(x: Tensor, way: Flow, radius: float) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same, as flat dabs of about `radius` px along the flow."""
    height, width = x.shape[-2:]
    points, weights = _disc(x)
    pixels = torch.cat([x, x.pow(2).sum(1, keepdim=True)], 1)[0].flatten(1).T.contiguous()
    rows = max(_BAND // width, 1)
    bands = [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
    painted = [
        _dabs(functional.embedding(_places(way, radius * points, band), pixels), weights)
        for band in bands
    ]
    return torch.cat(painted).T.reshape(x.shape)


def _dabs(read: Tensor, weights: Tensor) -> Tensor:
    """Colours and their summed squares (points,N,4) -> the colour that each pixel takes (N,3)."""
    sectors = (weights @ read.flatten(1)).view(_SECTORS, -1, 4)
    mean, square = sectors[..., :3], sectors[..., 3:]
    variance = (square - mean.pow(2).sum(-1, keepdim=True)).clamp_min(0) * 255**2
    share = 1 / (1 + variance**_SHARPNESS)
    return (mean * share).sum(0) / share.sum(0).clamp_min(1e-30)


def _places(way: Flow, points: Tensor, rows: slice) -> Tensor:
    """Return (points,N): the pixel of the picture that each point of each ellipse falls on."""
    height, width = way.anisotropy.shape[-2:]
    right, down = way.tangent()[0, :, rows].flatten(1)
    stretch = 1 + way.anisotropy[0, 0, rows].flatten()
    u, v = points[:, :1] * stretch, points[:, 1:] / stretch
    lines = torch.arange(rows.start, rows.stop, device=points.device).repeat_interleave(width)
    columns = torch.arange(width, device=points.device).repeat(rows.stop - rows.start)
    x = torch.addcmul(columns + u * right, v, down, value=-1).round_().clamp_(0, width - 1)
    y = torch.addcmul(lines + u * down, v, right).round_().clamp_(0, height - 1)
    return y.int() * width + x.int()


def _disc(like: Tensor) -> tuple[Tensor, Tensor]:
    """Return points (P,2) spread over the unit disc, and the sectors' weights (8,P), sum 1."""
    n = torch.arange(_POINTS, dtype=torch.float32)
    r, angle = ((n + 0.5) / _POINTS).sqrt(), n * math.pi * (3 - math.sqrt(5))
    points = torch.stack([r * angle.cos(), r * angle.sin()], 1)
    turn = 2 * math.pi * torch.arange(_SECTORS)[:, None] / _SECTORS
    ahead = points[:, 0] * turn.cos() + points[:, 1] * turn.sin()
    aside = points[:, 1] * turn.cos() - points[:, 0] * turn.sin()
    # Polynomial sectors (Kyprianidis 2011): wide enough to meet at the centre.
    weights = (ahead + 0.33 - 0.8 * aside**2).clamp_min(0) ** 2 * (-2 * r**2).exp()
    return points.to(like.device), (weights / weights.sum(1, keepdim=True)).to(like.device)
