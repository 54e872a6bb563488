"""The days to come as weeks that begin on Monday. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from postguard.web.facts import DayFacts, Entry

_DAYS = 7


@dataclass(frozen=True, slots=True)
class Place:
    """One copy in the calendar, or a free slot. `where`: as `postguard move` takes it."""

    time: str
    account: str
    where: str
    shows: str = "bluesky"
    post_id: int = 0
    name: str = ""
    held: bool = False
    dry_run: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One day; `past`: it is over, and only fills its week."""

    date: date
    today: bool = False
    past: bool = False
    entries: tuple[Place, ...] = ()
    free: tuple[Place, ...] = ()


def weeks(
    days: Sequence[DayFacts], shows: Mapping[str, str], zone: tzinfo
) -> list[tuple[Day, ...]]:
    """Return whole weeks with all of these days, today first among those that count."""
    if not days:
        return []
    today = days[0].date
    before = [Day(today - timedelta(days=n), past=True) for n in range(today.weekday(), 0, -1)]
    shown = [_day(each, today, shows, zone) for each in days]
    whole = [*before, *shown[: len(shown) - (len(before) + len(shown)) % _DAYS]]
    return [tuple(whole[i : i + _DAYS]) for i in range(0, len(whole), _DAYS)]


def _day(facts: DayFacts, today: date, shows: Mapping[str, str], zone: tzinfo) -> Day:
    entries = tuple(_entry(e, facts.date, shows, zone) for e in facts.entries)
    taken = {(e.account, e.at) for e in facts.entries}
    free = tuple(
        _free(account, at, shows, zone) for account, at in facts.free if (account, at) not in taken
    )
    return Day(facts.date, facts.date == today, False, entries, free)


def _entry(entry: Entry, day: date, shows: Mapping[str, str], zone: tzinfo) -> Place:
    local = entry.at.astimezone(zone)
    return Place(
        f"{local:%H:%M}",
        entry.account,
        f"{local:%Y-%m-%d %H:%M}",
        shows.get(entry.account, "bluesky"),
        entry.post_id,
        entry.name,
        entry.held,
        entry.dry_run,
        late=local.date() < day,
    )


def _free(account: str, at: datetime, shows: Mapping[str, str], zone: tzinfo) -> Place:
    local = at.astimezone(zone)
    look = shows.get(account, "bluesky")
    return Place(f"{local:%H:%M}", account, f"{local:%Y-%m-%d %H:%M}", look)
