"""Pictures alone: protect a file without posting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.cli import given

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("file", type=given.PRESENT_FILE)
@click.option("-o", "--out", type=given.ANY_FILE, required=True, help="File to write.")
@click.option("--recipe", default="default", show_default=True, help="Recipe of the config.")
@click.option("--for", "account", default="", help="Fit this account's limits.")
@click.option("--alt", default="", help="Alt text for the tags.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
@click.pass_obj
def protect(
    config: Path | None,
    file: Path,
    out: Path,
    recipe: str,
    account: str,
    alt: str,
    as_json: bool,
) -> None:
    """Run a recipe on FILE and write the protected picture to OUT; nothing is posted.

    The ending of OUT follows what was written (.jpg or .png); FILE is never touched.
    """
    from postguard.app.installation import open_installation
    from postguard.app.protecting_files import protect_file
    from postguard.cli import for_programs, progress, showing

    installation = open_installation(config)
    with progress.steps(quiet=as_json) as on_progress:
        written, rendition = protect_file(
            installation, file, out, recipe, account, alt, on_progress
        )
    if as_json:
        for_programs.echo(for_programs.rendition(rendition) | {"file": str(written)})
        return
    for line in showing.done(rendition):
        click.echo(line)
    click.secho(f"{written}", bold=True)


COMMANDS = (protect,)
