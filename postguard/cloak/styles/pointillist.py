"""Pointillist: round dabs of divided colour, large ones under small ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from postguard.cloak.styles.colours import to_lab, to_rgb
from postguard.cloak.styles.palette import Palette, transfer
from postguard.cloak.styles.texture import blur, mixed, unit

PALETTE = Palette(
    (
        *("2a2f7a", "3a62c4", "4fa7c9", "2f8f5b", "9cc653"),
        *("f4d44a", "f08a33", "d8463f", "c46aa8", "fbf0d0"),
    ),
    (0.12, 0.12, 0.1, 0.1, 0.1, 0.12, 0.1, 0.08, 0.06, 0.1),
)
_LAYERS = ((17.0, 0.75), (12.0, 0.55), (9.0, 0.45))  # spacing in units; radius in spacings
_LEAST_SPACING = 3.0  # px: smaller dots would be noise
_DIVIDED = 0.07  # OKLab: how far the dots of one colour lie apart, in hue
_SHADES = 0.06  # and in lightness


@dataclass(frozen=True, slots=True)
class _Dots:
    """One dot to each cell of a jittered grid, one cell beyond each edge of the picture.

    Attributes:
        spacing: px, of the grid.
        columns: cells in a row.
        x, y: (cells,) px, the dots' centres.
        rank: (cells,) the higher lies on top.
        colours: (3,cells) sRGB.
    """

    spacing: float
    columns: int
    x: Tensor
    y: Tensor
    rank: Tensor
    colours: Tensor


def pointillist(x: Tensor, generator: Generator) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same picture in dots."""
    coloured = to_lab(transfer(x, PALETTE, generator))
    painted = to_rgb(blur(coloured, 4 * unit(x)))  # shows only in the gaps
    for spacing, radius in _LAYERS:
        size = max(spacing * unit(x), _LEAST_SPACING)
        dots = _scattered(blur(coloured, size / 4), size, generator)
        painted = _painted(painted, dots, radius * size)
    return painted


def _scattered(lab: Tensor, spacing: float, generator: Generator) -> _Dots:
    """Place dots all over the picture and colour each by what lies under its centre."""
    height, width = lab.shape[-2:]
    rows, columns = (math.ceil(n / spacing) + 2 for n in (height, width))
    chance = torch.rand(5, rows * columns, generator=generator, device=generator.device)
    right, down, rank, turn, shade = chance.to(lab.device)
    cell = torch.arange(rows * columns, device=lab.device)
    across = (cell % columns - 0.5 + 0.8 * (right - 0.5)) * spacing
    below = (cell // columns - 0.5 + 0.8 * (down - 0.5)) * spacing
    at = torch.stack([across / width, below / height], -1) * 2 - 1
    under = functional.grid_sample(lab, at[None, None], padding_mode="border", align_corners=False)
    turn = turn * 2 * math.pi
    divided = torch.stack(
        [_SHADES * (2 * shade - 1), _DIVIDED * turn.cos(), _DIVIDED * turn.sin()]
    )
    colours = to_rgb(under + divided[None, :, None])[0, :, 0]
    return _Dots(spacing, columns, across, below, rank, colours)


def _painted(ground: Tensor, dots: _Dots, radius: float) -> Tensor:
    """Paint the dots on (1,3,H,W); only the nine cells around a pixel can reach it."""
    rows, columns = (torch.arange(n, device=ground.device) for n in ground.shape[-2:])
    home = _cells(rows, dots.spacing)[:, None] * dots.columns + _cells(columns, dots.spacing)
    top = torch.full_like(ground[0, 0], -1.0)
    cover, best = torch.zeros_like(top), torch.zeros_like(home)
    for step in [i * dots.columns + j for i in (-1, 0, 1) for j in (-1, 0, 1)]:
        cell = home + step
        far = torch.hypot(dots.x[cell] - columns - 0.5, dots.y[cell] - rows[:, None] - 0.5)
        inside = (radius - far + 0.5).clamp(0, 1)
        rank = torch.where(inside > 0, dots.rank[cell], -1.0)
        better = rank > top
        top, cover = torch.where(better, rank, top), torch.where(better, inside, cover)
        best = torch.where(better, cell, best)
    return mixed(ground, dots.colours[:, best][None], cover)


def _cells(at: Tensor, spacing: float) -> Tensor:
    """Return the row or column of the grid that each pixel lies in."""
    return ((at + 0.5) / spacing).long() + 1
