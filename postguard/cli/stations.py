"""The demo on the terminal: each station of the picture's way as it passes."""

from __future__ import annotations

import json
from datetime import datetime

import click

from postguard.app.demo import Demo
from postguard.store import Event

_SAID = {
    "settled": "settled",
    "taken": "taken with its words; it lies in outbox/queued/ now",
    "protecting": "protecting, recipe",
    "step": "  step",
    "protected": "protected: renditions are written and audited",
    "scheduled": "scheduled",
    "sent": "posted",
    "posted": "done: original, renditions and receipt lie in outbox/posted/",
    "held": "held",
}


def play(demo: Demo, *, as_json: bool) -> None:
    """Run the demo and print its stations; JSON lines for programs."""
    if as_json:
        pages = demo.play(lambda e: click.echo(json.dumps(_json(e), ensure_ascii=False)))
        click.echo(json.dumps({"pages": [str(p) for p in pages]}, ensure_ascii=False))
        return
    click.echo(f"A real postguard runs in {demo.folder}, with no account and no network.")
    if demo.no_cloak is not None:
        click.echo(f"Every step but the cloak: {demo.no_cloak}")
    click.echo(f"Dropping {demo.picture.name} into its outbox:\n")
    pages = demo.play(_print)
    click.echo("\nLook at the pages, as a viewer will see the post, with before and after:")
    for page in sorted(pages):
        click.secho(f"  {page}", bold=True)


def _print(event: Event) -> None:
    said = _SAID.get(event.what, event.what)
    colour = "yellow" if event.what == "held" else None
    click.secho(f"{event.at.astimezone():%H:%M:%S}  {said} {_detail(event)}".rstrip(), fg=colour)


def _detail(event: Event) -> str:
    if event.what == "scheduled":
        account, at = event.detail.split()
        return f"for {account} at {datetime.fromisoformat(at).astimezone():%H:%M:%S}"
    return "" if event.what in {"protected", "posted"} else event.detail


def _json(event: Event) -> dict[str, str]:
    return {"at": event.at.isoformat(), "what": event.what, "detail": event.detail}
