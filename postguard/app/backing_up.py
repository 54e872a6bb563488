"""Backups of what cannot be made again: the database, the artist key, the identity.

One folder for each, readable by this user alone. A copy counts only once it was read through.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from postguard.app.installation import Installation
from postguard.errors import PostguardError, Unusable
from postguard.language import _
from postguard.protect import identity
from postguard.store import backup
from postguard.system import files
from postguard.system.secrets import ARTIST_KEY

log = logging.getLogger(__name__)

KEPT = 14
DATABASE, ABOUT = "postguard.db", "about.json"
KEYS = (ARTIST_KEY, identity.NAME)
_FOLDER = "backups"
_DRAFT = ".new-"
_STAMP = "%Y-%m-%dT%H%M%SZ"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z")
_DAY = timedelta(days=1)
_TRY_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup: a folder that is there whole or not at all."""

    folder: Path
    at: datetime

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @property
    def size(self) -> int:
        """Return its bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


def folder_of(state: Path) -> Path:
    """Return where the daily backups of an installation lie."""
    return state / _FOLDER


def kept_in(folder: Path) -> list[Backup]:
    """Return the backups in a folder, the newest first."""
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir() if (path / DATABASE).is_file())
    found = [Backup(folder / name, _time(name)) for name in names if _NAME.fullmatch(name)]
    return sorted(found, key=lambda each: each.at, reverse=True)


def read(folder: Path) -> Backup:
    """Return the backup in this folder, or the newest of those in it, wherever it was copied to.
    Raises Unusable where there is none."""
    if (folder / DATABASE).is_file():
        with suppress(OSError, ValueError, KeyError):
            told = json.loads((folder / ABOUT).read_text())
            return Backup(folder, datetime.fromisoformat(told["at"]))
        raise Unusable(_("{folder} does not say when it was made").format(folder=folder))
    inside = kept_in(folder)
    if not inside:
        raise Unusable(_("there is no backup in {folder}").format(folder=folder))
    return inside[0]


def make(installation: Installation, now: datetime, into: Path | None = None) -> Backup:
    """Copy database and keys into a new folder, and read the copy through.

    Args:
        into: another folder than usual, such as one on a drive of its own; nothing is ever removed
            there. Of the usual ones the newest 14 are kept.

    Raises:
        Unusable: the copy is not sound, and the backups that are there stay; or `into` is not
            there: made in its place, the copy would lie on the disk that it is to outlive.
    """
    usual = folder_of(installation.home.state)
    if into is None:
        usual.mkdir(parents=True, exist_ok=True, mode=files.PRIVATE_DIR)
    elif not into.is_dir():
        raise Unusable(
            _(
                "{folder} is not there, so nothing was copied. Is its drive plugged in? If so, "
                "make the folder first, or name another one"
            ).format(folder=into)
        )
    parent = usual if into is None else into
    _clear(parent, now)
    made = Backup(parent / now.strftime(_STAMP), _time(now.strftime(_STAMP)))
    with tempfile.TemporaryDirectory(dir=parent, prefix=_DRAFT) as new:
        draft = files.private_dir(Path(new) / "backup")
        schema = _copied(installation, draft)
        about = {"at": made.at.isoformat(), "schema": schema}
        files.write_whole(draft / ABOUT, json.dumps(about).encode())
        if made.folder.exists():
            raise Unusable(_("{folder} is there already").format(folder=made.folder))
        files.move(draft, made.folder)
    if into is None:
        _thin_out(usual)
    return made


def _copied(installation: Installation, into: Path) -> int:
    backup.copy(installation.home.database, into / DATABASE)
    for name in KEYS:
        if (kept := installation.secrets.get(name)) is not None:
            files.write_whole(into / name, kept.encode())
    return backup.check(into / DATABASE)


def _clear(parent: Path, now: datetime) -> None:
    """Remove what a power cut left of a backup that was being made."""
    for draft in parent.glob(f"{_DRAFT}*"):
        if abs(now.timestamp() - draft.stat().st_mtime) > _DAY.total_seconds():
            shutil.rmtree(draft, ignore_errors=True)


def _thin_out(folder: Path) -> None:
    for old in kept_in(folder)[KEPT:]:
        shutil.rmtree(old.folder, ignore_errors=True)


def _time(name: str) -> datetime:
    return datetime.strptime(name, _STAMP).replace(tzinfo=UTC)


@dataclass(slots=True)
class DailyBackup:
    """Makes a backup once a day; one that cannot be made is tried again and never stops a post."""

    installation: Installation
    name: str = "backup"
    _tried: datetime | None = None

    def tick(self, now: datetime) -> bool:
        """Make one where there is none of the last day. One of a clock that was ahead for a while
        neither keeps it from being made nor has it made each hour."""
        made = kept_in(folder_of(self.installation.home.state))
        if any(abs(now - each.at) < _DAY for each in made):
            return False
        if self._tried is not None and abs(now - self._tried) < _TRY_AGAIN:
            return False
        self._tried = now
        try:
            new = make(self.installation, now)
        except (PostguardError, OSError) as exc:
            log.warning("no backup could be made, which is tried again in an hour: %s", exc)
        else:
            log.info("backed up to %s", new.folder)
        return False

    def next_look(self, now: datetime) -> datetime | None:
        """The usual look is enough."""
        return None
