"""What `postguard --help` costs beside the least that a click program can: python -m bench.startup

Both are run in turns in one go, so that whatever else the machine does meets both alike; the
figure is the median of the ratios of CPU time. Wall time is told beside it.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.table import Figure, Measured

RUNS, MOST = 60, 1.6
HELP = (str(Path(sys.executable).with_name("postguard")), "--help")
LEAST = (sys.executable, "-c", "import click")


def cost(command: Sequence[str]) -> tuple[float, float]:
    """Return (CPU seconds, wall seconds) of one command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime), wall


def measure(runs: int = RUNS) -> Measured:
    """Run both in turns and compare them."""
    cost(LEAST), cost(HELP)  # once, for the file cache
    pairs = [(cost(LEAST), cost(HELP)) for _ in range(runs)]
    by_cpu, by_wall = (
        statistics.median(ours[i] / least[i] for least, ours in pairs) for i in (0, 1)
    )
    least, ours = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
    return Measured(
        (
            Figure("`postguard --help`, CPU, times `import click`", by_cpu, MOST),
            Figure("`postguard --help`, wall, times `import click`", by_wall, MOST),
        ),
        (f"median of {runs} pairs: {ours * 1000:.0f} ms of CPU against {least * 1000:.0f} ms",),
    )


if __name__ == "__main__":
    sys.exit(measure().print())
