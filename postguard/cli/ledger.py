"""The ledger: what was posted when and where, with hashes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.errors import Unusable
from postguard.language import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--csv", "kind", flag_value="csv", default=True, help="A table for programs.")
@click.option("--html", "kind", flag_value="html", help="One page that opens anywhere.")
@click.option("--into", type=given.ANY_FILE, help="A file, instead of the terminal.")
@click.pass_obj
def ledger(config: Path | None, kind: str, into: Path | None) -> None:
    """Print what was posted when and where, with the SHA-256 of each picture."""
    from postguard.app import ledger as app
    from postguard.app.installation import open_installation
    from postguard.store.ledger import LedgerRows
    from postguard.system import files

    if kind == "html" and into is None and sys.stdout.isatty():
        raise Unusable(
            _("a page is not for a terminal: postguard ledger --html --into ledger.html")
        )
    installation = open_installation(config)
    entries = list(LedgerRows(installation.store.db).entries())
    if kind == "html":
        settings = installation.settings
        now = installation.clock.now()
        text = app.as_html(entries, settings.artist.name, settings.timezone, now)
    else:
        text = app.as_csv(entries)
    if into is None:
        # Into a file or a program it goes as what the page says that it is, in any locale.
        click.echo(text if sys.stdout.isatty() else text.encode(), nl=False)
        return
    files.check_folder_of(into)
    files.write_whole(into, text.encode())
    click.echo(
        ngettext("{count} picture: {file}", "{count} pictures: {file}", len(entries)).format(
            count=len(entries), file=into
        )
    )


COMMANDS = (ledger,)
