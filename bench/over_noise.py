"""What an instant cloak does over noise, as a recipe with both has it: python -m bench.over_noise

    [--files NAME ...] [--strength medium]

Three cloaks of each square, held to the floor of the strength: without noise; drawn on the noisy
picture, as the engine does; and drawn on the picture before the noise, with its change laid over
the noisy one. Gain is 1 - R behind the worse platform, beside the same picture without the cloak;
flat: the mean change where the picture before the noise is flat, in 1/255.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.cloak import Square, gains, worse_platform
from bench.instant import SEED, cloaked, square
from bench.noise import SCENE
from bench.squares import ART, SHARED
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.instant.drawing import HANDED_OVER
from postguard.cloak.instant.shade import light
from postguard.cloak.instant.weave import busy
from postguard.cloak.pixels import Pixels
from postguard.imaging import Picture
from postguard.imaging.visibility import ssimulacra2
from postguard.protect.steps.cloak import FLOORS
from postguard.protect.steps.noise import Noise
from postguard.settings import steps

_FLAT = 0.1  # a place that is busier is none


def main() -> None:
    """Print a row for each cloak of each file."""
    asked = _parser().parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    print("| picture | cloak | gain | SSIMULACRA2 | beside the picture before the noise | flat |")
    print("|---|---|---|---|---|---|")
    for name in asked.files:
        for row in rows(name, asked.strength, encoders):
            print(row, flush=True)


def rows(name: str, strength: steps.Strength, encoders: list[Encoder]) -> Iterator[str]:
    """Yield the rows of one file."""
    plain, alone = square(name, FLOORS[strength])
    over = Square(noisy(plain.pixels, strength), plain.whole, plain.target)
    drawn_on, on_noise = cloaked(over, FLOORS[strength], SEED)
    change = alone.pixels.astype(np.int16) - plain.pixels
    laid = np.clip(over.pixels + change, 0, 255).astype(np.uint8)
    flat = busy(light(plain.pixels), *HANDED_OVER) < _FLAT
    for how, before, after in (
        ("no noise", plain, alone.pixels),
        ("drawn on the noise", drawn_on, on_noise.pixels),
        ("laid over it", over, laid),
    ):
        gain = worse_platform(gains(before, after, encoders)["r"])
        scores = ssimulacra2(before.pixels, after), ssimulacra2(plain.pixels, after)
        told = " | ".join(f"{score:.1f}" for score in scores)
        changed = _mean(before.pixels, after, flat)
        yield f"| {name} | {how} | {gain:.3f} | {told} | {changed} |"


def noisy(pixels: Pixels, strength: steps.Strength) -> Pixels:
    """Return the picture with the noise of a recipe's step."""
    options = steps.Noise(step="noise", strength=strength)
    scene = replace(SCENE, seed=bytes.fromhex(SEED))
    return Noise(options).apply(Picture(pixels), scene)[0].pixels


def _mean(before: Pixels, after: Pixels, where: NDArray[np.bool_]) -> str:
    """Return the mean change there; a dash where there is no such place."""
    if not where.any():
        return "–"
    change = np.abs(after.astype(np.int16) - before).mean(axis=2)
    return f"{change[where].mean():.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--strength", choices=tuple(FLOORS), default="medium")
    return parser


if __name__ == "__main__":
    main()
