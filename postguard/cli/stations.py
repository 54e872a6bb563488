"""The demo on the terminal: each station of the picture's way as it passes."""

from __future__ import annotations

import click
from rich.console import Console

from postguard.app.demo import Demo
from postguard.cli import for_programs, happening, listing, wide
from postguard.language import _
from postguard.store import Event

_TIME = "HH:MM:SS  "


def play(demo: Demo, *, as_json: bool) -> None:
    """Run the demo and print its stations; JSON lines for programs."""
    if as_json:
        pages = demo.play(lambda e: for_programs.echo(for_programs.event(e), indent=None))
        for_programs.echo({"pages": [str(p) for p in sorted(pages)]}, indent=None)
        return
    _say(
        _("A real postguard runs in {folder}, with no account and no network.").format(
            folder=demo.folder
        )
    )
    _say(_("Its cloak: {said}.").format(said=demo.cloak))
    _say(_("Dropping {name} into its outbox:").format(name=demo.picture.name))
    click.echo()
    console = Console(highlight=False)
    with console.status(_("at work; Ctrl-C stops it")):  # nothing where there is no terminal
        pages = demo.play(lambda event: _print(console, event))
    click.echo(_("\nLook at the pages, as a viewer will see the post, with before and after:"))
    for page in sorted(pages):
        click.secho(f"  {page}", bold=True)
    click.echo(_("\nYour own accounts and recipe come next: postguard init"))


def _print(console: Console, event: Event) -> None:
    room = listing.terminal_width() - len(_TIME)
    first, *more = wide.wrapped(happening.event(event, None), room)
    head = f"{event.at.astimezone():%H:%M:%S}  "
    told = "\n".join([f"{head}{first}", *(f"{' ' * len(_TIME)}{line}" for line in more)])
    colour = {"held": "yellow", "posted": "green"}.get(event.what)
    console.print(told, style=colour, markup=False, soft_wrap=True)


def _say(text: str) -> None:
    for line in wide.wrapped(text, listing.terminal_width()):
        click.echo(line)
