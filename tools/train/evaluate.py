"""What a cloak made on the surrogate alone is worth: python -m tools.train.evaluate

    [--files NAME ...] [--window 512] [--posted 1600] [--floor 65] [--steps 14] [--runs 1]

Each art file (none was seen in training) is brought to the size that an artist posts; the squares
in its middle are cloaked by the engine's own loop, once led by the teachers and once by the
surrogate alone, towards the same target and held to the same SSIMULACRA2. Both are then judged by
the teachers: gain = 1 - R, their mean, behind each chain and behind the worse platform, with
random signs and the shuffled change of the surrogate's cloak as controls.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.cloak import CHAINS, Gains, Square, gains, middle, ours, worse_platform
from bench.squares import ART, SHARED
from postguard.cloak.cloaking import ALONE_STEPS, STEPS
from postguard.cloak.device import best_device
from postguard.cloak.encoders import OWN, Encoder, load_encoder, load_encoders

_LEAST = 0.01  # a control is at least this much: less is chance


@dataclass(frozen=True, slots=True)
class Result:
    """One square, cloaked by each: gains by chain as the teachers see them, and seconds of CPU."""

    name: str
    teachers: Gains
    surrogate: Gains
    seconds: tuple[float, float]

    @property
    def ratio(self) -> float:
        """The surrogate's gain behind the worse platform, as a share of the teachers'."""
        teachers = worse_platform(self.teachers["r"])
        return worse_platform(self.surrogate["r"]) / max(teachers, _LEAST)

    @property
    def plain(self) -> float:
        """The same of the file as it is."""
        return self.surrogate["r"]["png"] / max(self.teachers["r"]["png"], _LEAST)

    @property
    def quicker(self) -> float:
        """The surrogate's time as a share of the teachers'."""
        return self.seconds[1] / self.seconds[0]


def compare(
    name: str,
    square: Square,
    floor: float,
    led: Sequence[Sequence[Encoder]],
    steps: int,
    runs: int = 1,
) -> Result:
    """Cloak a square by the teachers and by the surrogate (`led`, in this order); judge both. Of
    each the quickest of so many runs counts."""
    found, seconds = [], []
    for encoders, count in zip(led, (STEPS, steps), strict=True):
        took = []
        for _ in range(runs):
            started = time.process_time()
            after = ours(square, floor, encoders, count)
            took.append(time.process_time() - started)
        seconds.append(min(took))
        found.append(gains(square, after, led[0]))
    return Result(name, found[0], found[1], (seconds[0], seconds[1]))


def lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield the table of results, and their means."""
    yield f"| picture | led by | {' | '.join(CHAINS)} | worse platform | controls | seconds |"
    yield "|---" * (len(CHAINS) + 5) + "|"
    for result in results:
        controls = max(worse_platform(result.surrogate[k]) for k in ("signs", "shuffled"))
        for led, found, took in (
            ("teachers", result.teachers, result.seconds[0]),
            ("surrogate", result.surrogate, result.seconds[1]),
        ):
            behind = " | ".join(f"{found['r'].get(c, np.nan):.3f}" for c in CHAINS)
            told = f"{controls:.3f}" if led == "surrogate" else ""
            yield (
                f"| {result.name} | {led} | {behind} | {worse_platform(found['r']):.3f} | {told} "
                f"| {took:.2f} |"
            )
        yield (
            f"| | ratio | | | | | {result.plain:.2f} as it is | {result.ratio:.2f} "
            f"| | {result.quicker:.2f} |"
        )
    ratios = [[r.ratio, r.plain, r.quicker] for r in results]
    platform, plain, quicker = np.mean(ratios, 0)
    yield (
        f"\nmean ratio behind the worse platform {platform:.2f}, as it is {plain:.2f}, "
        f"of the time {quicker:.2f}"
    )


def main() -> None:
    """Print the table."""
    asked = _parser().parse_args()
    device = best_device()
    teachers, own = load_encoders(SHARED / "weights", device), load_encoder(asked.weights, device)
    how = f"SSIMULACRA2 {asked.floor:g}; {STEPS} and {asked.steps} steps; {asked.target}"
    print(f"{device.name}; {how}")
    results = []
    for name in asked.files:
        square = middle(name, asked.posted, asked.window, asked.target)
        results.append(
            compare(name, square, asked.floor, (teachers, [own]), asked.steps, asked.runs)
        )
    print("\n".join(lines(results)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--posted", type=int, default=1600, help="long side of the posted file")
    parser.add_argument("--window", type=int, default=512, help="pixels of the square worked on")
    parser.add_argument("--floor", type=float, default=65.0)
    parser.add_argument("--steps", type=int, default=ALONE_STEPS, help="on the surrogate")
    parser.add_argument("--runs", type=int, default=1, help="of each: the quickest counts")
    parser.add_argument("--target", default="charcoal")
    parser.add_argument("--weights", type=Path, default=OWN)
    return parser


if __name__ == "__main__":
    main()
