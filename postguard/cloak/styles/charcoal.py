"""Charcoal: hatching on toothed paper, rubbed in the half-tones, with hard lines on the edges."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from postguard.cloak.styles.colours import lightness
from postguard.cloak.styles.flow import Flow, along, flow
from postguard.cloak.styles.palette import Palette, transfer
from postguard.cloak.styles.texture import blur, edges, even, mixed, noise, unit

PALETTE = Palette(
    ("1c1a19", "4a4542", "8a827a", "c9bfb0", "efe6d6"),
    (0.2, 0.2, 0.2, 0.2, 0.2),
    spread=0.012,
)
_COAL = (0.11, 0.10, 0.10)
_HATCH = math.radians(-52)


def charcoal(x: Tensor, generator: Generator) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same picture in charcoal."""
    u = unit(x)
    drawn = transfer(x, PALETTE, generator)
    tone = blur(lightness(drawn), 1.2 * u)
    tooth = noise(x, 3 * u, generator)
    hatch = along(noise(x, 5 * u, generator), _hatching(x, u, generator), 46 * u)
    grip = even(0.75 * hatch + 0.66 * tooth)
    marks = torch.sigmoid(9 * (1.05 * (1 - tone) - 0.05 - grip))
    lines = edges(lightness(x), 1.3 * u, 90.0) * even(1.5 + tooth)
    rubbed = mixed(blur(drawn, 3 * u), torch.full_like(drawn, 0.93), 0.45)
    paper = rubbed * (1 - 0.02 * tooth)
    coal = x.new_tensor(_COAL).view(1, 3, 1, 1)
    return mixed(paper, coal, torch.maximum(marks, lines) * 0.92).clamp(0, 1)


def _hatching(x: Tensor, u: float, generator: Generator) -> Flow:
    """Strokes of one arm: nearly parallel, and bent a little by strong forms."""
    forms = flow(x, 6 * u, generator, wander=200 * u)
    arm = x.new_tensor([math.cos(2 * _HATCH), math.sin(2 * _HATCH)]).view(1, 2, 1, 1)
    double = arm + 0.8 * forms.double * forms.anisotropy
    return Flow(double / double.norm(dim=1, keepdim=True).clamp_min(1e-6), forms.anisotropy)
