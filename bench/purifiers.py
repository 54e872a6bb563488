"""What purifiers leave of a cloak, and what they cost: python -m bench.purifiers

    [--mode immunise] [--floor 65] [--side 256] [--files NAME ...] [--impress-steps 40] [--quick]

The centre square of each art file (its short side brought to 512 px) is cloaked by the engine and
purified. The gain is 1 - R, R = |E(P(x')) - z*| / |E(P(x)) - z*|: behind each purifier P the clean
picture x goes through the same P. Beside it stand the controls, random signs of the same amounts
and the same changes shuffled, and how far P alone spoils the clean picture (SSIMULACRA2 of P(x)
against x). IMPRESS runs on the tiny FLUX.2 autoencoder, which is one of the networks that the
cloak was made with, and keeps near the picture by SSIMULACRA2, not LPIPS (`bench.cleaning`).

What is not here: diffusion purifiers and noisy upscaling. They are stronger than all of these.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bench.cleaning import SIMPLE, Impress, Purifier, autoencoder
from bench.squares import ART, SHARED, Cloaked, Wish, centre, cloaked
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.pixels import Pixels
from postguard.cloak.tensors import to_tensor
from postguard.imaging.visibility import ssimulacra2

SHORT = 512
HEAD = (
    "| purifier | SSIMULACRA2 of P(x) | gain | of each encoder | share left | signs | shuffled |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Left:
    """What one purifier leaves of one cloak. `gains`: of each encoder; `kept`: SSIMULACRA2 of the
    purified clean picture."""

    kept: float
    gains: Sequence[float]
    signs: float
    shuffled: float

    @property
    def gain(self) -> float:
        return float(np.mean(self.gains))


def main() -> None:
    """Print a table for each file, and one of the means."""
    asked = _parser().parse_args()
    if not (SHARED / "art").is_dir():
        sys.exit(f"no art to measure with in {SHARED}")
    if asked.quick:
        asked.files, asked.side, asked.impress_steps = asked.files[:2], 128, 10
    encoders = load_encoders(SHARED / "weights", best_device())
    print(f"{encoders[0].device.name}; encoders: {', '.join(e.name for e in encoders)}")
    wish = Wish(asked.mode, asked.floor)
    purifiers = _purifiers(encoders, asked.impress_steps)
    found = []
    for name in asked.files:
        made = cloaked(centre(name, SHORT, asked.side), wish, encoders)
        score = ssimulacra2(made.before, made.after)
        print(f"\n{name}, {asked.side} px, {wish.mode}, SSIMULACRA2 {score:.1f}\n\n{HEAD}")
        found.append(dict(rows(made, purifiers, encoders)))
    if len(found) > 1:
        print(f"\nmean of {len(found)} files\n\n{HEAD}")
        for name in purifiers:
            print(row(name, mean([f[name] for f in found]), mean([f["none"] for f in found])))


def rows(
    made: Cloaked, purifiers: Mapping[str, Purifier], encoders: Sequence[Encoder]
) -> Iterator[tuple[str, Left]]:
    """Print and yield what each purifier leaves; the first one is none."""
    none: Left | None = None
    for name, purify in purifiers.items():
        started = time.monotonic()
        left = behind(purify, made, encoders)
        none = none or left
        print(row(name, left, none), flush=True)
        if isinstance(purify, Impress):
            print(_settled(purify, time.monotonic() - started), file=sys.stderr, flush=True)
        yield name, left


def behind(purify: Purifier, made: Cloaked, encoders: Sequence[Encoder]) -> Left:
    """Return what `purify` leaves of the cloak and of its two controls."""
    clean = purify(made.before)
    looks = [purify(p) for p in (made.after, made.signs(), made.shuffled())]
    ours, signs, shuffled = (gains(clean, look, made, encoders) for look in looks)
    kept = ssimulacra2(made.before, clean)
    return Left(kept, ours, float(np.mean(signs)), float(np.mean(shuffled)))


@torch.no_grad()
def gains(clean: Pixels, other: Pixels, made: Cloaked, encoders: Sequence[Encoder]) -> list[float]:
    """Return 1 - R of each encoder."""
    found = []
    for encoder in encoders:
        places = (to_tensor(clean), to_tensor(other), made.target)
        x, y, goal = (encoder(p.to(encoder.device.torch)) for p in places)
        found.append(1 - float((y - goal).norm() / (x - goal).norm()))
    return found


def row(name: str, left: Left, none: Left) -> str:
    """Return one purifier's line; `none` is what was there before any."""
    each = " / ".join(f"{g:.3f}" for g in left.gains)
    share = f"{left.gain / none.gain:.0%}" if none.gain > 0 else "-"
    controls = f"{left.signs:.3f} | {left.shuffled:.3f}"
    return f"| {name} | {left.kept:.1f} | {left.gain:.3f} | {each} | {share} | {controls} |"


def mean(found: Sequence[Left]) -> Left:
    """Return the mean over files."""
    each = [float(np.mean(g)) for g in zip(*(f.gains for f in found), strict=True)]
    kept, signs, shuffled = (
        float(np.mean([getattr(f, part) for f in found])) for part in ("kept", "signs", "shuffled")
    )
    return Left(kept, each, signs, shuffled)


def _purifiers(encoders: Sequence[Encoder], steps: int) -> dict[str, Purifier]:
    impress = Impress(autoencoder(SHARED / "weights", encoders), steps)
    return SIMPLE | {f"IMPRESS, {steps} steps": impress}


def _settled(impress: Impress, seconds: float) -> str:
    """Say where the objective of the last picture began and ended, and how it still fell."""
    losses = impress.losses
    late = losses[len(losses) * 3 // 4]
    return (
        f"IMPRESS: objective {losses[0]:.5f} at first, {late:.5f} after three quarters of the "
        f"steps, {losses[-1]:.5f} at last; {seconds:.0f} s for four pictures"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="immunise")
    parser.add_argument("--floor", type=float, default=65.0, help="SSIMULACRA2")
    parser.add_argument("--side", type=int, default=256, help="of the square, a multiple of 8")
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--impress-steps", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="two files, 128 px, 10 steps")
    return parser


if __name__ == "__main__":
    main()
