"""argv to calls. Commands import what they need when they run, so that `--help` starts at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.cli.archive import COMMANDS as ARCHIVE
from postguard.cli.audit import COMMANDS as AUDIT
from postguard.cli.backing_up import COMMANDS as BACKUPS
from postguard.cli.bugreport import COMMANDS as BUGREPORT
from postguard.cli.changing import COMMANDS as CHANGING
from postguard.cli.cluster import COMMANDS as CLUSTER
from postguard.cli.dashboard import COMMANDS as DASHBOARD
from postguard.cli.ending import Commands
from postguard.cli.identity import COMMANDS as IDENTITY
from postguard.cli.ledger import COMMANDS as LEDGER
from postguard.cli.models import COMMANDS as MODELS
from postguard.cli.notify import COMMANDS as NOTIFY
from postguard.cli.pictures import COMMANDS as PICTURES
from postguard.cli.prove import COMMANDS as PROVE
from postguard.cli.queue import COMMANDS as QUEUE
from postguard.cli.running import COMMANDS as RUNNING
from postguard.cli.setup import COMMANDS as SETUP
from postguard.cli.setup import version

if TYPE_CHECKING:
    from pathlib import Path


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=given.ANY_FILE,
    help="Config file; else $POSTGUARD_CONFIG, else config.toml in the XDG config folder.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Protects your finished art against AI training, then posts it to Bluesky and Mastodon.

    Start with `postguard demo` to see it work, then `postguard init`.
    """
    context.obj = config
    if os.environ.get("NO_COLOR"):
        context.color = False


for command in (
    *SETUP,
    *RUNNING,
    *QUEUE,
    *CHANGING,
    *PICTURES,
    *PROVE,
    *MODELS,
    *IDENTITY,
    *AUDIT,
    *DASHBOARD,
    *ARCHIVE,
    *CLUSTER,
    *BACKUPS,
    *NOTIFY,
    *LEDGER,
    *BUGREPORT,
):
    cli.add_command(command)


def main() -> None:
    """Run a command and end the process; see `ending` for the exit codes."""
    cli.main(prog_name="postguard")
