"""How far one set of pictures is from another in style, by measures that no cloak is led by.

Sets are (N,3,H,W) in [0,1]. Only style is compared: nothing here asks what a picture shows.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from postguard.cloak.encoders import Encoder
from postguard.cloak.tensors import luma

Distance = Callable[[Tensor, Tensor], float]
_BATCH = 16
_ANGLES, _RINGS = 12, 16
_QUANTILES = 101


def distances(reader: Encoder) -> dict[str, Distance]:
    """Return each measure by name; `reader`: an encoder that the cloak was not made with."""
    return {
        f"Fréchet, {reader.name}": lambda a, b: frechet(cells(reader, a), cells(reader, b)),
        "colours": colours,
        "edge directions": directions,
        "spectrum": spectrum,
    }


def frechet(a: Tensor, b: Tensor) -> float:
    """Fréchet distance of the Gaussians around (n,c) and (m,c)."""
    (mean_a, spread_a), (mean_b, spread_b) = _gaussian(a), _gaussian(b)
    root = _root(spread_a)
    shared = torch.linalg.eigvalsh(root @ spread_b @ root).clamp_min(0).sqrt().sum()
    apart = (mean_a - mean_b).pow(2).sum()
    return float(apart + spread_a.trace() + spread_b.trace() - 2 * shared)


@torch.no_grad()
def cells(reader: Encoder, x: Tensor) -> Tensor:
    """Return the latent cells (n,C) of all pictures: each cell is one sample of the style."""
    found = [reader(part.to(reader.device.torch)).cpu() for part in x.split(_BATCH)]
    return torch.cat(found).permute(0, 2, 3, 1).flatten(0, 2)


def colours(a: Tensor, b: Tensor) -> float:
    """Mean distance that colour must be moved, in 1/255, over luma and the two differences."""
    steps = torch.linspace(0, 1, _QUANTILES)
    gaps = [
        (torch.quantile(_thinned(p), steps) - torch.quantile(_thinned(q), steps)).abs().mean()
        for p, q in zip(_opponents(a), _opponents(b), strict=True)
    ]
    return 255 * float(torch.stack(gaps).mean())


def directions(a: Tensor, b: Tensor) -> float:
    """Share of edge strength, in %, that points another way."""
    return 50 * float((_directions(a) - _directions(b)).abs().sum())


def spectrum(a: Tensor, b: Tensor) -> float:
    """Root mean square difference of the power spectra of luma over rings, in dB."""
    return float((_rings(a) - _rings(b)).pow(2).mean().sqrt())


def _gaussian(x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.double()
    return x.mean(0), x.T.cov()


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ values.clamp_min(0).sqrt().diag() @ vectors.T


def _opponents(x: Tensor) -> list[Tensor]:
    """Return luma, red less green, and blue less luma, each (n,)."""
    g = luma(x)[:, 0]
    return [g.flatten(), (x[:, 0] - x[:, 1]).flatten(), (x[:, 2] - g).flatten()]


def _thinned(values: Tensor) -> Tensor:
    return values[:: max(values.numel() // 200_000, 1)]


def _directions(x: Tensor) -> Tensor:
    """Return (_ANGLES,): the share of gradient strength in each direction of half a turn."""
    g = luma(x)[:, 0]
    down, across = g[:, 1:, :-1] - g[:, :-1, :-1], g[:, :-1, 1:] - g[:, :-1, :-1]
    turn = torch.atan2(down, across) / torch.pi % 1
    places = (turn * _ANGLES).long().clamp(max=_ANGLES - 1).flatten()
    strength = (down**2 + across**2).sqrt().flatten()
    return torch.bincount(places, strength, _ANGLES) / strength.sum().clamp_min(1e-9)


def _rings(x: Tensor) -> Tensor:
    """Return (_RINGS,): mean power of luma in rings of frequency up to half a cycle, in dB."""
    g = luma(x)[:, 0]
    power = torch.fft.rfft2(g - g.mean((-2, -1), keepdim=True), norm="ortho").abs() ** 2
    rows, columns = torch.fft.fftfreq(g.shape[-2]), torch.fft.rfftfreq(g.shape[-1])
    far = (rows[:, None] ** 2 + columns[None, :] ** 2).sqrt()
    ring = (far * 2 * _RINGS).long()
    kept = ring < _RINGS
    mean = power.mean(0)[kept]
    sums = torch.bincount(ring[kept], mean, _RINGS) / torch.bincount(ring[kept], minlength=_RINGS)
    return 10 * torch.log10(sums + 1e-8)
