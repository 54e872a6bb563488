"""The config's file while postguard runs: what is changed in it is taken without being asked to,
and what cannot be taken is told, since the config as it was is worked with then."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from postguard.app.installation import Installation
from postguard.errors import ConfigError
from postguard.store import CONFIG_NOT_TAKEN


@dataclass(slots=True)
class ConfigFile:
    """Looks whether the file was changed. What is not there is as it was: an editor may be at
    work, and a drive be away."""

    path: Path
    _seen: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self._now()

    def changed(self) -> bool:
        """Return whether it was changed since the last look, or since this was made."""
        now = self._now()
        if now in ((), self._seen):
            return False
        self._seen = now
        return True

    def _now(self) -> tuple[int, ...]:
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_ino, found.st_size, found.st_mtime_ns


def take(installation: Installation) -> None:
    """Have the config count as it stands now, and keep among the rows whether it does.

    Raises:
        ConfigError: it could not be taken; the one before stays.
    """
    meta = installation.store.meta
    try:
        installation.reload()
    except ConfigError as exc:
        meta.put(CONFIG_NOT_TAKEN, str(exc))
        raise
    meta.put(CONFIG_NOT_TAKEN, "")
