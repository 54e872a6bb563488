"""The pass at full size: the perturbation is refined tile by tile, in the memory of one tile.

The grid of tiles is shifted at random in each pass and a tile moves least at its border, where the
encoders see padding instead of the picture: so there is no seam to find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from postguard.cloak.attack import Bounds, Schedule, State, step
from postguard.cloak.colour import colour_share
from postguard.cloak.encoders import Encoder
from postguard.cloak.eye import Eye
from postguard.cloak.pull import Pull
from postguard.cloak.sheet import Sheet
from postguard.cloak.targets import Target
from postguard.cloak.tensors import to_tensor
from postguard.cloak.transforms import View

SIDE = 512  # pixels of a tile's side: the encoders keep about 0.6 GB for one
FADE = 64  # pixels over which neighbours share the picture
RATE = 0.35  # of the limit: the first step at full size, after the low-scale pass has converged
_MOST_PIXELS = 20e6  # above, the low-scale pass must do


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of the picture, in pixels."""

    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


@dataclass(frozen=True, slots=True)
class Aim:
    """What a tile is drawn to, and read with. `side`: pixels of a tile's side."""

    targets: Sequence[Target]
    encoders: Sequence[Encoder]
    weights: Mapping[str, float]
    side: int = SIDE

    def of(self, tile: Tile, size: tuple[int, int]) -> list[Target]:
        """Return the tile's part of each target of a picture of (height, width)."""
        return [replace(t, image=_part(t.image, tile, size)) for t in self.targets]


def passes(size: tuple[int, int]) -> int:
    """Return how many passes a picture of (height, width) gets; by size, never by the clock, so
    that the same seed gives the same bytes."""
    return int(size[0] * size[1] <= _MOST_PIXELS)


def tiles(size: tuple[int, int], shift: tuple[int, int], side: int = SIDE) -> list[Tile]:
    """Return overlapping tiles that cover (height, width), the grid moved up and left by `shift`
    (each in [0, side - FADE))."""
    rows, columns = (list(_spans(n, s, side)) for n, s in zip(size, shift, strict=True))
    return [Tile(r, c) for r in rows for c in columns]


def window(tile: Tile, size: tuple[int, int]) -> Tensor:
    """Return (1,1,h,w) in (0,1]: how much each pixel of the tile may move; full at the picture's
    own border."""
    down = _ramp(tile.rows, size[0])
    across = _ramp(tile.columns, size[1])
    return (down[:, None] * across[None, :])[None, None]


def refine(
    sheet: Sheet,
    aim: Aim,
    schedule: Schedule,
    generator: Generator,
    on_step: Callable[[float], None],
) -> int:
    """Move the sheet's perturbation by steps on tiles; return how many tiles were done."""
    plan = list(_plan(sheet.size, schedule.steps, aim.side, generator))
    started = schedule.tick()
    for done, (tile, rate) in enumerate(plan):
        if schedule.tick() - started > schedule.seconds:
            return done
        _move(sheet, aim, tile, rate)
        on_step((done + 1) / len(plan))
    return len(plan)


def _plan(
    size: tuple[int, int], rounds: int, side: int, generator: Generator
) -> Iterator[tuple[Tile, float]]:
    """Yield each tile of each pass with its rate, which falls from pass to pass."""
    for turn in range(rounds):
        shift = torch.randint(side - FADE, (2,), generator=generator).tolist()
        for tile in tiles(size, (shift[0], shift[1]), side):
            yield tile, RATE * (1 - turn / rounds)


def _move(sheet: Sheet, aim: Aim, tile: Tile, rate: float) -> None:
    place = tile.rows, tile.columns
    device = aim.encoders[0].device.torch
    x = to_tensor(sheet.pixels[place], device)
    limit = _planes(sheet.limit[place][None], device)
    d = _planes(sheet.d[:, *place], device)
    rates = rate * window(tile, sheet.size).to(device)
    # The whole sheet is held to its floor, not a tile.
    bounds = Bounds(limit, Eye(x), math.inf, colour_share(x, limit))
    pull = Pull(aim.encoders, x, aim.of(tile, sheet.size), aim.weights)
    moved = step(pull, State(d), bounds, View(tile.size), rates).d
    sheet.d[:, *place] = moved[0].half().cpu().numpy()


def _part(image: Tensor, tile: Tile, size: tuple[int, int]) -> Tensor:
    """(1,3,h,w) of the whole picture -> (1,3,*tile.size), the tile's part, bicubic."""
    down, across = (
        (torch.arange(s.start, s.stop, dtype=image.dtype, device=image.device) + 0.5) / n * 2 - 1
        for s, n in zip((tile.rows, tile.columns), size, strict=True)
    )
    grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)[None]
    found = functional.grid_sample(
        image, grid, mode="bicubic", padding_mode="border", align_corners=False
    )
    return found.clamp(0, 1)


def _planes(part: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(part).to(device).float()[None]


def _spans(length: int, shift: int, side: int) -> Iterator[slice]:
    """Yield spans that cover `length`, neighbours share FADE; slivers join the next."""
    cuts = [c for c in range(side - FADE - shift, length - 2 * FADE, side - FADE) if c >= FADE]
    for start, after in pairwise([0, *cuts, length]):
        yield slice(start, min(after + FADE, length))


def _ramp(span: slice, length: int) -> Tensor:
    n = span.stop - span.start
    into = torch.arange(n) + 0.5
    head = (into / FADE).clamp(max=1) if span.start > 0 else torch.ones(n)
    tail = (into.flip(0) / FADE).clamp(max=1) if span.stop < length else torch.ones(n)
    return 0.5 - 0.5 * torch.cos(torch.pi * torch.minimum(head, tail))
