"""A whole tree of pictures, protected into another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.language import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from postguard.app.archive.running import Count


@click.command()
@click.argument("source", type=given.ANY_FOLDER)
@click.argument("target", type=given.ANY_FOLDER)
@click.option("--recipe", default="default", show_default=True, help="Recipe of the config.")
@click.option(
    "--engine",
    type=click.Choice(["local", "cluster"]),
    default="local",
    show_default=True,
    help="Who works on it: this machine, or those of the cluster.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 512),
    help="Pictures at a time, here or on all machines there; else one for each core here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def archive(  # its arguments and options
    config: Path | None,
    source: Path,
    target: Path,
    recipe: str,
    engine: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Protect every picture below SOURCE into TARGET, names and folders alike; post nothing.

    It may be ended at any time: the next run goes on. Nothing is ever overwritten. What came of it
    stands in TARGET/report.html.
    """
    from postguard.app.archive import hands, making, running
    from postguard.app.installation import open_installation
    from postguard.cli import for_programs, progress

    installation = open_installation(config)
    at_once = workers or os.cpu_count() or 1
    asked = making.Asked(source, target, recipe, at_once)
    with (
        hands.hands_of(installation, engine, at_once) as worker,
        progress.pictures(quiet=as_json) as on_count,
    ):
        count = running.archive(installation, asked, worker, on_count)
    if as_json:
        for_programs.echo(running.as_json(count))
    else:
        _say(count, target)
    if count.failed or count.stopped or count.unreported:
        raise SystemExit(1)


COMMANDS = (archive,)


def _say(count: Count, target: Path) -> None:
    made = ngettext("{n} picture protected", "{n} pictures protected", count.made)
    click.echo(made.format(n=count.made))
    if count.known:
        known = ngettext("{n} was there already", "{n} were there already", count.known)
        click.echo(known.format(n=count.known))
    if count.failed:
        _say_failed(count)
    if count.stopped:
        click.secho(
            _("It stopped early: {why}. Run it again, and it goes on.").format(why=count.stopped),
            fg="red",
        )
    if count.unreported:
        said = _("the report could not be written ({why}); the next run writes it")
        click.secho(said.format(why=count.unreported), fg="red")
        return
    report = _("report: {path}") if not count.failed else _("report, with all that failed: {path}")
    click.echo(report.format(path=target / "report.html"))


def _say_failed(count: Count) -> None:
    """Name the first, with their reasons; the report names all."""
    failed = ngettext("{n} failed:", "{n} failed:", count.failed)
    click.secho(failed.format(n=count.failed), fg="red")
    for name, reason in count.examples:
        click.echo(f"  {name}: {reason}")
    if rest := count.failed - len(count.examples):
        more = ngettext("  and {n} more", "  and {n} more", rest)
        click.echo(more.format(n=rest))
