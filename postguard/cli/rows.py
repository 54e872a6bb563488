"""What commands on the queue share: the rows, the time, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from postguard.language import _, marked

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from postguard.store import Store


class _PostNumber(click.IntRange):
    """The number of a post: as `list` shows it or, as in `reply_to`, with # before it."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  # click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Read the number. Raises click.BadParameter."""
        number: Any = str(value).strip().lstrip("#＃")
        try:
            return int(super().convert(number, param, ctx))
        except click.BadParameter:
            said = _("{value} is not the number of a post; `postguard list` shows them").format(
                value=value
            )
            raise click.BadParameter(said, ctx, param) from None


NUMBER = _PostNumber(1, 2**63 - 1)  # as large as a row's number can be
NOT_RUNNING = marked(
    "postguard is not running, so nothing moves. Start it: postguard service install"
)


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

    named = store.meta.get("timezone")
    return None if named is None else ZoneInfo(named)


def say(text: str) -> None:
    """Wake the daemon and tell what was done."""
    from postguard.app.bell import ring

    rung = ring()
    click.echo(text)
    if not rung:
        click.echo(_(NOT_RUNNING))


def say_as_json(text: str, **more: object) -> None:
    """Wake the daemon and tell programs what was done."""
    from postguard.app.bell import ring
    from postguard.cli import for_programs

    for_programs.echo({"said": text, "running": ring(), **more})


def say_of(store: Store, post_id: int, text: str, *, as_json: bool) -> None:
    """Wake the daemon and tell what was done with a post; programs get what became of it, too."""
    from postguard.cli import for_programs

    if not as_json:
        say(text)
        return
    post, deliveries = store.posts.get(post_id), store.deliveries.of_post(post_id)
    say_as_json(text, **for_programs.post(post, deliveries, store))
