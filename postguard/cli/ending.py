"""How commands end: with a sentence for the artist and an exit code, never with a traceback.

0 done, 1 failed, 2 wrong use, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import click

from postguard import language
from postguard.cli import speaking
from postguard.errors import PostguardError
from postguard.language import _

FAILED, INTERRUPTED = 1, 130


class Commands(click.Group):
    """The commands of postguard. Errors that were foreseen end them with a sentence."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  # click's signature
        """Run one command and end the process with its exit code."""
        _show_all(sys.stdout, sys.stderr)
        said = args[0] if args else extra.get("args")
        speaking.choose(sys.argv[1:] if said is None else said)
        spoken = self if language.spoken() == language.ENGLISH else speaking.translated(self)
        try:
            code = super(Commands, spoken).main(*args, **(extra | {"standalone_mode": False}))
        except click.ClickException as exc:
            exc.show()
            code = exc.exit_code
        except click.Abort:
            click.echo("postguard: " + _("stopped"), err=True)
            code = INTERRUPTED
        except PostguardError as exc:
            code = _failed(str(exc))
        except OSError as exc:
            from postguard.system import files  # help pages do without it

            code = _failed(files.in_words(exc))
        sys.exit(code if isinstance(code, int) else 0)


def _show_all(*streams: object) -> None:
    """Let what a terminal's encoding does not have be shown by its number: a Japanese name must
    end no command."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _failed(said: str) -> int:
    for line in f"postguard: {said}".splitlines():
        for part in _fitted(line):
            click.echo(part, err=True)
    return FAILED


def _fitted(line: str) -> list[str]:
    """Break a line at words for a terminal; programs get it whole."""
    if not sys.stderr.isatty():
        return [line]
    from postguard.cli import listing, wide

    return wide.wrapped(line, listing.terminal_width())
