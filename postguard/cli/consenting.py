"""Leads the artist to their server's page, where postguard is allowed to do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postguard.cli import browsing
from postguard.language import _

if TYPE_CHECKING:
    from postguard.app.login import Consent


def consent(*, browser: bool) -> Consent:
    """Return how to ask: in this PC's browser where there is one, else by a code to be pasted."""
    from postguard.app.login import Consent

    return Consent(_open, None if browser and browsing.has_screen() else _paste)


def _open(url: str) -> None:
    import webbrowser

    click.echo(
        _(
            "Your browser opens your server's page: allow postguard there. If it does not open, "
            "open this page in a browser on this PC, or run it again with --no-browser:\n"
            "\n  {url}\n"
        ).format(url=url)
    )
    webbrowser.open(url)


def _paste(url: str) -> str:
    click.echo(
        _("Open this page, allow postguard, and paste the code it shows:\n\n  {url}\n").format(
            url=url
        )
    )
    return str(click.prompt(_("code"), hide_input=True)).strip()
