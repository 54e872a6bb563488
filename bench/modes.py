"""Does each mode go its own way? python -m bench.modes [--files NAME ...] [--sheet modes.png]

The centre square of each art file is cloaked in each mode, at one visibility. Shown is how far
each result went towards each mode's target, 1 - R on the whole file, mean over the encoders, and
the same for what a model sees: the decoded latents, 1 - |D(E(x')) - D(z*)| / |D(E(x)) - D(z*)|. A
mode does its work where its own column is the largest of its row. The sheet shows, for each file,
the decoded view before, in each mode, and each target.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.cleaning import Autoencoder, autoencoder
from bench.squares import ART, SHARED, Cloaked, Wish, centre, cloaked
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.job import Mode
from postguard.cloak.tensors import to_pixels, to_tensor

MODES: tuple[Mode, ...] = get_args(Mode)
SHORT, SIDE, FLOOR = 640, 256, 65.0


def main() -> None:
    """Print a table for each file and save the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    tiny = autoencoder(SHARED / "weights", encoders)
    strips = []
    for name in asked.files:
        pixels = centre(name, SHORT, SIDE)
        made = {mode: cloaked(pixels, Wish(mode, FLOOR), encoders) for mode in MODES}
        print(f"\n{name}, {SIDE} px, SSIMULACRA2 {FLOOR:g}\n{_HEAD}")
        for mode in MODES:
            print(row(mode, made, encoders, tiny), flush=True)
        strips.append(strip(made, tiny))
    if asked.sheet:
        Image.fromarray(np.concatenate(strips)).save(asked.sheet)


_HEAD = (
    "| led by | "
    + " | ".join(f"to {m}" for m in MODES)
    + " | "
    + " | ".join(f"seen: to {m}" for m in MODES)
)
_HEAD += " |\n|---" + "|---" * (2 * len(MODES)) + "|"


@torch.no_grad()
def row(
    mode: Mode, made: Mapping[Mode, Cloaked], encoders: Sequence[Encoder], tiny: Autoencoder
) -> str:
    """Return one mode's way towards each target, in latents and as decoded."""
    before, after = (to_tensor(p) for p in (made[mode].before, made[mode].after))
    aims = [made[other].target for other in MODES]
    read = [np.mean([_gain(e(before), e(after), e(aim)) for e in encoders]) for aim in aims]
    seen = [_gain(*(tiny(x) for x in (before, after, aim))) for aim in aims]
    cells = [*read, *seen]
    return f"| {mode} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |"


def _gain(before: Tensor, after: Tensor, aim: Tensor) -> float:
    return 1 - float((after - aim).norm() / (before - aim).norm())


@torch.no_grad()
def strip(made: Mapping[Mode, Cloaked], tiny: Autoencoder) -> np.ndarray:
    """Return one row of the sheet: (side, n * side, 3) uint8."""
    first = made[MODES[0]]
    shown = [to_pixels(tiny(to_tensor(first.before)))]
    shown += [to_pixels(tiny(to_tensor(made[mode].after))) for mode in MODES]
    shown += [to_pixels(made[mode].target) for mode in MODES]
    return np.concatenate(shown, 1)


if __name__ == "__main__":
    main()
