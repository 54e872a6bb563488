"""The machine's clocks, and how to tell that they jumped: a PC sleeps, and its time is set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

# Reading three clocks is not one act, and NTP slews the wall clock a little all the time.
TOLERANCE = timedelta(seconds=2)


class SystemClock:
    """The wall clock of this PC."""

    def now(self) -> datetime:
        """Return the time as a timezone-aware UTC datetime."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)


class JumpKind(StrEnum):
    """What happened to the clocks between two looks."""

    RESUMED = "resumed"  # the PC slept
    STEPPED = "stepped"  # the wall clock was set forward or back


@dataclass(frozen=True, slots=True)
class Jump:
    """A gap between the clocks. `amount` is negative where the wall clock was set back."""

    kind: JumpKind
    amount: timedelta


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks, in seconds from beginnings of their own.

    Attributes:
        awake: stands still while the PC sleeps (CLOCK_MONOTONIC).
        boot: runs on while the PC sleeps (CLOCK_BOOTTIME); None where the system has none.
    """

    wall: float
    awake: float
    boot: float | None


def read_clocks() -> Reading:
    """Look at the clocks of this PC."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return Reading(
        wall=time.time(),
        awake=time.clock_gettime(time.CLOCK_MONOTONIC),
        boot=None if boottime is None else time.clock_gettime(boottime),
    )


def jumps(before: Reading, after: Reading) -> tuple[Jump, ...]:
    """Return what happened besides the passing of time: nothing, a sleep, a step, or both.

    Without a boot clock a sleep and a step forward look alike; then it counts as a sleep, which is
    what happens every night.
    """
    awake = after.awake - before.awake
    wall = after.wall - before.wall
    if before.boot is None or after.boot is None:
        gap = wall - awake
        return _told(JumpKind.RESUMED if gap > 0 else JumpKind.STEPPED, gap)
    running = after.boot - before.boot
    return _told(JumpKind.RESUMED, running - awake) + _told(JumpKind.STEPPED, wall - running)


def _told(kind: JumpKind, seconds: float) -> tuple[Jump, ...]:
    amount = timedelta(seconds=seconds)
    return (Jump(kind, amount),) if abs(amount) > TOLERANCE else ()


class Pulse:
    """Remembers the last look at the clocks."""

    def __init__(self, read: Callable[[], Reading] = read_clocks) -> None:
        self._read = read
        self._last = read()

    def look(self) -> tuple[Jump, ...]:
        """Return what happened to the clocks since the last look."""
        before, self._last = self._last, self._read()
        return jumps(before, self._last)
