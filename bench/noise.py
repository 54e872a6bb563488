"""What noise does to what models read: python -m bench.noise [--files NAME ...] [--window 384]

The middle of each picture, as posted at 1600 px, gets each look at each strength. Shown, behind
the platform where the least is left, are two figures, means over the encoders:

- moved: |E(x') - E(x)| / |E(x)|, how far the noise moves what an encoder reads, beside the same
  amounts with random signs: noise of this kind is better than any noise where it moves more.
- gain: 1 - R towards a target, as the cloak is measured (the picture as a charcoal drawing). Noise
  has no target, so this is about nothing; what a cloak gains is led there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from bench.cloak import Square, middle
from bench.squares import SHARED
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.measure import COPIES
from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Chain, chains
from postguard.cloak.resizing import resized
from postguard.imaging import Picture
from postguard.imaging.visibility import ssimulacra2
from postguard.model import Artist
from postguard.protect.steps import Scene
from postguard.protect.steps.noise import FLOORS, Noise
from postguard.settings import steps

FILES = ["flying-konqui.png", "safe-landing.jpg", "autumn.jpg"]
POSTED = 1600
_HEAD = """\
| picture | look | strength | SSIMULACRA2 | mean change | moved | random signs | gain |
|---|---|---|---|---|---|---|---|"""
SCENE = Scene(Artist("", ""), "", "", b"bench".ljust(32), 2026, Path(), None, lambda _: None)

Figures = Mapping[str, float]


def main() -> None:
    """Print one row for each picture, look and strength."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=FILES)
    parser.add_argument("--window", type=int, default=384)
    asked = parser.parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    print(f"{', '.join(e.name for e in encoders)}; the middle {asked.window} px\n\n{_HEAD}")
    for name in asked.files:
        square = middle(name, POSTED, asked.window, "charcoal")
        for line in rows(name, square, encoders):
            print(line, flush=True)


def rows(name: str, square: Square, encoders: Sequence[Encoder]) -> Iterator[str]:
    """Yield the row of each look and strength on one picture."""
    platforms = [c for c in chains(square.whole) if c.name in COPIES]
    behind = [_Behind(square, chain, encoders) for chain in platforms]
    for look in get_args(steps.Look):
        for strength in FLOORS:
            options = steps.Noise(step="noise", look=look, strength=strength)
            after = Noise(options).apply(Picture(square.pixels), SCENE)[0].pixels
            found = [b.figures(after) for b in behind]
            signs = min(b.figures(_signs(square.pixels, after))["moved"] for b in behind)
            moved, gain = (min(f[key] for f in found) for key in ("moved", "gain"))
            change = np.abs(after.astype(int) - square.pixels).mean()
            yield (
                f"| {name} | {look} | {strength} | {ssimulacra2(square.pixels, after):.1f} | "
                f"{change:.2f} | {moved:.3f} | {signs:.3f} | {gain:+.3f} |"
            )


class _Behind:
    """What encoders read of one picture behind one platform, before anything was done to it."""

    @torch.no_grad()
    def __init__(self, square: Square, chain: Chain, encoders: Sequence[Encoder]) -> None:
        self._square, self._chain, self._encoders = square, chain, encoders
        clean = square.read(chain, square.pixels)
        aim = resized(square.target, (clean.shape[-2], clean.shape[-1]))
        self._clean = [e(clean) for e in encoders]
        self._aims = [e(aim) for e in encoders]

    @torch.no_grad()
    def figures(self, after: Pixels) -> Figures:
        """Return `moved` and `gain` of a changed picture, means over the encoders."""
        seen = self._square.read(self._chain, after)
        latents = [e(seen) for e in self._encoders]
        moved = [_far(z, x) / float(x.norm()) for z, x in zip(latents, self._clean, strict=True)]
        kept = [
            _far(z, aim) / _far(x, aim)
            for z, x, aim in zip(latents, self._clean, self._aims, strict=True)
        ]
        return {"moved": float(np.mean(moved)), "gain": 1 - float(np.mean(kept))}


def _far(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm())


def _signs(before: Pixels, after: Pixels) -> Pixels:
    """Return the same amounts with random signs."""
    change = after.astype(np.int16) - before
    flip = np.random.default_rng(0).integers(0, 2, change.shape[:2]) * 2 - 1
    return np.clip(before + change * flip[..., None], 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
