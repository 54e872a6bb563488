"""The instant cloak's network in torch, for training; `cloak.instant.painter` runs it in numpy."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from postguard.cloak.instant.painter import BLOCK

WIDTH, MIDDLE = 32, 3  # channels of the layers, and how many of them look again


class Painter(nn.Sequential):
    """The same tensors under the same names; it starts as the bare texture."""

    def __init__(self, width: int = WIDTH) -> None:
        pixels = BLOCK * BLOCK
        ends = [(2 * pixels, width), *[(width, width)] * MIDDLE, (width, pixels)]
        super().__init__(*(nn.Conv2d(a, b, 3) for a, b in ends))
        self.skip = nn.Parameter(torch.tensor(0.7))
        last = self[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, g: Tensor, texture: Tensor) -> Tensor:  # type: ignore[override]
        """Luma and texture (B,1,h,w) in [0,1], sides in whole blocks -> (B,1,h,w) in [-1,1]."""
        bare = 2 * texture - 1
        x = torch.cat([functional.pixel_unshuffle(p, BLOCK) for p in (2 * g - 1, bare)], 1)
        first, *middle, last = list(self.children())
        x = torch.relu(first(_around(x)))
        for layer in middle:
            x = torch.relu(x + layer(_around(x)))
        drawn = functional.pixel_shuffle(last(_around(x)), BLOCK)
        return torch.tanh(drawn + self.skip * bare)


def _around(x: Tensor) -> Tensor:
    return functional.pad(x, (1, 1, 1, 1), mode="replicate")
