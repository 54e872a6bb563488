"""Our own encoder as the only judge of an instant cloak: python -m bench.judge [--files NAME ...]

A PC without PyTorch measures with that one alone, and mere noise of a cloak's size refuses the
cloak there as anywhere. Each picture, in colour and in gray, is cloaked at each strength and saved
as JPEG 95; per size and strength stand the least gain and the largest share of a gain that noise
reaches (1 and more holds a post), read by our own and by those that it copies.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from bench.squares import ART, SHARED
from bench.table import Figure, Measured
from postguard.cloak import forward
from postguard.cloak.device import best_device
from postguard.cloak.encoders import load_encoders
from postguard.cloak.instant.drawing import cloak
from postguard.cloak.measure import LOOKS, Reader, Trial, copies_of, gain, measure
from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.model.measures import RECODING
from postguard.protect.steps.cloak import CEILINGS, FLOORS

SIDES = (128, 256, 400, 800)  # px, the long one: an avatar, and what a timeline shows
_MOST = 0.999  # as much as the gain holds a post
_POSTED = Codec("JPEG", 95, "4:4:4")


def main() -> int:
    """Print what noise gains of a cloak for each size and strength; 1 where it gains as much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--sides", nargs="*", type=int, default=SIDES)
    parser.add_argument("--seeds", type=int, default=1, help="how many, in each case")
    asked = parser.parse_args()
    judges: Mapping[str, Sequence[Reader]] = {
        "our own": [forward.surrogate()],
        "those it copies": load_encoders(SHARED / "weights", best_device()),
    }
    figures: list[Figure] = []
    notes: list[str] = []
    for side in asked.sides:
        for strength in FLOORS:
            trials = [
                _trial(pixels, strength, f"{seed:02x}" * 32)
                for name in asked.files
                for pixels in _pictures(name, side)
                for seed in range(asked.seeds)
            ]
            for judge, encoders in judges.items():
                found = [looks for trial in trials for looks in _gains(trial, encoders)]
                share = max(map(_noise, found))
                what = f"{side} px, {strength}, {judge}"
                held = sum(_noise(f) >= 1 for f in found)
                figures.append(Figure(f"{what}: noise, of a gain", share, _MOST))
                least = min(f["r"] for f in found)
                notes.append(f"{what}: the least gain {least:.3f}, {held} of {len(found)} held")
                print(notes[-1], flush=True)
    return Measured(figures, notes).print()


def _pictures(name: str, side: int) -> Iterator[Pixels]:
    """Yield a file of the shared art at a size: in colour, and in gray."""
    with Image.open(SHARED / "art" / name) as image:
        small = image.convert("RGB")
    small.thumbnail((side, side))
    yield np.asarray(small)
    yield np.asarray(small.convert("L").convert("RGB"))


def _trial(pixels: Pixels, strength: str, seed: str) -> Trial:
    drawn = cloak(pixels, None, seed, FLOORS[strength], CEILINGS[strength])
    return Trial(_POSTED(pixels), _POSTED(drawn.pixels), {"instant": drawn.target})


def _gains(trial: Trial, encoders: Sequence[Reader]) -> Iterator[Mapping[str, float]]:
    """Yield the gain and its controls behind each platform."""
    ratios = measure(trial, encoders, RECODING)["instant"]
    for platform in RECODING:
        yield {look: gain(ratios, look, copies_of(platform)) for look in LOOKS}


def _noise(found: Mapping[str, float]) -> float:
    """Return the share of a gain that noise reaches; without end where nothing was gained."""
    return max(found["signs"], found["shuffled"]) / found["r"] if found["r"] > 0 else math.inf


if __name__ == "__main__":
    raise SystemExit(main())
