"""The log: lines on stderr that a person or the journal can read, without any secret in them."""

from __future__ import annotations

import json as jsonlib
import logging
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from postguard.system.files import PRIVATE_FILE

# Their debug lines show requests with their headers, and nobody asked for their news.
QUIET = ("asyncio", "atproto", "httpcore", "httpx", "httpx2", "mastodon", "PIL", "urllib3")

HIDDEN = "[secret]"
_SHORTEST_KNOWN = 6  # hiding a shorter value would blot out half of every line

# What looks like a secret is hidden even where nobody told us its value.
_TOKENS = re.compile(
    r"""
      \bBearer\s+[^\s"',]+                                     # an Authorization header
    | \beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?                      # a JWT, as Bluesky's sessions are
    | (?<![\w-])[a-z0-9]{4}(?:-[a-z0-9]{4}){3}(?![\w-])        # a Bluesky app password
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)                          # a name and password in an address
    """,
    re.VERBOSE,
)
_NAMED = re.compile(
    r"""(?ix)
    ( \b(?:access_?|refresh_?|client_?|app_?|id_?)?(?:token|secret|password|jwt)\b
      ["']? \s* [:=] \s* ["']? ) ([^\s"'&,;)}\]]+)
    """
)

_SYSLOG = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}
_DEBUG = 7
_FILE_BYTES, _OLD_FILES = 4_000_000, 4


class Redaction(logging.Filter):
    """Takes secrets out of messages, their arguments and the texts of exceptions."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._known: set[str] = set()
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Hide this value from now on, such as a session that was just renewed."""
        if len(secret) >= _SHORTEST_KNOWN:
            self._known.add(secret)

    def clean(self, text: str) -> str:
        """Return `text` with every known secret and all that looks like one replaced."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _NAMED.sub(rf"\1{HIDDEN}", _TOKENS.sub(HIDDEN, text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place; it always passes."""
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        record.exc_text = record.exc_text and self.clean(record.exc_text)
        record.stack_info = record.stack_info and self.clean(record.stack_info)
        return True


class _Readable(logging.Formatter):
    """`19:30:05 warning publish.publisher: …` in local time."""

    default_time_format = "%H:%M:%S"
    default_msec_format = None

    def __init__(self) -> None:
        super().__init__("{asctime} {word} {where}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.word = record.levelname.lower()
        record.where = record.name.removeprefix("postguard.")
        return super().format(record)


class _Dated(_Readable):
    """The same with the day: a file is read long after."""

    default_time_format = "%Y-%m-%d %H:%M:%S"


class _Journal(logging.Formatter):
    """Each line begins with `<N>`, its syslog priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        level = max((n for n in _SYSLOG if n <= record.levelno), default=None)
        priority = _DEBUG if level is None else _SYSLOG[level]
        lines = super().format(record).splitlines() or [""]
        return "\n".join(f"<{priority}>{line}" for line in lines)


class _Json(logging.Formatter):
    """One JSON object on each line."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            told["error"] = record.exc_text
        return jsonlib.dumps(told, ensure_ascii=False)


def set_up(
    level: str = "info",
    *,
    json: bool = False,
    secrets: Iterable[str] = (),
    file: Path | None = None,
) -> Redaction:
    """Send the log to stderr, in place of what was set up before.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        json: one JSON object for each line, for machines.
        file: instead of stderr; its older parts are kept beside it, a few of them.
        secrets: values that must not appear; the returned Redaction learns more of them.
    """
    redaction = Redaction(secrets)
    handler = logging.StreamHandler(sys.stderr) if file is None else _Rotating(file)
    handler.setFormatter(_formatter(json=json, file=file))
    handler.addFilter(redaction)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return redaction


class _Rotating(RotatingFileHandler):
    """A file that only this user can read, and a few before it: never more than 20 MB."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        return os.fdopen(handle, "a", encoding=self.encoding)


def _formatter(*, json: bool, file: Path | None) -> logging.Formatter:
    if json:
        return _Json()
    if file is not None:
        return _Dated()
    return _Journal() if _goes_to_journal() else _Readable()


def _goes_to_journal() -> bool:
    """Say whether stderr itself is the stream that systemd opened: JOURNAL_STREAM is inherited by
    programs whose stderr goes elsewhere (systemd.exec(5))."""
    named = os.environ.get("JOURNAL_STREAM")
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return named == f"{status.st_dev}:{status.st_ino}"
