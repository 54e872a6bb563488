"""The pattern of mode `immunise`. Secret: it follows the job's seed, so no public pattern exists
that a cleaner could be trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

_PERIODS = (5.0, 7.5)  # served pixels between dots: fine, for coarse is dear, but not lost at half
_BEND = 2.0  # radians that the screen's phase wanders over the picture
_CONTRAST = 6.0


@dataclass(frozen=True, slots=True)
class Halftone:
    """The picture half dissolved in a fine halftone: what breaks image-to-image use.

    Half of the picture stays, so that the pattern goes where the picture has structure and costs
    least visibility (knowledge/cloak.md, 5b).

    Attributes:
        angle: of the screen, in radians.
        period: pixels between two dots.
        phases: where the dots and the bends of the screen begin, in radians.
    """

    angle: float
    period: float
    phases: tuple[float, float, float, float]

    def draw(self, x: Tensor) -> Tensor:
        """(1,3,H,W) in [0,1], as served -> the target for it, same shape and range."""
        rows, columns = (
            torch.arange(n, dtype=torch.float32, device=x.device) for n in x.shape[-2:]
        )
        return 0.5 * x + 0.5 * self._screen(rows[:, None], columns[None, :])

    def _screen(self, y: Tensor, x: Tensor) -> Tensor:
        """Return (H,W) in [0,1]: round dots on a rotated, slightly bent grid."""
        turn = 2 * math.pi / self.period
        u = (x * math.cos(self.angle) + y * math.sin(self.angle)) * turn
        v = (y * math.cos(self.angle) - x * math.sin(self.angle)) * turn
        a, b, c, d = self.phases
        wide = x / (23 * self.period), y / (19 * self.period)
        bend = _BEND * torch.sin(wide[0] + a) * torch.cos(wide[1] + b)
        return torch.sigmoid(_CONTRAST * torch.cos(u + bend + c) * torch.cos(v - bend + d))


def halftone(generator: Generator) -> Halftone:
    """Return a halftone whose angle, spacing and bends nobody can guess."""
    angle, spacing, *phases = torch.rand(6, generator=generator).tolist()
    period = _PERIODS[0] + spacing * (_PERIODS[1] - _PERIODS[0])
    a, b, c, d = (2 * math.pi * p for p in phases)
    return Halftone(angle * math.pi / 2, period, (a, b, c, d))
