"""The artist's language on the command line: which it is, and help pages in it.

click takes its help texts when this package is imported, in English. Where another language is
spoken, the commands are copied with their texts in it; English runs none of that.
"""

from __future__ import annotations

import copy
import inspect
import os
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

import click

from postguard import language
from postguard.language import _

C = TypeVar("C", bound=click.Command)

_KEY = re.compile(r"^language\s*=\s*[\"'](\w+)[\"']", re.MULTILINE)
_TABLE = re.compile(r"^\s*\[", re.MULTILINE)


def choose(words: Sequence[str]) -> None:
    """Speak the language that the config asks for, else the locale's.

    Args:
        words: the command line; it may name the config.
    """
    language.choose(_asked(_config(words)))


def _config(words: Sequence[str]) -> str:
    """Return the config's path as `settings.load` finds it, which is too heavy for help."""
    for word, following in pairwise([*words, ""]):
        if word == "--config":
            return following
        if word.startswith("--config="):
            return word.removeprefix("--config=")
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return os.environ.get("POSTGUARD_CONFIG") or f"{base}/postguard/config.toml"


def _asked(config: str) -> str:
    """Return the language that the config names, read so that even a broken one speaks it."""
    try:
        with open(os.path.expanduser(config), encoding="utf-8") as file:  # noqa: PTH111, PTH123  # pathlib costs more
            top = _TABLE.split(file.read(), maxsplit=1)[0]
    except (OSError, ValueError):
        return "auto"
    found = _KEY.search(top)
    return "auto" if found is None else found[1]


def translated(command: C) -> C:
    """Return a copy of a command, and of all below it, whose help is in the artist's language."""
    made = copy.copy(command)
    made._help_option = None  # click makes it anew, in this language
    made.context_class = _Context
    made.params = [_parameter(each) for each in command.params]
    if command.help:
        made.help = _(inspect.cleandoc(command.help))
        made.short_help = made.help.partition("\n\n")[0].partition("。")[0].replace("\n", "")
    if isinstance(made, click.Group) and isinstance(command, click.Group):
        made.commands = {name: translated(each) for name, each in command.commands.items()}
    return made


def _parameter(parameter: click.Parameter) -> click.Parameter:
    made = copy.copy(parameter)
    if isinstance(made, click.Option) and made.help:
        made.help = _(made.help)
    return made


class Pages(click.HelpFormatter):
    """Help pages in a script whose signs take two columns, and whose lines break at any sign.
    English help does without all that is imported here."""

    def write_text(self, text: str) -> None:
        """Write paragraphs, broken to the width of the page."""
        from postguard.cli import wide

        self._lines("", wide.wrapped(text, self.width - self.current_indent))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write two columns: what is typed, and what it does."""
        from postguard.cli import wide

        told = list(rows)
        first = min(max(wide.width(head) for head, _said in told), col_max) + col_spacing
        room = self.width - self.current_indent - first
        for head, said in told:
            if wide.width(head) > first - col_spacing:
                self._lines("", [head])
                head = ""  # noqa: PLW2901  # it stands in a line above its words
            self._lines(" " * first, wide.wrapped(said, room), wide.fitted(head, first))

    def _lines(self, indent: str, lines: Sequence[str], head: str = "") -> None:
        """Write lines, the first behind `head`."""
        for before, line in zip([head or indent, *[indent] * len(lines)], lines, strict=False):
            self.write(f"{' ' * self.current_indent}{before}{line}".rstrip() + "\n")


class _Context(click.Context):
    formatter_class = Pages
