"""Where things are kept, after the XDG base directory specification."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The four folders of one installation.

    Attributes:
        config: `config.toml` and `secrets/`.
        state: the database, sessions that rotate, the lock, the log.
        data: previews, downloaded models.
        cache: what may be deleted at any time.
    """

    config: Path
    state: Path
    data: Path
    cache: Path

    @property
    def database(self) -> Path:
        return self.state / "postguard.db"

    @property
    def secrets(self) -> Path:
        return self.config / "secrets"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def previews(self) -> Path:
        return self.data / "previews"


def home() -> Home:
    """Return the folders that the environment names, else the usual ones below `~`."""
    return Home(
        config=_base("XDG_CONFIG_HOME", ".config"),
        state=_base("XDG_STATE_HOME", ".local/state"),
        data=_base("XDG_DATA_HOME", ".local/share"),
        cache=_base("XDG_CACHE_HOME", ".cache"),
    )


def _base(variable: str, usual: str) -> Path:
    named = os.environ.get(variable)
    return (Path(named) if named else Path.home() / usual) / "postguard"
