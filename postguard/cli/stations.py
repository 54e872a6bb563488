"""The demo on the terminal: each station of the picture's way as it passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from postguard.app.demo import Demo
from postguard.cli import for_programs, happening, listing, underway, wide
from postguard.language import _
from postguard.model import Post
from postguard.store import Event
from postguard.store.progress import UnderWay

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
    _say(_("Its cloak: {said}").format(said=demo.cloak))
    _say(
        _(
            "Dropping {name} into its outbox; its way takes half a minute, or a few minutes on a "
            "PC that is slow or busy:"
        ).format(name=demo.picture.name)
    )
    click.echo()
    console = Console(highlight=False)
    with console.status(_status("")) as status:  # nothing where there is no terminal

        def working(now: UnderWay | None, post: Post) -> None:
            if (said := _status(underway.words(now, post))) != status.status:
                status.update(said)

        pages = demo.play(lambda event: _print(console, event), working)
    click.echo(_("\nLook at the pages, as a viewer will see the post, with before and after:"))
    for page in sorted(pages):
        click.secho(f"  {page}", bold=True)
    click.echo(_("\nYour own accounts and recipe come next: postguard init"))


@contextmanager
def set_up(picture: Path | None, into: Path | None, *, quiet: bool) -> Iterator[Demo]:
    """Set the demo up, and say on a terminal that this is what takes its seconds."""
    console = Console(stderr=True, quiet=quiet)
    with ExitStack() as stack:
        with console.status(escape(_("setting up a home of its own, for this demo alone"))):
            made = stack.enter_context(Demo.set_up(picture, into))
        yield made


def _status(doing: str) -> str:
    """Return what stands below the stations: what is done at this moment, where that is known."""
    stops = _("Ctrl-C stops it")
    return escape(f"{doing or _('at work')}; {stops}")


def _print(console: Console, event: Event) -> None:
    room = listing.terminal_width() - len(_TIME)
    first, *more = wide.wrapped(happening.event(event, None), room)
    head = f"{event.at.astimezone():%H:%M:%S}  "
    told = "\n".join([f"{head}{first}", *(f"{' ' * len(_TIME)}{line}" for line in more)])
    colour = {"held": "yellow", "posted": "green", "drawn": "green"}.get(event.what)
    console.print(told, style=colour, markup=False, soft_wrap=True)


def _say(text: str) -> None:
    for line in wide.wrapped(text, listing.terminal_width()):
        click.echo(line)
