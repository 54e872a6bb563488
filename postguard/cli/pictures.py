"""Pictures alone: protect a file without posting it."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="File to write.")
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
    from postguard.app import open_installation
    from postguard.app.protecting_files import protect_file
    from postguard.cli import looks, progress

    installation = open_installation(config)
    with progress.steps(quiet=as_json) as on_progress:
        written, rendition = protect_file(
            installation, file, out, recipe, account, alt, on_progress
        )
    if as_json:
        told = {"file": str(written), "sha256": rendition.sha256, "record": rendition.record}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for line in looks.record(rendition.record):
        click.echo(line)
    click.echo(f"{written}: {rendition.width}x{rendition.height}, {rendition.size:,} bytes")


COMMANDS = (protect,)
