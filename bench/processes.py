"""What processes have cost so far: of a machine that others use, CPU tells more than the clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import psutil

Roles = Mapping[str, Iterable[int]]


def spent(numbers: Iterable[int]) -> float:
    """CPU seconds of processes, with all that they have started and that lives."""
    total = 0.0
    for process in _living(numbers):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total


def memory(numbers: Iterable[int]) -> float:
    """MB that processes have now."""
    total = 0.0
    for process in _living(numbers):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss / 1e6
    return total


def watch(roles: Callable[[], Roles], runs: Callable[[], bool]) -> dict[str, tuple[float, float]]:
    """Look twice a second while something runs; return of each role the CPU seconds that it took
    meanwhile, and the most MB that it had."""
    first: dict[str, float] = {}
    found: dict[str, tuple[float, float]] = {}
    while runs():
        for role, numbers in roles().items():
            now = spent(numbers)
            first.setdefault(role, now)
            cpu, most = found.get(role, (0.0, 0.0))
            found[role] = max(cpu, now - first[role]), max(most, memory(numbers))
        time.sleep(0.5)
    return found


def load() -> str:
    """How many processes want the cores of this machine, and how many it has."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _living(numbers: Iterable[int]) -> Iterable[psutil.Process]:
    for number in numbers:
        with suppress(psutil.NoSuchProcess):
            yield psutil.Process(number)
