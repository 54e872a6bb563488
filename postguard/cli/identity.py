"""The certificate with which Content Credentials are signed: made once, and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path

    from postguard.protect.identity import Identity


@click.group()
def identity() -> None:
    """Make and show the certificate that signs your Content Credentials."""


@identity.command()
@click.option("--name", default="", help="Instead of the name in [artist] of the config.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def new(config: Path | None, name: str, as_json: bool) -> None:
    """Make your certificate. It publishes your pen name in each picture that it signs.

    Until a recipe has the step credentials, nothing is signed. An identity that is there already
    is never replaced.
    """
    from postguard.app import identity as app
    from postguard.app.installation import open_installation
    from postguard.cli import for_programs

    made = app.new(open_installation(config), name)
    if as_json:
        for_programs.echo(app.as_json(made))
        return
    _print(made)
    _say(
        _(
            'Pictures signed with it publish the name "{name}", for everyone to read. No '
            "authority vouches for it, so viewers call the signer unknown: it shows that pictures "
            "come from one hand. Its key lies among your secrets; keep it in your backup."
        ).format(name=made.name),
        _('To use it, end a recipe with: { step = "credentials" }'),
    )


@identity.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(config: Path | None, as_json: bool) -> None:
    """Show whose certificate it is, its fingerprint, and how long it is valid."""
    from postguard.app import identity as app
    from postguard.app.installation import open_installation
    from postguard.cli import for_programs

    found = app.show(open_installation(config))
    if as_json:
        for_programs.echo(app.as_json(found))
    else:
        _print(found)


COMMANDS = (identity,)


def _print(found: Identity) -> None:
    click.secho(found.name, bold=True)
    click.echo(
        _("valid        {begins:%Y-%m-%d} to {ends:%Y-%m-%d}").format(
            begins=found.begins, ends=found.ends
        )
    )
    pairs = found.fingerprint.split(":")
    half = len(pairs) // 2
    click.echo(_("fingerprint  {pairs}:").format(pairs=":".join(pairs[:half])))
    click.echo(f"             {':'.join(pairs[half:])}")


def _say(*sentences: str) -> None:
    from postguard.cli import listing, wide

    for sentence in sentences:
        for line in wide.wrapped(sentence, listing.terminal_width()):
            click.echo(line)
