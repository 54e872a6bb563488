"""Gives a picture the colours of a style by sliced optimal transport (Pitie et al. 2007).

A few thousand colours of the picture are moved onto as many of the palette: seen along one axis,
the best move is to keep their order; that is done along many random axes. A lattice of all
colours rides along, so that the whole picture is then recoloured by one look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from postguard.cloak.styles.colours import hexes, to_lab, to_rgb

_SAMPLES = 4096
_TURNS = 24  # of three axes each
_LATTICE = 17  # colours along each side of the cube
_SOFT = 0.02  # OKLab: flat colours are spread so far, or their grain would be pulled apart


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a style as sRGB hex, and how much of the picture each has.

    `spread` is the deviation (OKLab) of the cloud around each: a palette is no set of points.
    """

    colours: tuple[str, ...]
    weights: tuple[float, ...]
    spread: float = 0.035

    def draw(self, count: int, generator: Generator) -> Tensor:
        """Return `count` colours (count,3) in OKLab: half of them mixed of two."""
        lab = hexes(*self.colours)[0, :, :, 0].T
        weights = torch.tensor(self.weights)
        picked = torch.multinomial(weights, 2 * count, replacement=True, generator=generator)
        one, two = picked.view(2, -1)
        share = (torch.rand(count, 1, generator=generator) - 0.5).clamp_min(0)
        cloud = torch.randn(count, 3, generator=generator) * self.spread
        return torch.lerp(lab[one], lab[two], share) + cloud


def transfer(x: Tensor, palette: Palette, generator: Generator) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same picture in the palette's colours."""
    source = samples(x, generator)
    source = source + torch.randn(source.shape, generator=generator) * _SOFT
    target = palette.draw(len(source), generator)
    moved = _carried(source, target, to_lab(_lattice())[0].flatten(1).T, generator)
    cube = to_rgb(_smooth(moved).T[None, :, :, None])
    side = (_LATTICE,) * 3
    table = cube.view(1, 3, *side).to(x.device)
    at = (x.clamp(0, 1) * 2 - 1).permute(0, 2, 3, 1)[:, None]
    looked_up = functional.grid_sample(table, at, align_corners=True, padding_mode="border")
    return looked_up[:, :, 0].clamp(0, 1)


def samples(x: Tensor, generator: Generator, count: int = _SAMPLES) -> Tensor:
    """Return (count,3) colours in OKLab, drawn with repetition from (1,3,H,W), on the CPU."""
    pixels = x.detach().cpu().flatten(2)
    picked = torch.randint(pixels.shape[2], (count,), generator=generator)
    return to_lab(pixels[:, :, picked, None])[0, :, :, 0].T


def distance(one: Tensor, other: Tensor, generator: Generator, axes: int = 64) -> float:
    """Return the sliced Wasserstein distance (OKLab) between equally many colours (N,3)."""
    directions = functional.normalize(torch.randn(3, axes, generator=generator), dim=0)
    gaps = (one @ directions).sort(0).values - (other @ directions).sort(0).values
    return float(gaps.pow(2).mean().sqrt())


def _carried(source: Tensor, target: Tensor, riders: Tensor, generator: Generator) -> Tensor:
    """Move `source` (N,3) onto `target` (N,3); return where that takes the `riders` (M,3)."""
    points = torch.cat([source, riders])
    for _ in range(_TURNS):
        axes, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator))
        along, wanted = points @ axes, (target @ axes).sort(0).values
        steps = [_step(along[:, i], len(source), wanted[:, i]) for i in range(3)]
        points = points + torch.stack(steps, 1) @ axes.T
    return points[len(source) :]


def _step(along: Tensor, count: int, wanted: Tensor) -> Tensor:
    """Return the moves (N+M,) along one axis that bring the first `count` onto `wanted`, sorted.

    A rider between two points moves as they do; beyond them all, as the outermost does.
    """
    known = along[:count].sort().values
    right = torch.searchsorted(known, along.contiguous()).clamp(1, count - 1)
    low, high = known[right - 1], known[right]
    share = ((along - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)
    moves = wanted - known
    return torch.lerp(moves[right - 1], moves[right], share)


def _lattice() -> Tensor:
    """Return (1,3,L*L*L,1): all sRGB colours of a coarse cube, red running fastest."""
    steps = torch.linspace(0, 1, _LATTICE)
    blue, green, red = torch.meshgrid(steps, steps, steps, indexing="ij")
    return torch.stack([red, green, blue]).flatten(1)[None, :, :, None]


def _smooth(moved: Tensor) -> Tensor:
    """Mean of each lattice colour's neighbours (M,3): no gradient of the picture may tear."""
    cube = moved.T.reshape(1, 3, *(_LATTICE,) * 3)
    padded = functional.pad(cube, (1,) * 6, mode="replicate")
    return functional.avg_pool3d(padded, 3, 1)[0].flatten(1).T
