"""Due times as pure functions: slots over clock changes, grace, what to do when it is too late."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from postguard.model import Late

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)


class SlotRule(Protocol):
    """Weekly posting times: `days` (0 = Monday) at `times` (hour, minute)."""

    @property
    def days(self) -> tuple[int, ...]: ...
    @property
    def times(self) -> tuple[tuple[int, int], ...]: ...


@dataclass(frozen=True, slots=True)
class Due:
    """When a delivery is due (UTC), and the key of the slot it uses, if any."""

    at: datetime
    slot: str | None = None


def plan(asked: str, now: datetime, *, grace: timedelta, slots: Iterator[Due]) -> Due:
    """Return when a delivery goes out.

    Args:
        asked: `now`, `grace`, `slot`, `slot KEY` (this one, or the next), or an ISO time with its
            offset, which may have `place` before it.
        slots: the free slots of the account; the first is used up.
    """
    if asked == "now":
        return Due(now)
    wish, _, key = asked.partition(" ")
    if wish == "slot" and (free := next((s for s in slots if (s.slot or "") >= key), None)):
        return free
    if wish in {"slot", "grace"}:
        return Due(now + grace)
    return Due(datetime.fromisoformat(asked.removeprefix("place ")).astimezone(UTC))


def free_slots(
    rules: Sequence[SlotRule], now: datetime, zone: ZoneInfo, taken: Collection[str]
) -> Iterator[Due]:
    """Yield the slots behind `now` that are not taken, in order and without end."""
    weekly = [_occurrences(days, time, now, zone) for days, time in _weekly(rules)]
    for due in heapq.merge(*weekly, key=lambda due: due.at):
        if due.slot not in taken and due.at > now:
            yield due


def jittered(due: Due, jitter: timedelta, delivery_id: int) -> Due:
    """Return a slot moved behind its minute by less than `jitter`: of one delivery always alike,
    so that planning it anew does not move it. Other times are kept as they were asked for."""
    if due.slot is None:
        return due
    drawn = hashlib.sha256(str(delivery_id).encode()).digest()
    share = int.from_bytes(drawn[:4]) / 2**32
    return Due(due.at + timedelta(seconds=int(jitter.total_seconds() * share)), due.slot)


def spaced(at: datetime, others: Iterable[datetime], spacing: timedelta) -> datetime:
    """Return the first time from `at` on that is at least `spacing` away from all others.

    Args:
        others: in their order; those more than `spacing` before `at` may be left out.
    """
    for other in others:
        if other - at >= spacing:
            break
        if at - other < spacing:
            at = other + spacing
    return at


def _weekly(rules: Sequence[SlotRule]) -> set[tuple[tuple[int, ...], tuple[int, int]]]:
    return {(rule.days, time) for rule in rules for time in rule.times}


def _occurrences(
    days: tuple[int, ...], time: tuple[int, int], now: datetime, zone: ZoneInfo
) -> Iterator[Due]:
    """Yield the slots of one weekly time from `now` on, each local date once.

    The trigger finds the dates. In autumn it fires twice on the repeated hour: the second is
    dropped, since both have the same key. In spring it fires an hour late on the wall for a time
    that does not exist: the slot moves to the first minute that does.
    """
    hour, minute = time
    trigger = CronTrigger(
        day_of_week=",".join(_DAY_NAMES[d] for d in days), hour=hour, minute=minute, timezone=zone
    )
    seen, behind = set[str](), now.astimezone(UTC) - timedelta(days=1)
    while fired := trigger.get_next_fire_time(None, behind):
        # In UTC: adding to a local time forgets which pass of the repeated hour it was in.
        behind = fired.astimezone(UTC) + timedelta(seconds=1)
        local = fired.astimezone(zone)
        key = f"{local:%Y-%m-%d} {hour:02d}:{minute:02d}"
        if key in seen:
            continue
        seen.add(key)
        wanted = datetime(local.year, local.month, local.day, hour, minute)  # noqa: DTZ001  # wall
        yield Due(existing(wanted, zone), key)


def existing(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC time of a wall time: its first pass in autumn, and for one that spring leaves
    out the first minute that exists."""
    aware = wall.replace(tzinfo=zone, fold=0)
    utc = aware.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == wall:
        return utc
    # In the gap: fold=0 reads the time with the offset before the change, so `utc` lies behind the
    # change by as much as `wall` lies behind the start of the gap.
    before, after = aware.utcoffset(), wall.replace(tzinfo=zone, fold=1).utcoffset()
    assert before is not None  # a ZoneInfo always has an offset
    assert after is not None
    low: datetime = utc - abs(before - after)
    high: datetime = utc
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        shifted = middle.astimezone(zone).utcoffset() == utc.astimezone(zone).utcoffset()
        low, high = (low, middle) if shifted else (middle, high)
    return high.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Lateness:
    """What becomes of a delivery whose time passed: sent all the same, held, or moved."""

    act: Late
    by: timedelta


def lateness(due: datetime, now: datetime, max_late: timedelta, if_later: Late) -> Lateness:
    """Decide whether a delivery due at `due` may still go out at `now`."""
    by = now - due
    return Lateness(Late.POST if by <= max_late else if_later, by)


def next_try(now: datetime, tries: int, after: timedelta | None, jitter: float) -> datetime:
    """Return when to try again: 30 s doubling to an hour, never before what the server asked.

    Args:
        tries: attempts so far, from 1.
        jitter: in [0, 1): spreads the wait over its last quarter, so that accounts do not knock
            together after an outage.
    """
    wait = min(_FIRST_WAIT * (1 << min(tries - 1, 10)), _LONGEST_WAIT)
    wait *= 0.75 + jitter / 4
    return now + max(wait, after or timedelta(0))
