"""Watercolour: thin washes with dark rims that run over rough paper and settle in its grain."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional

from postguard.cloak.styles.flow import flow
from postguard.cloak.styles.kuwahara import kuwahara
from postguard.cloak.styles.palette import Palette, transfer
from postguard.cloak.styles.texture import blur, noise, unit

PALETTE = Palette(
    ("3d5a80", "7fa6b8", "a9c7b5", "c98a9a", "e5b8a5", "efd9a7", "f7f1e3", "8a7a9b"),
    (0.1, 0.14, 0.13, 0.1, 0.12, 0.13, 0.2, 0.08),
)


def watercolour(x: Tensor, generator: Generator) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same picture in watercolour."""
    u = unit(x)
    way = flow(x, 4 * u, generator, wander=120 * u)
    run = _warped(transfer(x, PALETTE, generator), u, generator)
    washes = kuwahara(run, way, 7 * u)
    paper = noise(x, 5 * u, generator)
    pools = noise(x, 70 * u, generator) + 0.6 * noise(x, 24 * u, generator)
    density = 1 + 3.0 * _rims(washes, u) + 0.25 * pools + 0.22 * paper
    return (washes - (washes - washes**2) * (density - 1)).clamp(0, 1)


def _rims(washes: Tensor, u: float) -> Tensor:
    """Return (1,1,H,W): pigment gathers where a wash ends."""
    soft = blur(washes, 1.5 * u)
    return (soft - blur(washes, 4 * u)).abs().mean(1, keepdim=True) * 4


def _warped(x: Tensor, u: float, generator: Generator) -> Tensor:
    """Let edges wobble by a few px, as wet paint runs."""
    shift = torch.cat([noise(x, p * u, generator) * d * u for p, d in ((22, 1.6), (22, 1.6))], 1)
    height, width = x.shape[-2:]
    rows, columns = (
        torch.arange(n, dtype=x.dtype, device=x.device) + 0.5 for n in (height, width)
    )
    across = (columns + shift[0, 0]) / width * 2 - 1
    down = (rows[:, None] + shift[0, 1]) / height * 2 - 1
    at = torch.stack([across, down], -1)[None]
    return functional.grid_sample(x, at, padding_mode="reflection", align_corners=False)
