"""Oil: dabs along the forms, thick enough that the bristles' furrows catch the light."""

from __future__ import annotations

from torch import Generator, Tensor

from postguard.cloak.styles.colours import to_lab, to_rgb
from postguard.cloak.styles.flow import along, flow
from postguard.cloak.styles.kuwahara import kuwahara
from postguard.cloak.styles.palette import Palette, transfer
from postguard.cloak.styles.texture import blur, noise, unit

PALETTE = Palette(
    ("1d1a2b", "23395b", "2f6f73", "5b3a29", "a4502f", "d98a2b", "efc25a", "f3e3bd", "7a8f4e"),
    (0.12, 0.12, 0.12, 0.12, 0.12, 0.12, 0.1, 0.1, 0.08),
)


def oil(x: Tensor, generator: Generator) -> Tensor:
    """(1,3,H,W) in [0,1] -> the same picture in oil."""
    u = unit(x)
    way = flow(x, 3 * u, generator, wander=90 * u)
    painted = kuwahara(transfer(x, PALETTE, generator), way, 6 * u)
    dabs = along(noise(x, 16 * u, generator), way, 30 * u)
    bristles = along(noise(x, 5 * u, generator), way, 24 * u)
    relief = bristles + 0.7 * dabs
    lit = relief - blur(relief, 2 * u)
    lab = to_lab(painted)
    lab[:, :1] += 0.05 * dabs + 0.10 * lit
    lab[:, 1:] *= 1 + 0.2 * dabs
    return to_rgb(lab)
