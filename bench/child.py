"""What a cloak's process costs before it works: python -m bench.child

A job of 64x64 pixels is handed to a fresh process (imports and weights), and then again to the
same, warm one; the time until its first step is reported counts, the step itself included.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.squares import SEED, SHARED
from bench.table import Figure, Measured
from postguard.cloak.runner import LocalEngine
from postguard.model import Json

JOB: dict[str, Json] = {
    "modes": ["immunise"],
    "ceiling": 30,
    "floor": 65.0,
    "seed": SEED,
    "artist_seed": SEED,
    "time_limit": 60.0,
}
RUNS = 5


def main() -> int:
    """Print both times, each the median of five."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "in.png"
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(source)
        pairs = [_pair(source, Path(name) / "out.png") for _ in range(RUNS)]
    cold, warm = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Measured(
        [
            Figure("from nothing to a cloak's first step (imports, weights)", cold, 8.0, "s"),
            Figure("from a warm process to a cloak's first step", warm, 0.2, "s"),
        ]
    ).print()


def _pair(source: Path, target: Path) -> tuple[float, float]:
    with LocalEngine(SHARED / "weights") as engine:
        return _to_first_step(engine, source, target), _to_first_step(engine, source, target)


def _to_first_step(engine: LocalEngine, source: Path, target: Path) -> float:
    began, heard = time.monotonic(), list[float]()
    engine.cloak(JOB, source, target, lambda _: heard.append(time.monotonic()))
    return heard[0] - began


if __name__ == "__main__":
    raise SystemExit(main())
