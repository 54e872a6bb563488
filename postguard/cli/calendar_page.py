"""The next 30 days as a page, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from postguard import language
from postguard.app.calendar import Day
from postguard.cli import wide
from postguard.language import _
from postguard.store.calendar import Planned

_MOST = (5, 16, 40)
_INDENT = "  "


def lines(days: Sequence[Day]) -> Iterator[str]:
    """Yield a heading for each day that has something, and below it what goes out and what is
    free, in columns that hold for the whole page."""
    rows = {day.date: [_row(day, each) for each in day.planned] for day in days}
    columns = wide.widths([row for each in rows.values() for row in each] or [("",) * 3], _MOST)
    empty = True
    for day in days:
        if not day.planned and not day.free:
            continue
        empty = False
        yield click.style(language.day(day.date), bold=True)
        for each, row in zip(day.planned, rows[day.date], strict=True):
            said = f"{_INDENT}{wide.row(row, columns)}".rstrip()
            yield click.style(said, fg="yellow" if each.held else None)
        for account, times in _free(day).items():
            free = wide.row((_("free"), account, " ".join(times)), columns[:2])
            yield click.style(f"{_INDENT}{free}", dim=True)
    if empty:
        yield _(
            "Nothing is planned for the next 30 days, and there are no slots: [schedule] in the "
            "config may name some."
        )


def told(day: Day) -> dict[str, Any]:
    """Return one day for programs; times with the zone's offset."""
    return {
        "day": day.date.isoformat(),
        "posts": [
            {
                "at": each.at.astimezone(day.zone).isoformat(),
                "account": each.account,
                "post": each.post_id,
                "name": each.name,
                "held": each.held,
                "dry_run": each.dry_run,
            }
            for each in day.planned
        ],
        "free": [
            {"at": at.astimezone(day.zone).isoformat(), "account": account}
            for account, at in day.free
        ],
    }


def _row(day: Day, each: Planned) -> tuple[str, ...]:
    said = _(" (held)") * each.held + _(" (dry run)") * each.dry_run
    late = each.at.astimezone(day.zone).date() < day.date
    when = _("due") if late else _time(day, each.at)
    return when, each.account, f"{each.post_id} {each.name}{said}"


def _free(day: Day) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for account, at in day.free:
        found.setdefault(account, []).append(_time(day, at))
    return found


def _time(day: Day, at: datetime) -> str:
    return f"{at.astimezone(day.zone):%H:%M}"
