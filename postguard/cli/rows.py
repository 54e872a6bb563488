"""What commands on the queue share: the rows, the time, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from postguard.store import Store

_DIGITS = 18  # of the largest number that a row can have, whatever the digits are


class _PostNumber(click.ParamType):
    """The number of a post, as `list` shows it or, as elsewhere, with # before it."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        said = str(value).strip().lstrip("#＃")
        if not said.isdecimal() or len(said) > _DIGITS or not int(said):
            self.fail(
                f"{value} is not the number of a post; `postguard list` shows them", param, ctx
            )
        return int(said)


NUMBER = _PostNumber()
NOT_RUNNING = "postguard is not running, so nothing moves. Start it: postguard service install"


def open_rows() -> Store:
    """Open the rows. The config is not needed, so that a list appears at once."""
    from postguard.store import open_store
    from postguard.system.paths import home

    return open_store(home().database)


def time_now() -> datetime:
    """Return the time."""
    from postguard.system.clock import SystemClock

    return SystemClock().now()


def zone(store: Store) -> tzinfo | None:
    """Return the artist's zone, as the config said when it was last read; None: this PC's."""
    from zoneinfo import ZoneInfo

    named = store.posts.meta("timezone")
    return None if named is None else ZoneInfo(named)


def say(text: str) -> None:
    """Wake the daemon and tell what was done."""
    from postguard.app.bell import ring

    rung = ring()
    click.echo(text)
    if not rung:
        click.echo(NOT_RUNNING)
