"""The language in which postguard speaks: English, or another that has a catalogue in `locale/`.

English is what the code says; a sentence is looked up in the catalogue at the moment it is said:

    _("there is no recipe {name}; known: {known}").format(name=name, known=known)

What is kept, in rows and receipts and beside files, stays as it was said when it happened.
"""

from __future__ import annotations

import functools
import gettext as catalogues
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

DOMAIN = "postguard"
FOLDER = f"{__file__.removesuffix('language.py')}locale"  # a text: help does without pathlib
ENGLISH, SPOKEN = "en", ("en", "ja")
_LOCALE = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # the first that says something counts


def marked(text: str) -> str:
    """Return `text` as it is: it stands in a table, and is translated by whoever says it."""
    return text


_DAYS = (
    marked("Mon"),
    marked("Tue"),
    marked("Wed"),
    marked("Thu"),
    marked("Fri"),
    marked("Sat"),
    marked("Sun"),
)


class _Choice:
    """The one choice of this process. Threads read it; the composition root sets it. A child
    process, where nobody does, speaks as its parent."""

    language = ""


_for_now = ContextVar("for_now", default="")  # a language; empty: the process's


def choose(asked: str = "auto", environment: Mapping[str, str] = os.environ) -> None:
    """Speak `asked`, a language that is spoken or "auto", from now on: child processes, too."""
    language = asked if asked in SPOKEN else of_locale(environment)
    os.environ["LANGUAGE"] = language
    catalogues.textdomain(DOMAIN)  # click says its own sentences by gettext's
    catalogues.bindtextdomain(DOMAIN, FOLDER)
    _Choice.language = language


@functools.cache
def _catalogue(language: str) -> catalogues.NullTranslations:
    if language == ENGLISH:
        return catalogues.NullTranslations()
    return catalogues.translation(DOMAIN, FOLDER, [language])


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Say sentences in `language` inside the block, in this thread alone: what is kept is in the
    language of its time, and is compared with what was said then."""
    before = _for_now.set(language)
    try:
        yield
    finally:
        _for_now.reset(before)


def of_locale(environment: Mapping[str, str]) -> str:
    """Return the language that the locale asks for: English where it is none of ours."""
    said = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    wanted = [word.partition(".")[0].partition("_")[0] for word in said.split(":")]
    return next((language for language in wanted if language in SPOKEN), ENGLISH)


def spoken() -> str:
    """Return the language that is spoken now."""
    if not _Choice.language:
        choose()
    return _for_now.get() or _Choice.language


def gettext(text: str) -> str:
    """Return `text` in the artist's language; also known as `_`."""
    return _catalogue(spoken()).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text for `count` things in the artist's language."""
    return _catalogue(spoken()).ngettext(one, many, count)


def in_every_language(text: str) -> set[str]:
    """Return how `text` may have been said: what is kept is in the language of its time."""
    return {_catalogue(language).gettext(text) for language in SPOKEN}


_ = gettext


def sentences(parts: Iterable[str]) -> str:
    """Return parts one behind the other, each with its full stop."""
    return f"{_('. ').join(parts)}{_('.')}"


def listed(names: Iterable[str]) -> str:
    """Return names as they are listed within a sentence."""
    return _(", ").join(names)


def day(at: date) -> str:
    """Return `Fri 2026-12-25`."""
    return _("{day} {date}").format(day=_(_DAYS[at.weekday()]), date=f"{at:%Y-%m-%d}")


def day_and_time(at: datetime) -> str:
    """Return `Fri 2026-12-25 19:30`, in the zone of `at`."""
    return f"{day(at)} {at:%H:%M}"
