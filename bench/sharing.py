"""What a GPU gains by more than one picture at a time: python -m bench.sharing

    [--side 256] [--pictures 16] [--children 1 2 4 8]

First the encoders alone, forward and backward: milliseconds of one pass over several squares, and
for a megapixel of them. Then whole cloaks of one small square: pictures a second by several
processes that share the GPU, as `postguard cluster worker --at-once` has them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from PIL import Image

from bench.squares import SEED, SHARED, centre
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.runner import LocalEngine
from postguard.model import Json
from postguard.protect.steps.cloak import CEILINGS, FLOORS

HEAD = "| squares of one pass | ms | ms for a megapixel |\n|---|---|---|"
PASSES = ((256, 1), (256, 8), (256, 32), (512, 1), (512, 4), (512, 16), (1024, 1), (1024, 4))
_WARM, _TIMED = 3, 10
_SHORT = 512  # px that the art file is brought to, of which the square is the middle


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=256, help="px of the square")
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--children", nargs="*", type=int, default=[1, 2, 4, 8])
    asked = parser.parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    print(f"{encoders[0].device.name}\n\n{HEAD}")
    for side, count in PASSES:
        ms = 1e3 * passed(encoders, side, count)
        print(
            f"| {count} of {side} px | {ms:.1f} | {ms * 1e6 / (count * side**2):.1f} |", flush=True
        )
    print("\n| processes | pictures a second |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "in.png"
        Image.fromarray(centre("autumn.jpg", _SHORT, asked.side)).save(source)
        for count in asked.children:
            print(f"| {count} | {rate(source, count, asked.pictures):.2f} |", flush=True)


def passed(encoders: Sequence[Encoder], side: int, count: int) -> float:
    """Return the seconds of one pass, forward and backward, over `count` squares."""
    place = encoders[0].device.torch
    x = torch.rand(count, 3, side, side, device=place, requires_grad=True)
    for turn in range(_WARM + _TIMED):
        if turn == _WARM:
            _settled(place)
            began = time.perf_counter()
        loss = torch.stack([encoder(x, fast=True).square().mean() for encoder in encoders]).sum()
        torch.autograd.grad(loss, x)
    _settled(place)
    return (time.perf_counter() - began) / _TIMED


def rate(source: Path, children: int, pictures: int) -> float:
    """Return how many pictures a second warm processes cloak together."""
    engines = [LocalEngine(SHARED / "weights") for _ in range(children)]
    try:
        _all(engines, source, 1)
        began = time.monotonic()
        _all(engines, source, pictures // children)
        return pictures // children * children / (time.monotonic() - began)
    finally:
        for engine in engines:
            engine.close()


def _all(engines: Sequence[LocalEngine], source: Path, times: int) -> None:
    with ThreadPoolExecutor(len(engines)) as hands:
        done = [
            hands.submit(_cloaked, engine, source, n, times) for n, engine in enumerate(engines)
        ]
    for each in done:
        each.result()  # raises what went wrong: it would count as a picture


def _cloaked(engine: LocalEngine, source: Path, number: int, times: int) -> None:
    for _ in range(times):
        engine.cloak(_job(source), source, source.with_name(f"{number}.png"), lambda _: None)


def _job(source: Path) -> dict[str, Json]:
    return {
        "modes": ["style"],
        "ceiling": CEILINGS["medium"],
        "floor": FLOORS["medium"],
        "seed": SEED,
        "artist_seed": SEED,
        "time_limit": 86_400.0,
        "memory": str(source.with_name("style.json")),
    }


def _settled(place: torch.device) -> None:
    if place.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
