"""What helps to find a fault, to be read by the artist before anybody else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--into", type=given.ANY_FILE, help="A file, instead of the terminal.")
@click.option("--log", "log", type=given.PRESENT_FILE, help="A log file, instead of the journal.")
@click.pass_obj
def bugreport(config: Path | None, into: Path | None, log: Path | None) -> None:
    """Print what helps to find a fault: no secrets, texts, names, handles or pictures.

    Nothing is sent anywhere. Read it, then paste it into your report.
    """
    from postguard.app import bugreport as app
    from postguard.app.installation import open_installation
    from postguard.system import files, service

    said = service.journal(2000) if log is None else log.read_text(errors="replace")
    text = "\n".join(app.lines(open_installation(config), said)) + "\n"
    if into is None:
        click.echo(text, nl=False)
        return
    files.check_folder_of(into)
    files.write_whole(into, text.encode())
    click.echo(_("Read it before you pass it on: {file}").format(file=into))


COMMANDS = (bugreport,)
