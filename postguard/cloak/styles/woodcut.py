"""Woodcut: a few flat inks, and a key block whose cuts follow the forms and carry the shade."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from postguard.cloak.styles.colours import hexes, lightness, to_lab, to_rgb
from postguard.cloak.styles.flow import along, flow
from postguard.cloak.styles.palette import Palette, transfer
from postguard.cloak.styles.texture import blur, edges, even, mixed, noise, unit

PALETTE = Palette(
    ("27324a", "3f6b7d", "8fb0a3", "b5452c", "dba24a", "e9d8b0"),
    (0.15, 0.18, 0.17, 0.12, 0.16, 0.22),
)
_INK = "16130f"
_CRISP = 14.0  # of the cuts' edges
_ENOUGH = 10_000  # pixels, to know the range of tones by


def woodcut(x: Tensor, generator: Generator) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same picture printed from wood."""
    u = unit(x)
    way = flow(x, 4 * u, generator, wander=160 * u)
    cuts = even(along(noise(x, 6 * u, generator), way, 40 * u))
    coloured = blur(to_lab(transfer(x, PALETTE, generator)), 1.5 * u)
    printed = _blocks(coloured, cuts)
    shade = _shade(lightness(x), u)
    key = torch.sigmoid(_CRISP * (shade - cuts))
    key = torch.maximum(key, edges(lightness(x), 1.2 * u, 120.0))
    ink = to_rgb(hexes(_INK)).to(x.device)
    return mixed(printed, ink, key)


def _blocks(lab: Tensor, cuts: Tensor) -> Tensor:
    """Print each pixel (OKLab) in the nearest ink -> sRGB; between two inks the cuts decide."""
    inks = hexes(*PALETTE.colours).to(lab.device)
    moved = torch.cat([lab[:, :1] + 0.16 * (cuts - 0.5), lab[:, 1:]], 1)
    gaps = torch.cdist(moved[0].flatten(1).T, inks[0, :, :, 0].T)
    nearest = to_rgb(inks)[0, :, :, 0][:, gaps.argmin(1)]
    return nearest.view(1, 3, *lab.shape[-2:])


def _shade(g: Tensor, u: float) -> Tensor:
    """Return the share of ink (1,1,H,W): from the tone within the picture's own range."""
    soft = blur(g, 1.5 * u)
    some = soft.flatten()[:: max(soft.numel() // _ENOUGH, 1)]
    low, high = (float(some.quantile(q)) for q in (0.05, 0.95))
    tone = ((soft - low) / max(high - low, 0.25)).clamp(0, 1)
    return 0.1 + 0.56 * (1 - tone) ** 1.3
