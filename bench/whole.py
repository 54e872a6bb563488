"""A whole picture through the cloak's own process: python -m bench.whole [--files NAME ...]

    [--side 1600] [--mode style] [--strength medium] [--warming 64]

What an artist waits for, and what the process needs: seconds from handing over to the cloaked
file, in a child that a job before has warmed (a square of `--warming` px), by an artist whose
style is known; CPU seconds of that child, with its start and the job before, for other programs
take their share of the first; and the most memory that any child has held so far. The encoders
are those of the shared weights and, on a CPU, our own in the first steps, as on a PC that has
fetched them.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from bench.squares import ART, SEED, SHARED
from postguard.cloak.runner import LocalEngine
from postguard.model import Json
from postguard.protect.steps.cloak import CEILINGS, FLOORS

HEAD = """\
| picture | size | s | CPU s | low-scale steps | tiles | SSIMULACRA2 | memory, GB |
|---|---|---|---|---|---|---|---|"""
_DAY = 86_400.0


def main() -> None:
    """Print a row for each file."""
    asked = _parser().parse_args()
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as name:
        for file in asked.files:
            source = Path(name) / "in.tif"
            width, height = _brought(file, asked.side, source)
            before = _cpu()
            job = _job(asked.mode, asked.strength)
            seconds, record = _cloaked(job, source, asked.warming)
            cpu = _cpu() - before
            held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
            done = " | ".join(str(record[key]) for key in ("steps", "tiles", "ssimulacra2"))
            print(
                f"| {file} | {width}x{height} | {seconds:.1f} | {cpu:.0f} | {done} | {held:.1f} |",
                flush=True,
            )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cloaked(job: dict[str, Json], source: Path, warming: int) -> tuple[float, Mapping[str, Json]]:
    """Return the seconds of a warm child, which ends afterwards, and its record."""
    target, small = source.with_name("out.tif"), source.with_name("small.tif")
    job = job | {"memory": str(source.with_name("style.json"))}  # as at an artist's second work
    noise = np.random.default_rng(0).integers(0, 256, (warming, warming, 3), dtype=np.uint8)
    Image.fromarray(noise).save(small)
    with LocalEngine(SHARED / "weights") as engine:
        engine.cloak(job, small, target, lambda _: None)
        began = time.monotonic()
        record = engine.cloak(job, source, target, lambda _: None)
        return time.monotonic() - began, record


def _job(mode: str, strength: str) -> dict[str, Json]:
    return {
        "modes": [mode],
        "ceiling": CEILINGS[strength],
        "floor": FLOORS[strength],
        "seed": SEED,
        "artist_seed": SEED,
        "time_limit": _DAY,
    }


def _brought(name: str, side: int, source: Path) -> tuple[int, int]:
    """Write an art file with this long side (it is not enlarged); return its size."""
    with Image.open(SHARED / "art" / name) as image:
        scale = min(1.0, side / max(image.size))
        size = round(image.width * scale), round(image.height * scale)
        image.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(source)
    return size


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--side", type=int, default=1_600, help="long side in px")
    parser.add_argument("--warming", type=int, default=64, help="px; a GPU wants it of like size")
    parser.add_argument("--mode", default="style")
    parser.add_argument("--strength", choices=list(FLOORS), default="medium")
    return parser


if __name__ == "__main__":
    main()
