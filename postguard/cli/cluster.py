"""Cloaking on other machines: certificates, the scheduler, and a worker on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.cli import given
from postguard.language import _

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = click.option(
    "--keys", type=given.ANY_FOLDER, help="This machine's folder of certificates; else the usual."
)


@click.group()
def cluster() -> None:
    """Let another machine of yours cloak: the PC with the GPU, or several of them."""


@cluster.command()
@click.argument("here")
@click.argument("others", nargs=-1, required=True)
def init(here: str, others: tuple[str, ...]) -> None:
    """Make certificates for this machine, HERE, and for the OTHERS, as in: init nas gaming-pc

    Whoever holds one of them can run programs on all your machines: copy each to its machine, and
    to nowhere else.
    """
    from postguard.cluster import machines

    made = machines.found(here, others)
    click.echo(
        _("{name} is this machine; its certificate lies in {folder}").format(
            name=here, folder=made.here
        )
    )
    _say_how_to_copy(made.others)
    click.echo(_("then here:   postguard cluster scheduler --host ADDRESS-OF-THIS-MACHINE"))
    click.echo(_("and there:   postguard cluster worker ADDRESS-OF-THIS-MACHINE"))


@cluster.command()
@click.argument("name")
def add(name: str) -> None:
    """Make the certificate of one more machine."""
    from postguard.cluster import machines

    _say_how_to_copy([machines.add(name)])


@cluster.command()
@click.option("--host", required=True, help="Address of this machine in your own network.")
@click.option("--port", default=8786, show_default=True, help="To listen on.")
@_KEYS
def scheduler(host: str, port: int, keys: Path | None) -> None:
    """Run the scheduler, on the machine that is always on; it ends with Ctrl-C."""
    from postguard.cluster import machines

    machines.run_scheduler(host, port, keys, lambda url: click.echo(_ready(url)))


@cluster.command()
@click.argument("scheduler")
@click.option("--name", default="", help="Of this worker; else the machine's.")
@click.option("--gpu/--no-gpu", default=None, help="Whether it has one; else it looks.")
@click.option(
    "--at-once",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="Pictures at a time: small ones leave most of a GPU idle.",
)
@_KEYS
def worker(scheduler: str, name: str, gpu: bool | None, at_once: int, keys: Path | None) -> None:
    """Work for the scheduler at this address; one worker for each GPU. It ends with Ctrl-C.

    It waits while the scheduler is off, and joins again when it comes back.
    """
    from postguard.cluster import machines

    def say(what: str) -> None:
        click.echo(what)

    machines.run_worker(scheduler, name, keys, gpu=gpu, at_once=at_once, say=say)


COMMANDS = (cluster,)


def _ready(url: str) -> str:
    return _("the scheduler listens at {url}; on the other machines: {command}").format(
        url=url, command=f"postguard cluster worker {url}"
    )


def _say_how_to_copy(folders: list[Path]) -> None:
    from postguard.cluster import machines

    for folder in folders:
        click.echo(
            _("copy it to {name}:  {command}").format(
                name=folder.name, command=machines.how_to_copy(folder)
            )
        )
