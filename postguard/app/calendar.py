"""The days to come in the artist's zone: what goes out where, and which slots are free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

from postguard import settings
from postguard.publish.schedule import free_slots
from postguard.settings.schema import Config
from postguard.store import Store
from postguard.store.calendar import Planned, planned

DAYS = 30


@dataclass(slots=True)
class Day:
    """One day with what is planned for it. `free`: the free slots, by account and time."""

    date: date
    zone: ZoneInfo
    planned: list[Planned] = field(default_factory=list)
    free: list[tuple[str, datetime]] = field(default_factory=list)


def days(path: Path | None, store: Store, now: datetime) -> list[Day]:
    """Return the next 30 days, today first. What is overdue stands today. Raises ConfigError."""
    config = settings.load(path or settings.default_path())
    zone, today = config.timezone, now.astimezone(config.timezone).date()
    found = [Day(today + timedelta(days=n), zone) for n in range(DAYS)]
    by_date = {day.date: day for day in found}
    behind = datetime.combine(found[-1].date + timedelta(days=1), time(), zone).astimezone(UTC)
    for each in planned(store.db, datetime.fromtimestamp(0, UTC), behind):
        by_date[max(each.at.astimezone(zone).date(), today)].planned.append(each)
    for account, at in sorted(_free(config, store, now, behind), key=lambda slot: slot[1]):
        by_date[at.astimezone(zone).date()].free.append((account, at))
    return found


def _free(
    config: Config, store: Store, now: datetime, until: datetime
) -> Iterator[tuple[str, datetime]]:
    """Yield the slots of the accounts in use that no post has."""
    zone, ends = config.timezone, (now, until)
    for name, account in config.accounts.items():
        rules = config.schedule.slots if account.slots is None else account.slots
        if account.enabled and rules:
            taken = store.plans.taken_slots(name, *(f"{at.astimezone(zone):%F}" for at in ends))
            free = free_slots(rules, now, zone, taken)
            yield from ((name, due.at) for due in takewhile(lambda due: due.at < until, free))
