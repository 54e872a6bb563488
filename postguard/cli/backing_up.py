"""Backups: make one, list them, and put one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.language import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from postguard.app.backing_up import Backup
    from postguard.app.restoring import Restored


@click.command()
@click.option("--into", type=given.ANY_FOLDER, help="Another folder, as on a drive of its own.")
@click.option("--list", "listed", is_flag=True, help="Only list the backups that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def backup(config: Path | None, into: Path | None, listed: bool, as_json: bool) -> None:
    """Back up the database and the artist key now; the daemon does so once a day.

    Your pictures lie in the outbox and are yours to back up. A backup holds your artist key: who
    has it can read the marks in your pictures.
    """
    from postguard.app import backing_up
    from postguard.app.installation import open_installation
    from postguard.cli.busy import busy

    installation = open_installation(config)
    if listed:
        folder = into or backing_up.folder_of(installation.home.state)
        _print(backing_up.kept_in(folder), as_json=as_json)
        return
    with busy(_("copying the database, and reading the copy through")):
        made = backing_up.make(installation, installation.clock.now(), into)
    _print([made], as_json=as_json)


@click.command()
@click.argument("folder", required=False, type=given.ANY_FOLDER)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; needs --yes.")
@click.pass_obj
def restore(config: Path | None, folder: Path | None, yes: bool, as_json: bool) -> None:
    """Put the newest backup, or the one in FOLDER, in the place of the database.

    What was posted since is looked for on your accounts before anything is sent, so that nothing
    is posted twice. The database that is there now is kept beside it.
    """
    from postguard.app import backing_up, bell, restoring
    from postguard.system.clock import SystemClock
    from postguard.system.paths import home

    if as_json and not yes:
        raise click.UsageError(_("--json cannot ask; add --yes"))
    restoring.refuse_while_running()
    chosen = backing_up.read(folder or backing_up.folder_of(home().state))
    if not yes:
        said = _("Put back the backup of {at} ({folder})?")
        click.confirm(said.format(at=_day_and_time(chosen), folder=chosen.folder), abort=True)
    bell.be_deaf()  # it holds the daemon's lock: whoever rings for the daemon rings here
    _print_restored(restoring.restore(config, chosen, SystemClock().now()), as_json=as_json)


COMMANDS = (backup, restore)


def _day_and_time(made: Backup) -> str:
    return f"{made.at.astimezone():%Y-%m-%d %H:%M}"


def _print(backups: list[Backup], *, as_json: bool) -> None:
    if as_json:
        from postguard.cli import for_programs

        for_programs.echo(
            [{"folder": str(b.folder), "at": b.at.isoformat(), "bytes": b.size} for b in backups]
        )
        return
    for made in backups:
        click.echo(f"{_day_and_time(made)}  {made.size / 1e6:.1f} MB  {made.folder}")
    if not backups:
        click.echo(_("There is no backup yet; make one with: postguard backup"))


def _print_restored(done: Restored, *, as_json: bool) -> None:
    if as_json:
        from postguard.cli import for_programs

        for_programs.echo(
            {
                "at": done.backup.at.isoformat(),
                "replaced": str(done.replaced) if done.replaced else None,
                "waiting": done.waiting,
                "unknown_folders": list(done.strays),
                "keys": list(done.keys),
            }
        )
        return
    for line in _told(done):
        click.echo(line)


def _told(done: Restored) -> list[str]:
    said = [_("The backup of {at} is put back.").format(at=_day_and_time(done.backup))]
    if done.replaced is not None:
        said.append(_("What was there is kept in {folder}").format(folder=done.replaced))
    said += done.keys
    if done.waiting:
        said.append(
            ngettext(
                "{count} post may have gone out since: it waits until postguard has looked "
                "whether it stands on its account already. Start it: postguard run",
                "{count} posts may have gone out since: each waits until postguard has looked "
                "whether it stands on its account already. Start it: postguard run",
                done.waiting,
            ).format(count=done.waiting)
        )
    if done.strays:
        said.append(
            _(
                "These folders in the outbox were dropped after the backup, and it does not know "
                "them. Look whether their pictures were posted; if not, move them back into the "
                "outbox:"
            )
        )
        said += [f"  {name}" for name in done.strays]
    return said
