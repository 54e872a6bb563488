"""Watchdog adapter: file system events in, nominated paths out. The only user of watchdog.

Every event only nominates; `settling` decides. So a lost event costs time and nothing else: the
rescan nominates every file again.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from watchdog.events import (
    EVENT_TYPE_CLOSED,
    EVENT_TYPE_CREATED,
    EVENT_TYPE_DELETED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_MOVED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from postguard.intake import mounts, names
from postguard.language import _

Mode = Literal["auto", "events", "polling"]

# Our own reading of a file opens and closes it, too; only what changes a file is news.
_NEWS = frozenset(
    {
        EVENT_TYPE_CREATED,
        EVENT_TYPE_MODIFIED,
        EVENT_TYPE_MOVED,
        EVENT_TYPE_CLOSED,
        EVENT_TYPE_DELETED,
    }
)
_POLL_EVERY = 2.0  # seconds
_MOST_FOLDERS = 32  # each watched set costs a thread; further sets are found by the rescan


def _is_no_ending(record: logging.LogRecord) -> bool:
    """Watchdog calls it an error that a thread sees a last event while we stop it."""
    return "when the thread is inactive" not in record.getMessage()


logging.getLogger("watchdog.observers.inotify").addFilter(_is_no_ending)


@dataclass(frozen=True, slots=True)
class Eyes:
    """The two ways to see changes, by name."""

    kinds: Mapping[str, Callable[[], BaseObserver]] = field(
        default_factory=lambda: {
            "events": Observer,
            "polling": lambda: PollingObserver(timeout=_POLL_EVERY),
        }
    )


class Watcher(FileSystemEventHandler):
    """Watches the outbox and calls `nominate` with each path that may have changed.

    The outbox itself is watched without what is beneath it, and each set's folder with all of it:
    the reserved ones may hold thousands of folders and are never looked into.

    Args:
        nominate: takes paths from watchdog's threads and from `rescan`; must not block.
        mode: `auto` polls where events cannot show what another machine writes.
        note: takes sentences for the artist about how the outbox is watched.
    """

    def __init__(
        self,
        outbox: Path,
        nominate: Callable[[Path], None],
        mode: Mode = "auto",
        note: Callable[[str], None] = lambda _: None,
        eyes: Eyes | None = None,
        mounted: Path = mounts.MOUNTS,
    ) -> None:
        self._outbox = outbox
        self._nominate = nominate
        self._note = note
        self._mode = mode
        self._kinds = (eyes or Eyes()).kinds
        self._mounts = mounted
        # Watchdog holds its lock while it calls us, so its threads only put into this queue and
        # never wait for our lock, under which we call watchdog.
        self._changed_folders: deque[Path] = deque()
        self._lock = threading.RLock()
        self._observer: BaseObserver | None = None
        self._watching: tuple[int, int] | None = None
        self._folders: dict[Path, ObservedWatch] = {}
        self._missing = False
        self.polling = False

    def start(self) -> None:
        """Begin to watch and nominate every file that is there; an outbox that is not mounted
        yet is watched as soon as a `rescan` finds it."""
        self.rescan()

    def stop(self) -> None:
        """Stop watching; returns when watchdog's threads have ended."""
        with self._lock:
            observer, self._observer = self._observer, None
            self._folders.clear()
            self._watching = None
            if observer is not None and observer.is_alive():
                observer.stop()
                observer.join()

    def attend(self) -> None:
        """Watch sets that came and let go of those that left. Cheap: call it on every tick."""
        with self._lock:
            changed = {self._changed_folders.popleft() for _ in range(len(self._changed_folders))}
            for folder in changed:
                # The watch of a set that was moved to queued/ would follow it there.
                self._unwatch_folder(folder)
                if folder.is_dir():
                    self._watch_folder(folder)
                    self._nominate_all(folder)

    def rescan(self) -> None:
        """Nominate every file in the outbox, and watch it anew where it came back."""
        with self._lock:
            if self._watches_it():
                self._watch_folders()
                self._nominate_all(self._outbox)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Turn one event into nominations. Called by watchdog in its thread."""
        if event.event_type not in _NEWS:
            return
        for raw in (event.src_path, event.dest_path):
            if raw:
                self._changed(Path(_text(raw)), event)

    def _changed(self, path: Path, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._nominate(path)
        elif (
            path.parent == self._outbox
            and path.name not in names.RESERVED
            and event.event_type != EVENT_TYPE_MODIFIED  # comes with each file in it
        ):
            self._changed_folders.append(path)
            self._nominate_all(path)

    def _nominate_all(self, folder: Path) -> None:
        for path in names.walk(self._outbox, folder):
            self._nominate(path)

    def _watches_it(self) -> bool:
        """Watch the folder that is the outbox now; False: there is none."""
        identity = _identity(self._outbox)
        if identity != self._watching:
            self.stop()
        if identity is None:
            self._say_missing()
        elif self._watching is None:
            self._missing = False
            self._watch(identity)
        return identity is not None

    def _watch(self, identity: tuple[int, int]) -> None:
        kind = self._mode
        if kind == "auto":
            drive = mounts.remote(self._outbox, self._mounts)
            kind = "polling" if drive else "events"
            if drive:
                self._note(
                    _(
                        "The outbox is on a network or shared drive ({drive}): it is polled."
                    ).format(drive=drive)
                )
        try:
            self._observe(kind)
        except OSError as exc:
            if kind == "polling" or exc.errno not in {errno.ENOSPC, errno.EMFILE}:
                raise
            self._note(
                _(
                    "The system's limit of watched folders (fs.inotify) is reached, so the "
                    "outbox is polled instead; other programs that watch many folders may have "
                    "used it up."
                )
            )
            self._observe("polling")
        self._watching = identity

    def _observe(self, kind: str) -> None:
        observer = self._kinds[kind]()
        observer.start()
        try:
            observer.schedule(self, str(self._outbox), recursive=False)
        except OSError:
            observer.stop()
            observer.join()
            raise
        self._observer = observer
        self.polling = kind == "polling"

    def _watch_folders(self) -> None:
        for gone in [folder for folder in self._folders if not folder.is_dir()]:
            self._unwatch_folder(gone)
        with suppress(OSError):
            for folder in sorted(p for p in self._outbox.iterdir() if p.is_dir()):
                self._watch_folder(folder)

    def _watch_folder(self, folder: Path) -> None:
        if (
            self._observer is None
            or folder in self._folders
            or folder.name in names.RESERVED
            or names.is_litter(folder.name)
            or folder.is_symlink()
            or len(self._folders) >= _MOST_FOLDERS
        ):
            return
        # Without a watch (limits, or it vanished just now) the rescan still finds its files.
        with suppress(OSError):
            self._folders[folder] = self._observer.schedule(self, str(folder), recursive=True)

    def _unwatch_folder(self, folder: Path) -> None:
        watch = self._folders.pop(folder, None)
        if watch is not None and self._observer is not None:
            with suppress(KeyError):  # its emitter has ended with the folder
                self._observer.unschedule(watch)

    def _say_missing(self) -> None:
        if not self._missing:
            self._missing = True
            self._note(
                _(
                    "{outbox} is not there (is its drive mounted?); nothing is taken until it "
                    "comes back."
                ).format(outbox=self._outbox)
            )


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        seen = folder.stat()
    except OSError:
        return None
    return (seen.st_dev, seen.st_ino) if folder.is_dir() else None


def _text(raw: str | bytes) -> str:
    return raw if isinstance(raw, str) else raw.decode(errors="surrogateescape")
