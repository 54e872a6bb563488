"""Encoders for the cloak: which there are, and how they get here. Only `fetch` downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path

    from postguard.app.models import Known, Own
    from postguard.cloak.fetching import Fetched


@click.group()
def models() -> None:
    """Show and fetch the encoders that the cloak works against."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_models(config: Path | None, as_json: bool) -> None:
    """Show every model that postguard knows, and what lies in the models folder."""
    from postguard.app import models as app
    from postguard.app.installation import open_installation
    from postguard.cli import for_programs, listing, progress, wide

    folder = open_installation(config).models_dir
    with progress.steps(quiet=as_json) as on_progress:
        known, others = app.known(folder, on_progress), app.others(folder)
    if as_json:
        for_programs.echo(app.as_json(folder, known, others))
        return
    _print_own(app.own())
    for model in known:
        _print(model)
    click.echo(_("\nThe models folder is {folder}").format(folder=folder))
    for other in others:
        click.echo(f"  {other.name}: {other.said}{_('; in use') if other.in_use else ''}")
    if not (any(k.in_use for k in known) or any(o.in_use for o in others)):
        told = _(
            "No other encoder is here. Those of the models that you fear make cloaks stronger; "
            "begin with: postguard models fetch taesd"
        )
        for line in wide.wrapped(told, listing.terminal_width()):
            click.echo(line)


@models.command()
@click.argument("name")
@click.option("--revision", default=None, help="Of its repository; else the pinned, or newest.")
@click.option("--from", "source", type=given.ANY_FOLDER, help="Copy from this folder instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def fetch(
    config: Path | None, name: str, revision: str | None, source: Path | None, as_json: bool
) -> None:
    """Download the model NAME, check it, and put it into the models folder.

    The first fetch pins its bytes in models.lock; every later one must get the same.
    """
    from postguard.app import models as app
    from postguard.app.installation import open_installation
    from postguard.cli import for_programs, progress

    installation = open_installation(config)
    with progress.steps(quiet=as_json) as on_progress:
        done = app.fetch(installation, name, revision, source, on_progress)
    if as_json:
        for_programs.echo(app.fetched_as_json(done))
    else:
        _say(done)


COMMANDS = (models,)


def _print_own(own: Own) -> None:
    from postguard.cli import wide

    head = wide.row((own.name, f"{own.megabytes:g} MB"), (18, 8))
    click.echo(f"{click.style(head, bold=True)}  {click.style(_('in use'), fg='green')}")
    click.echo(f"    {own.said}")


def _print(known: Known) -> None:
    from postguard.cli import wide

    model = known.model
    said, colour = _state(known)
    head = wide.row((model.name, _("{megabytes:g} MB").format(megabytes=model.megabytes)), (18, 8))
    click.echo(f"{click.style(head, bold=True)}  {click.style(said, fg=colour)}")
    click.echo(f"    {model.mirrors}; {model.repository} ({model.licence})")


def _state(known: Known) -> tuple[str, str | None]:
    """Return it in words, and their colour."""
    if known.folder is None:
        return _("not here"), None
    if known.hashes == "differ":
        return _("damaged, or not what is pinned; postguard models fetch {name}").format(
            name=known.model.name
        ), "red"
    if not known.in_use:
        return _("a part is missing; postguard models fetch {name}").format(
            name=known.model.name
        ), "yellow"
    where = _("in use, from the hub cache") if known.place == "hub cache" else _("in use")
    return f"{where}; {_(known.hashes)}", "green"


def _say(done: Fetched) -> None:
    from postguard.cli import listing, wide
    from postguard.cloak.fetching import News

    name = done.folder.name
    said = {
        News.KEPT: _(
            "{name} is here already, with the pinned bytes; nothing was downloaded"
        ).format(name=name),
        News.SAME: _("{name} is here now, with the bytes and the answer that were pinned").format(
            name=name
        ),
        News.FIRST: (
            _(
                "{name} is here now and works. Its bytes and what it answers are pinned in "
                "models.lock from now on: this first time nothing but the source itself vouches "
                "for them"
            ).format(name=name)
        ),
    }
    for line in wide.wrapped(said[done.news], listing.terminal_width()):
        click.echo(line)
    if done.pin.revision:
        click.echo(
            _("{repository} at {revision}").format(
                repository=done.pin.repository, revision=done.pin.revision
            )
        )
    click.secho(f"{done.folder}", bold=True)
