"""Due times as pure functions: slots over clock changes, grace, what to do when it is too late."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from postguard.model import Late

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK, _A_MONDAY = timedelta(days=7), date(2024, 1, 1)
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)
_Week = tuple[tuple[str, ...], ...]


class SlotRule(Protocol):
    """Weekly posting times: `days` (0 = Monday) at `times` (hour, minute)."""

    @property
    def days(self) -> tuple[int, ...]: ...
    @property
    def times(self) -> tuple[tuple[int, int], ...]: ...


class Unreadable(ValueError):  # noqa: N818  # a state of what was asked
    """What was asked for is no time."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a delivery is due (UTC), and the key of the slot it uses, if any."""

    at: datetime
    slot: str | None = None


def plan(asked: str, now: datetime, *, grace: timedelta, slot: Callable[[str], Due | None]) -> Due:
    """Return when a delivery goes out. Raises Unreadable, or OverflowError behind the year 9999.

    Args:
        asked: `now`, `grace`, `slot`, `slot KEY` (this one, or the next), or an ISO time with its
            offset, which may have `place` before it.
        slot: returns the first free slot of the account from a key on.
    """
    if asked == "now":
        return Due(now)
    wish, _, key = asked.partition(" ")
    if wish not in {"slot", "grace"}:
        return Due(_read(asked.removeprefix("place ")).astimezone(UTC))
    free = slot(_key(_read(key)) if key else "") if wish == "slot" else None
    return free or Due(now + grace)


def _read(asked: str) -> datetime:
    try:
        return datetime.fromisoformat(asked)
    except ValueError as exc:
        raise Unreadable(asked) from exc


def free_slots(
    rules: Sequence[SlotRule], now: datetime, zone: ZoneInfo, taken: Collection[str] = ()
) -> Iterator[Due]:
    """Yield the slots behind `now` that are not taken, in order and without end."""
    for key in slot_keys(rules, _key(now.astimezone(zone))):
        due = slot_at(key, zone)
        if due.at > now and key not in taken:
            yield due


def slot_keys(rules: Sequence[SlotRule], start: str) -> Iterator[str]:
    """Yield the keys of the slots from a key on, in order and without end.

    A key is the local day and time, so that each slot comes once on the autumn night too, and
    that the order is the order of their times wherever the clocks are changed.
    """
    times = _times(tuple((rule.days, rule.times) for rule in rules))
    days = tuple(day for day in range(7) if times[day])
    for day in _dates(days, date.fromisoformat(start[:10])):
        on = day.isoformat()
        for at in times[day.weekday()]:
            key = f"{on} {at}"
            if key >= start:
                yield key


def slot_at(key: str, zone: ZoneInfo) -> Due:
    """Return when a slot is: in the repeated hour of autumn on its first pass, and in the gap of
    spring at the first minute that exists."""
    return Due(existing(datetime.fromisoformat(key), zone), key)


def written(rules: Sequence[SlotRule]) -> str:
    """Return the same text for all rules that make the same slots."""
    week = _times(tuple((rule.days, rule.times) for rule in rules))
    return "; ".join(
        f"{day} {' '.join(at)}" for day, at in zip(_DAY_NAMES, week, strict=True) if at
    )


@cache
def _times(rules: tuple[tuple[tuple[int, ...], tuple[tuple[int, int], ...]], ...]) -> _Week:
    """Return the times of each day of the week, Monday first, as they stand in a key."""
    found = [{time for days, times in rules if day in days for time in times} for day in range(7)]
    return tuple(tuple(f"{h:02d}:{m:02d}" for h, m in sorted(times)) for times in found)


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


def _key(wall: datetime) -> str:
    return wall.replace(tzinfo=None).isoformat(" ", "minutes")


def _dates(days: tuple[int, ...], first: date) -> Iterator[date]:
    """Yield the dates that are such days of the week, from one on."""
    since = first - timedelta(days=first.weekday()) - _A_MONDAY
    for weeks in count() if days else ():
        for day in _one_week(days):
            if (found := day + since + weeks * _WEEK) >= first:
                yield found


@cache
def _one_week(days: tuple[int, ...]) -> tuple[date, ...]:
    """Return the days' dates in one week. All weeks are alike, and asking the trigger for each
    date of a long queue takes seconds."""
    names = ",".join(_DAY_NAMES[day] for day in days)
    trigger = CronTrigger(day_of_week=names, hour=0, timezone=UTC)
    at, found = datetime.combine(_A_MONDAY, time(), UTC), list[date]()
    while (fired := trigger.get_next_fire_time(None, at).date()) < _A_MONDAY + _WEEK:
        found.append(fired)
        at = datetime.combine(fired + timedelta(days=1), time(), UTC)
    return tuple(found)


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
