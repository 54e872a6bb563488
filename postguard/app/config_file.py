"""The config's file while postguard runs: what is changed in it is taken without being asked to,
and what cannot be taken is told, since the config as it was is worked with then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from postguard.errors import ConfigError
from postguard.language import _
from postguard.store import CONFIG_LOOKED_AT, CONFIG_NOT_TAKEN

if TYPE_CHECKING:
    from postguard.app.installation import Installation

Look = tuple[int, int, int, int]  # st_ino, st_size, st_mtime_ns, st_ctime_ns
# Seconds: a change that nobody could read by then, for whatever reason, holds nothing up.
_NEW = 60.0
QUIET = 2.0  # seconds: a config that is being written may say nothing yet of who may see posts


@dataclass(slots=True)
class ConfigFile:
    """Looks whether the file was changed since it was last read.

    Args:
        now: returns the time in seconds, as files have it.
    """

    path: Path
    now: Callable[[], float] = time.time
    _read: Look | None = field(init=False)

    def __post_init__(self) -> None:
        self._read = self.look()

    def look(self) -> Look | None:
        """Return how the file lies there; None where it is away or empty: an editor may be at
        work, and a drive be unplugged, so nothing was changed yet."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        if found.st_size == 0:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def changed(self, quiet: float = QUIET) -> bool:
        """Return whether it says something else now than when it was read, and has lain still for
        `quiet` seconds."""
        return self._is_unread() and not self._is_younger_than(quiet)

    def is_new(self) -> bool:
        """Return whether it was changed within the last minute and not read since: what is dropped
        now may ask for what was just written into it."""
        return self._is_unread() and self._is_younger_than(_NEW)

    def _is_unread(self) -> bool:
        return self.look() not in {None, self._read}

    def _is_younger_than(self, seconds: float) -> bool:
        """A file of tomorrow, by another machine's clock, is not."""
        look = self.look()
        return look is not None and 0 <= self.now() - look[3] / 1e9 < seconds

    def read_at(self, look: Look | None) -> None:
        """Count it as read as it lay there."""
        self._read = look


def not_counting(why: str) -> str:
    """Return in a sentence that the config as it was is worked with, and why; empty: it is not."""
    return why and _("What you changed in the config does not count yet: {why}").format(why=why)


def take(installation: Installation, then: Callable[[], None]) -> None:
    """Have the config count as it stands now, and keep among the facts whether it does.

    Args:
        then: what else follows from it. Where that fails the config is taken once more.

    Raises:
        ConfigError: it could not be taken; the one before stays.
    """
    file, meta = installation.file, installation.store.meta
    look, refused = file.look(), None
    try:
        installation.reload()
        then()
    except ConfigError as exc:
        refused = exc
    meta.put(CONFIG_NOT_TAKEN, str(refused or ""))
    meta.put(CONFIG_LOOKED_AT, str(look))
    file.read_at(look)
    if refused is not None:
        raise refused
