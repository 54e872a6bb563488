"""The questions of `postguard init`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import click

from postguard.app.starting import Answers, handle_of, instance_of, known_zone
from postguard.cli import listing, wide
from postguard.errors import PostguardError
from postguard.language import _


def ask(usual: Answers) -> Answers:
    """Ask what `init` needs to know, each with the usual answer."""
    click.echo(_("A few questions; Enter takes the answer in brackets.\n"))
    named = replace(
        usual,
        name=_text(_("Your name or pen name, for marks and tags"), usual.name),
        lang=_choice(_("Language of the notice in the picture"), usual.lang, "en", "ja", "both"),
        timezone=_checked(_("Your time zone"), usual.timezone, known_zone),
        outbox=_text(_("Folder to drop finished art into"), usual.outbox),
        bluesky=_checked(
            _("Bluesky handle, as hanako.bsky.social; empty: none"), usual.bluesky, handle_of
        ),
        mastodon=_checked(
            _("Mastodon server, as mastodon.social; empty: none"), usual.mastodon, instance_of
        ),
    )
    click.echo(
        _("\nNo measure is complete protection; what you fear most decides which come first.")
    )
    return replace(
        named,
        fear=_choice(
            _(
                "What do you fear most: that models learn from your art (training), that people "
                "have it redrawn (image-to-image), or both?"
            ),
            usual.fear,
            *("training", "image-to-image", "both"),
        ),
        visible=_choice(
            _(
                "How visible may marks be: subtle (faint letters, which suit finely drawn and "
                "painted art), clear (read at a glance, and dense on fine art) or sample (bold "
                "over everything, as on a sample)?"
            ),
            usual.visible,
            *("subtle", "clear", "sample"),
        ),
        preset=_choice(
            _("Picture size: portfolio (2000 px), sns (1200), small (800) or sample (1000)"),
            usual.preset,
            *("portfolio", "sns", "small", "sample"),
        ),
        reach=_choice(
            _(
                "Who may come across it: wide (everyone), usual (everyone, but quotes are off "
                "and Mastodon lists it nowhere) or close (Mastodon: followers; Bluesky is always "
                "public)"
            ),
            usual.reach,
            *("wide", "usual", "close"),
        ),
    )


def _text(question: str, usual: str) -> str:
    return str(click.prompt(question, default=usual, show_default=bool(usual))).strip()


def _choice(question: str, usual: str, *known: str) -> str:
    """Ask on lines that break between words: a terminal itself breaks them anywhere."""
    room = listing.terminal_width() - max(map(len, known)) - len(": ")
    lines = wide.wrapped(f"{question} ({', '.join(known)}) [{usual}]", room)
    kind = click.Choice(known)
    return str(
        click.prompt("\n".join(lines), usual, type=kind, show_choices=False, show_default=False)
    )


def _checked(question: str, usual: str, check: Callable[[str], str]) -> str:
    """Ask again until the answer can be used."""

    def convert(said: str) -> str:
        try:
            return check(said.strip())
        except PostguardError as exc:
            raise click.UsageError(str(exc)) from exc

    return str(click.prompt(question, default=usual, show_default=bool(usual), value_proc=convert))
