"""The dashboard: open."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from postguard.cli import browsing
from postguard.language import _, marked

if TYPE_CHECKING:
    from pathlib import Path

_USUAL_PORT = 7347
_STARTED = marked(
    "Your browser was started with a page that leads there. One that is a snap or a flatpak may "
    "not be allowed to read it: open the link in it then."
)


@click.command(name="open")
@click.option("--no-browser", is_flag=True, help="Print the link, and start no browser.")
@click.option(
    "--port",
    default=_USUAL_PORT,
    show_default=True,
    type=click.IntRange(1024, 65535),
    help="Port on this PC; another is taken where it is in use.",
)
@click.option("--stay", is_flag=True, help="Be the dashboard here, until Ctrl-C.")
@click.option("--serve", is_flag=True, hidden=True, help="Be the dashboard while it is looked at.")
@click.pass_obj
def open_(config: Path | None, no_browser: bool, port: int, stay: bool, serve: bool) -> None:
    """Open the dashboard: the queue, each post before and after, and what needs you.

    It listens on this PC alone, lets in whoever has the link, once, and ends a quarter of an hour
    after its last page was closed.
    """
    from postguard.app.dashboard import opening

    if serve or stay:
        _be_it(config, port, ends=serve)
        return
    opened = opening.link(config, port)
    click.echo(_("The dashboard, once and within ten minutes:"))
    click.echo(f"  {opened.link}")
    wanted = not no_browser and not _from_far()
    started = wanted and browsing.started(opened.door.as_uri())
    said = [_(_STARTED)] if started else _by_hand(opened.port, looked=wanted)
    click.echo("\n".join(said))


def _from_far() -> bool:
    """Return whether the artist sits before another PC, whose browser is not started from here."""
    return "SSH_CONNECTION" in os.environ and not browsing.has_screen()


def _be_it(config: Path | None, port: int, *, ends: bool) -> None:
    from postguard.app.dashboard import opening
    from postguard.cli import happening
    from postguard.system.logs import set_up

    set_up("info")
    opening.stay(config, happening.event, port, ends=ends)
    sys.stdout.flush()


def _by_hand(port: int, *, looked: bool) -> list[str]:
    """Return how the link is opened; `looked`: for a browser here, and none was found."""
    none = _(
        "No browser was started: this terminal has no screen to show one on, or no browser was "
        "found. Open the link in a browser on this PC."
    )
    return [
        *([none] if looked else []),
        "",
        _("From another PC, forward its port first, in a terminal there:"),
        f"  ssh -N -L {port}:127.0.0.1:{port} {_('you@this-pc')}",
        _("and then open the link in the browser there."),
    ]


COMMANDS = (open_,)
