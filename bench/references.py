"""The loops that others publish, written anew from their papers and code, for equal comparison.

Each is the projected sign descent of its source (knowledge/cloak.md, section 1), towards the
target that the benchmark fixes, summed over the same encoders. Pixels are in [0,1]; a step size
is a share of eps, so that eps alone sets the visibility. None sees re-encoding or visibility:
that is what they leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from postguard.cloak.encoders import Encoder

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Loop:
    """One published loop. `rate(i, n)`: step i of n as a share of eps; `published`: its steps;
    `random`: it starts anywhere inside eps."""

    name: str
    published: int
    rate: Callable[[int, int], float]
    loss: Loss
    random: bool = False

    def run(
        self, x: Tensor, target: Tensor, encoders: Sequence[Encoder], eps: float, steps: int
    ) -> Tensor:
        """Return the perturbation (1,3,H,W) of `x`, inside eps in [0,1] units."""
        with torch.no_grad():
            aims = [e(target) for e in encoders]
            far = [(e(x) - a).pow(2).mean() for e, a in zip(encoders, aims, strict=True)]
        d = torch.zeros_like(x)
        if self.random:
            d = (torch.rand(x.shape, generator=Generator().manual_seed(0)) * 2 - 1).to(x) * eps
        for i in range(steps):
            d.requires_grad_(True)
            seen = (x + d).clamp(0, 1)
            terms = [
                self.loss(e(seen) - a, f) for e, a, f in zip(encoders, aims, far, strict=True)
            ]
            (gradient,) = torch.autograd.grad(torch.stack(terms).sum(), d)
            d = (d.detach() - eps * self.rate(i, steps) * gradient.sign()).clamp(-eps, eps)
        return d


def _squared(gap: Tensor, far: Tensor) -> Tensor:
    return gap.pow(2).mean() / far


def _norm(gap: Tensor, far: Tensor) -> Tensor:
    return gap.pow(2).mean().sqrt() / far.sqrt()


def _decay(start: float) -> Callable[[int, int], float]:
    return lambda i, n: start * (1 - 0.99 * i / n)


# knowledge/cloak.md, 5b: the trial's plain loop, by which these references are checked.
PLAIN = Loop("plain", 20, _decay(1.0), _squared)
LOOPS = (
    # MadryLab/photoguard, encoder attack: eps 0.03, step 0.01 decayed to 1 %, random start
    Loop("PhotoGuard", 200, _decay(1 / 3), _norm, random=True),
    # Shawn-Shan/nightshade-release: step eps decayed to 1 %, norm not squared
    Loop("Nightshade", 500, _decay(1.0), _norm),
    # mist-project/mist, textural mode: 100 steps of eps/16
    Loop("Mist", 100, lambda _i, _n: 1 / 16, _squared),
)
FASTPROTECT = (
    "FastProtect as published (CVPR 2025, 512 px; its code is not): 2.9 s CPU, 0.04 s A100; "
    "PhotoGuard beside it 370 s and 7 s, Mist 1440 s and 40 s"
)
