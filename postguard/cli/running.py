"""The daemon: run, demo, service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.language import _, day_and_time

if TYPE_CHECKING:
    from pathlib import Path

    from postguard.app.installation import Installation

_LEVELS = click.Choice(["debug", "info", "warning", "error"])


@click.command()
@click.option("--once", is_flag=True, help="Do all that is due and settled, then end.")
@click.option("--dry-run", is_flag=True, help="Make preview pages; post nothing.")
@click.option(
    "--log", "level", default="info", show_default=True, type=_LEVELS, help="How much to tell."
)
@click.option("--log-json", is_flag=True, help="One JSON object for each line of the log.")
@click.option("--log-file", type=given.ANY_FILE, help="Log to FILE; it never exceeds 20 MB.")
@click.pass_obj
def run(
    config: Path | None,
    once: bool,
    dry_run: bool,
    level: str,
    log_json: bool,
    log_file: Path | None,
) -> None:
    """Watch the outbox, protect what is dropped, and post it on schedule."""
    from postguard.app import bell, roles
    from postguard.app.installation import open_installation
    from postguard.system.lock import OnlyOne
    from postguard.system.logs import set_up
    from postguard.system.paths import home

    redaction = set_up(level, json=log_json, file=log_file)
    bell.be_deaf()
    with OnlyOne(home().state / bell.LOCK):
        installation = open_installation(config, dry_run=dry_run)
        for secret in (*installation.secrets.values(), *installation.sessions.values()):
            redaction.learn(secret)
        if once:
            roles.do_what_is_due(installation)
            _say_what_is_left(installation)
        else:
            roles.run(installation)


def _say_what_is_left(installation: Installation) -> None:
    """Tell when the next post goes out, which nobody does once this process has ended."""
    due = installation.store.deliveries.next_due(installation.clock.now())
    if due is not None:
        at = day_and_time(due.astimezone(installation.settings.timezone))
        click.echo(_("The next post is due {at}; run postguard again then.").format(at=at))


@click.command()
@click.argument("picture", required=False, type=given.PRESENT_FILE)
@click.option("--into", type=given.ANY_FOLDER, help="Folder for the demo's files.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def demo(picture: Path | None, into: Path | None, as_json: bool) -> None:
    """Show the whole way of a picture, yours or a drawn one, ending in a preview page.

    Needs no account, no network and no models; nothing leaves this PC.
    """
    from postguard.cli import stations

    with stations.set_up(picture, into, quiet=as_json) as show:
        stations.play(show, as_json=as_json)


@click.group()
def service() -> None:
    """Run postguard in the background, from login on."""


@service.command()
@click.pass_obj
def install(config: Path | None) -> None:
    """Install the systemd user unit and start it."""
    from postguard.app import background

    click.echo(background.install(config))


@service.command()
def remove() -> None:
    """Stop it and take it out of systemd; your posts, config and logins stay."""
    from postguard.app import background

    click.echo(background.remove())


@service.command()
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
def logs(lines: int, follow: bool) -> None:
    """Print what it said last, from systemd's journal."""
    from postguard.system.service import show_logs

    sys.exit(show_logs(lines, follow=follow))


@service.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Say whether the service is installed and running."""
    from postguard.app import background

    told = background.status()
    if as_json:
        from postguard.cli import for_programs

        for_programs.echo(background.as_json(told))
    else:
        click.echo(background.in_words(told))


COMMANDS = (run, demo, service)
