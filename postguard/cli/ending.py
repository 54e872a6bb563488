"""How commands end: with a sentence for the artist and an exit code, never with a traceback.

0 done, 1 failed, 2 wrong use, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from postguard import language
from postguard.cli import speaking
from postguard.errors import PostguardError
from postguard.language import _, marked

FAILED, INTERRUPTED = 1, 130
_SAID = {
    errno.EACCES: marked(
        "you may not do this there; change its permissions, or name another place"
    ),
    errno.EPERM: marked(
        "you may not do this there; change its permissions, or name another place"
    ),
    errno.EROFS: marked("nothing can be written there; name another place"),
    errno.ENOSPC: marked("the disk is full; free some room and try again"),
    errno.EDQUOT: marked("your share of the disk is full; free some room and try again"),
    errno.ENOENT: marked("this is not there"),
    errno.ENOTDIR: marked("a file stands where a folder is needed; move it away"),
    errno.EEXIST: marked("something else stands there; move it away"),
    errno.EISDIR: marked("this is a folder, not a file"),
}


class Commands(click.Group):
    """The commands of postguard. Errors that were foreseen end them with a sentence."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  # click's signature
        """Run one command and end the process with its exit code."""
        said = args[0] if args else extra.get("args")
        speaking.choose(sys.argv[1:] if said is None else said)
        spoken = self if language.spoken() == language.ENGLISH else speaking.translated(self)
        try:
            code = super(Commands, spoken).main(*args, **(extra | {"standalone_mode": False}))
        except click.ClickException as exc:
            exc.show()
            code = exc.exit_code
        except click.Abort:
            code = INTERRUPTED
        except PostguardError as exc:
            code = _failed(str(exc))
        except OSError as exc:
            code = _failed(_of_the_system(exc))
        sys.exit(code if isinstance(code, int) else 0)


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


def _of_the_system(exc: OSError) -> str:
    where = f"{exc.filename}: " if exc.filename else ""
    return f"{where}{_(_SAID.get(exc.errno or 0, exc.strerror or str(exc)))}"
