"""argv to calls. Commands import what they need when they run, so that `--help` starts at once."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from postguard.cli.pictures import COMMANDS as PICTURES
from postguard.cli.queue import COMMANDS as QUEUE
from postguard.cli.running import COMMANDS as RUNNING
from postguard.cli.setup import COMMANDS as SETUP
from postguard.cli.setup import version
from postguard.errors import PostguardError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Config file; else $POSTGUARD_CONFIG, else config.toml in the XDG config folder.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=version)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Protects your finished art against AI training, then posts it to Bluesky and Mastodon.

    Start with `postguard demo` to see it work, then `postguard init`.
    """
    context.obj = config


for command in (*SETUP, *RUNNING, *QUEUE, *PICTURES):
    cli.add_command(command)


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 wrong use."""
    try:
        cli(prog_name="postguard")
    except PostguardError as exc:
        click.echo(f"postguard: {exc}", err=True)
        sys.exit(1)
    except OSError as exc:
        click.echo(f"postguard: {exc.filename or ''}: {exc.strerror or exc}", err=True)
        sys.exit(1)
