"""Which way strokes run: along the edges of the picture, and wandering where it has none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from postguard.cloak.styles.texture import blur, noise

_WANDERING = 2.0  # radians, of twice the angle
_QUIET = 2e-4  # squared gradient below which the picture does not say where to go


@dataclass(frozen=True, slots=True)
class Flow:
    """The smoothed structure tensor, as what is used of it.

    Attributes:
        double: (1,2,H,W), cosine and sine of twice the strokes' angle: a stroke has no sign.
        anisotropy: (1,1,H,W) in [0,1], 1 where all edges around run one way.
    """

    double: Tensor
    anisotropy: Tensor

    def tangent(self) -> Tensor:
        """Return (1,2,H,W), unit vectors (x, y) along the strokes, of either sign."""
        return _halved(self.double)


def flow(x: Tensor, sigma: float, generator: Generator, wander: float) -> Flow:
    """Read the strokes' directions off a picture (1,3,H,W).

    Args:
        sigma: px, over which directions are averaged.
        wander: px, over which they turn where the picture is flat.
    """
    padded = functional.pad(x, (1,) * 4, mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    e, f, g = ((a * b).sum(1, keepdim=True) for a, b in _pairs(across, down))
    # Twice the angle of the tangent: the gradient's, turned by a right angle, is its negative.
    double = blur(torch.cat([g - e, -2 * f], 1), sigma)
    energy = blur(e + g, sigma)
    turn = torch.rand(1, generator=generator, device=generator.device).to(x.device)
    angle = 2 * math.pi * turn + _WANDERING * noise(x, wander, generator)
    double = double + _QUIET * torch.cat([angle.cos(), angle.sin()], 1)
    length = double.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return Flow(double / length, (length / (energy + _QUIET)).clamp(0, 1))


def along(grain: Tensor, way: Flow, length: float, steps: int = 6) -> Tensor:
    """Smear `grain` (1,1,H,W) over `length` px along the flow; deviation 1 is kept.

    Line integral convolution (Cabral and Leedom 1993).
    """
    total = grain.clone()
    start, sizes = _grid(grain), _sizes(grain)
    stride = length / (2 * steps)
    for sign in (1.0, -1.0):
        at, heading = start, way.tangent() * sign
        for _ in range(steps):
            at = at + heading * stride
            grid = (at / sizes).permute(0, 2, 3, 1)
            seen = torch.cat([grain, way.double], 1)
            seen = functional.grid_sample(
                seen, grid, padding_mode="reflection", align_corners=False
            )
            total += seen[:, :1]
            turned = _halved(seen[:, 1:])
            same = (turned * heading).sum(1, keepdim=True) >= 0
            heading = torch.where(same, turned, -turned)
    return (total - total.mean()) / total.std(correction=0).clamp_min(1e-6)


def _pairs(a: Tensor, b: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
    return (a, a), (a, b), (b, b)


def _halved(double: Tensor) -> Tensor:
    """(1,2,H,W) of twice an angle -> unit vectors of the angle, within (-90, 90] degrees."""
    cosine, sine = double[:, :1], double[:, 1:]
    angle = torch.atan2(sine, cosine) / 2
    return torch.cat([angle.cos(), angle.sin()], 1)


def _grid(x: Tensor) -> Tensor:
    """Return (1,2,H,W): each pixel's place (x, y) in px from the middle of the picture."""
    rows, columns = (torch.arange(n, dtype=x.dtype, device=x.device) for n in x.shape[-2:])
    y, across = torch.meshgrid(rows, columns, indexing="ij")
    middle = torch.stack([across - (x.shape[-1] - 1) / 2, y - (x.shape[-2] - 1) / 2])
    return middle[None]


def _sizes(x: Tensor) -> Tensor:
    """Return (1,2,1,1): px from the middle to the edges, which `grid_sample` counts as 1."""
    return x.new_tensor([x.shape[-1] / 2, x.shape[-2] / 2]).view(1, 2, 1, 1)
