"""How soon the engine is where PhotoGuard ends: python -m bench.race [--files NAME ...]

PhotoGuard's encoder attack runs its published 200 steps at the SSIMULACRA2 of `medium` (its eps
is found by a shorter run that is not counted), on the squares of `bench.cloak`. Then the engine
runs with as few steps as reach both of PhotoGuard's R: in the PNG, and behind the worse platform.
Seconds are of the search and of holding the floor; passes are those through an encoder.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.cloak import Bench, Square, eps_at, gains, middle, ours, with_eps, worse_platform
from bench.references import LOOPS
from bench.squares import ART, SHARED
from bench.table import Figure, Measured
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.pixels import Pixels
from postguard.protect.steps.cloak import FLOORS

PHOTOGUARD = LOOPS[0]
TRIED = (2, 3, 4, 6, 9, 12, 18)  # steps of ours, until one is enough


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run. `png`, `platform`: 1 - R, the second behind the worse platform."""

    steps: int
    seconds: float
    passes: int
    png: float
    platform: float

    def reaches(self, other: Run) -> bool:
        return self.png >= other.png and self.platform >= other.platform

    def said(self) -> str:
        found = f"gain {self.png:.3f} in the PNG, {self.platform:.3f} behind the worse platform"
        return f"{self.steps} steps, {self.seconds:.1f} s, {self.passes} passes, {found}"


def main() -> int:
    """Print the share of PhotoGuard's time for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--steps", type=int, default=PHOTOGUARD.published)
    asked = parser.parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    passes: list[int] = []
    for encoder in encoders:
        encoder.stages[0].register_forward_hook(lambda *_: passes.append(1))
    figures = []
    for name in asked.files:
        square = middle(name, 1600, 512, "charcoal", encoders[0].device.torch)
        theirs = reference(square, Bench(encoders, passes, asked.steps))
        own = first_that_reaches(theirs, square, encoders, passes)
        what = f"{name}: time to PhotoGuard's R, share of its {asked.steps} steps"
        figures.append(Figure(what, own.seconds / theirs.seconds, 0.1))
        print(f"{name}: PhotoGuard {theirs.said()}; ours {own.said()}", flush=True)
    return Measured(figures).print()


def reference(square: Square, bench: Bench) -> Run:
    """Return PhotoGuard's run; finding its eps costs it nothing."""
    floor = FLOORS["medium"]
    eps = eps_at(PHOTOGUARD, square, floor, Bench(bench.encoders, bench.passes, 32))
    began, done = time.monotonic(), len(bench.passes)
    after = with_eps(PHOTOGUARD, square, floor, bench, eps)
    cost = bench.steps, time.monotonic() - began, len(bench.passes) - done
    return _run(square, after, bench.encoders, cost)


def first_that_reaches(
    theirs: Run, square: Square, encoders: Sequence[Encoder], passes: list[int]
) -> Run:
    """Return the shortest run of ours that is as strong, or the longest tried."""
    own = Run(0, 0.0, 0, 0.0, 0.0)
    for steps in TRIED:
        began, done = time.monotonic(), len(passes)
        after = ours(square, FLOORS["medium"], encoders, steps)
        cost = steps, time.monotonic() - began, len(passes) - done
        own = _run(square, after, encoders, cost)
        if own.reaches(theirs):
            break
    return own


def _run(
    square: Square, after: Pixels, encoders: Sequence[Encoder], cost: tuple[int, float, int]
) -> Run:
    found = gains(square, after, encoders)["r"]
    return Run(*cost, found["png"], worse_platform(found))


if __name__ == "__main__":
    raise SystemExit(main())
