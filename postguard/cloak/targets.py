"""What the latents are drawn towards. Secret: each follows the job's seed, so no public pattern
exists that a cleaner could be trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

_PERIODS = (6.0, 9.0)  # working pixels between dots: survives half size, and stays fine
_LEAST_PERIOD = 3.5  # working pixels: finer dots are lost between pixels
_BEND = 2.0  # radians that the screen's phase wanders over the picture
_CONTRAST = 6.0


@dataclass(frozen=True, slots=True)
class Halftone:
    """The picture half dissolved in a fine halftone: what breaks image-to-image use.

    Half of the picture stays, so that the pattern goes where the picture has structure and costs
    least visibility (knowledge/cloak.md, 5b).

    Attributes:
        angle: of the screen, in radians.
        period: pixels at the working size between two dots.
        phases: where the dots and the bends of the screen begin, in radians.
    """

    angle: float
    period: float
    phases: tuple[float, float, float, float]

    def at(self, scale: float) -> Halftone:
        """Return the halftone for a picture that is worked on at `scale`, at most 1, and enlarged
        afterwards: finer, for enlarged it is as coarse as its period says, and coarse is dear.

        Measured on a flat cartoon at scale 0.63, SSIMULACRA2 65: periods of 6 to 9 left a gain of
        0.04 behind the platforms, 4.5 to 6 left 0.06, 3.5 to 4.5 left 0.10.
        """
        return replace(self, period=min(self.period, max(self.period * scale, _LEAST_PERIOD)))

    def draw(self, x: Tensor, origin: tuple[int, int] = (0, 0), scale: float = 1.0) -> Tensor:
        """(1,3,H,W) in [0,1] -> the target for it, same shape and range.

        Args:
            origin: (top, left) of `x` in its picture.
            scale: working pixels for one pixel of `x`.
        """
        rows, columns = (
            (torch.arange(n, dtype=torch.float32, device=x.device) + start) * scale
            for n, start in zip(x.shape[-2:], origin, strict=True)
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


def immunise(generator: Generator) -> Halftone:
    """Return a halftone whose angle, spacing and bends nobody can guess."""
    angle, spacing, *phases = torch.rand(6, generator=generator).tolist()
    period = _PERIODS[0] + spacing * (_PERIODS[1] - _PERIODS[0])
    a, b, c, d = (2 * math.pi * p for p in phases)
    return Halftone(angle * math.pi / 2, period, (a, b, c, d))


TARGETS = {"immunise": immunise}
