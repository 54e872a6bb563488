"""Puts a backup in the place of the database, so that nothing is lost and nothing posted twice.

What was posted after the backup is not known to it. So nothing that it knows as unsent goes out
before the account was looked through (`app.matching`); folders are found where they lie now; and a
number that a later post had is not given again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from postguard import settings as config
from postguard.app import backing_up, bell
from postguard.app.backing_up import Backup
from postguard.app.dashboard import only_one
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Place
from postguard.store import Store, backup, open_store
from postguard.system import files, paths
from postguard.system.lock import OnlyOne
from postguard.system.secrets import ARTIST_KEY, Secrets, credentials_dir

_REPLACED = "replaced-{:%Y-%m-%dT%H%M%SZ}"
_BESIDE = ("-wal", "-shm")
_PLACES = (Place.QUEUED, Place.HELD, Place.POSTED, Place.DRY_RUN)
_NUMBERED = re.compile(r"(\d{1,15})(?:-.*)?")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        replaced: where the database lies that was there before; None: there was none.
        waiting: how many deliveries wait until their accounts were looked through.
        strays: folders in queued/ that the backup does not know.
        keys: what became of each key, in words.
    """

    backup: Backup
    replaced: Path | None
    waiting: int
    strays: tuple[str, ...]
    keys: tuple[str, ...]


def restore(path: Path | None, chosen: Backup, now: datetime) -> Restored:
    """Put a backup in the place of what is there, which is kept beside it. A dashboard that is
    open is ended: it would go on with the database that was there, and what the artist stops in it
    would go out all the same.

    Raises:
        ConfigError: the config cannot be read.
        Unusable: postguard is running, the dashboard does not end, or the backup is not sound;
            nothing was changed.
    """
    settings = config.load(path or config.default_path())
    home, outbox = paths.home(), settings.outbox.expanduser()
    backup.check(chosen.database)
    with OnlyOne(home.state / bell.LOCK), only_one.none(only_one.folder()):
        draft = _prepared(chosen, home.state)
        store = open_store(draft)
        try:
            waiting = store.restored.mark(chosen.at)
            _find_folders(store, outbox)
            unknown = strays(store, outbox)
            store.restored.keep_numbers(unknown, now)
        finally:
            store.db.close()
        replaced = _set_aside(home.database, _free(home.state / _REPLACED.format(now)))
        draft.replace(home.database)
        files.sync_dir(home.state)
        shutil.rmtree(draft.parent)
        secrets = Secrets(home.secrets, credentials_dir(), settings.secrets.store)
        own = {ARTIST_KEY: secrets}  # an identity is always a file
        keys = tuple(
            said
            for name in backing_up.KEYS
            for said in _put_back(name, chosen, own.get(name, Secrets(home.secrets)), now)
        )
    queued = tuple(f"{place}/{name}" for _, name, place in unknown if place is Place.QUEUED)
    return Restored(chosen, replaced, waiting, queued, keys)


def strays(store: Store, outbox: Path) -> list[tuple[int, str, Place]]:
    """Return (number, folder, place) of the folders that no post of the database has."""
    known = {folder for _, folder, _ in store.restored.folders()}
    found = []
    for place in _PLACES:
        for name in _folders(outbox / place):
            number = _NUMBERED.fullmatch(name)
            if name not in known and number is not None:
                found.append((int(number[1]), name, place))
    return sorted(found)


def _prepared(chosen: Backup, state: Path) -> Path:
    """Return a copy of the backup beside the database; the backup itself is never written to."""
    folder = state / ".restoring"
    shutil.rmtree(folder, ignore_errors=True)
    draft = files.private_dir(folder) / backing_up.DATABASE
    shutil.copyfile(chosen.database, draft)
    return draft


def _find_folders(store: Store, outbox: Path) -> None:
    """Record where each folder lies now; the daemon then moves it to where its state says."""
    for post_id, folder, place in store.restored.folders():
        if place is not Place.OUTBOX and (outbox / place / folder).is_dir():
            continue
        for other in _PLACES:
            if (outbox / other / folder).is_dir():
                store.posts.placed(post_id, other)
                break


def _folders(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _free(path: Path) -> Path:
    """Return a name that nothing has yet: two restores may happen within a second."""
    others = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(name for name in chain([path], others) if not name.exists())


def _set_aside(database: Path, into: Path) -> Path | None:
    """Keep the database that is there, with what was not yet written into it. At every moment
    there is a whole one in its place: a start in between must begin neither with an empty one nor
    with one that has forgotten what it sent last."""
    if not database.exists():
        return None
    backup.fold(database)
    files.private_dir(into)
    parts = [database, *(database.with_name(f"{database.name}{end}") for end in _BESIDE)]
    for part in parts:
        if part.exists():
            (into / part.name).hardlink_to(part)
    for part in parts[1:]:
        part.unlink(missing_ok=True)
    files.sync_dir(into)
    return into


def _put_back(name: str, chosen: Backup, secrets: Secrets, now: datetime) -> Iterator[str]:
    """Put a key back; one that is there already and another is kept under a name of its own."""
    path, kept = chosen.folder / name, secrets.get(name)
    wanted = path.read_text().rstrip("\r\n") if path.is_file() else kept
    if wanted is None and name == ARTIST_KEY:
        yield _(
            "there is no artist key: marks in pictures that were posted before cannot be found "
            "again"
        )
    if wanted is None or wanted == kept:
        return
    if kept is not None:
        other = f"{name}.before-{now:%Y%m%dT%H%M%SZ}"
        secrets.set(other, kept)
        yield _("another {name} was there; it is kept as {other}").format(name=name, other=other)
    secrets.set(name, wanted)
    yield _("{name} was put back").format(name=name)


def refuse_while_running() -> None:
    """Raise Unusable while the daemon runs; asked before any question is."""
    pid = bell.running()
    if pid is not None:
        raise Unusable(
            _(
                "postguard is running (process {pid}): stop it first, with `systemctl --user stop "
                "postguard` where it is a service, and start it again afterwards"
            ).format(pid=pid)
        )
