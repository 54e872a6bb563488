"""Decides when a nominated file is finished. No watcher inside and no clock.

A program that saves, copies or downloads gives no sign of being done that all of them share: a
moved or linked file is never closed, a slow one is closed many times. So an event only nominates a
path, and it has settled when nothing about it changed for a while and nobody has it open for
writing. That it is whole, its decoding proves later.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from postguard.intake import mounts

_LOOKS = 10  # it takes at least so many to give a file up
Look = tuple[int, int, int, int]  # st_ino, st_size, st_mtime_ns, st_ctime_ns


@dataclass(slots=True)
class Settled:
    """What one poll found.

    Attributes:
        settled: finished files with the look they settled with; no longer tracked.
        vanished: paths that are no file any more; no longer tracked.
        given_up: told once about each file that never came to rest; still tracked.
    """

    settled: dict[Path, Look] = field(default_factory=dict)
    vanished: list[Path] = field(default_factory=list)
    given_up: list[Path] = field(default_factory=list)


@dataclass(slots=True)
class _Watched:
    looked: datetime  # last
    due: datetime
    look: Look | None = None
    restless: timedelta = timedelta(0)
    told: bool = False


class Settling:
    """Tracks nominated paths until they come to rest.

    Each poll costs as much as there is to look at: every path has one next time, and all wait
    equally long, so they stay in order without sorting.

    Args:
        quiet: how long a file must stay as it is; may be changed at any time.
        give_up: how long one may keep changing before the artist is told.
    """

    def __init__(self, quiet: timedelta, give_up: timedelta = timedelta(hours=1)) -> None:
        self.quiet = quiet
        self.give_up = give_up
        self._fresh: dict[Path, _Watched] = {}
        self._waiting: dict[Path, _Watched] = {}  # in the order of `due`

    def __len__(self) -> int:
        return len(self._fresh) + len(self._waiting)

    def __contains__(self, path: object) -> bool:
        return path in self._fresh or path in self._waiting

    def next_look(self, now: datetime) -> datetime | None:
        """Return when a path is to be looked at next; None: none is tracked."""
        if self._fresh:
            return now
        return next((watched.due for watched in self._waiting.values()), None)

    def restless(self) -> bool:
        """Return whether a path may still settle soon: those given up do not count."""
        return bool(self._fresh) or any(not w.told for w in self._waiting.values())

    def nominate(self, path: Path, now: datetime) -> None:
        """Track `path`; one that is tracked already needs one more quiet time.

        Its next look is not put off: a file that changes all the time must still be looked at, or
        the artist would never be told that it does.
        """
        if watched := self._waiting.get(path):
            watched.look = None
        elif path not in self._fresh:
            self._fresh[path] = _Watched(looked=now, due=now)

    def poll(
        self,
        now: datetime,
        look: Callable[[Path], Look | None],
        busy: Callable[[Path], bool],
    ) -> Settled:
        """Look at every path whose time has come."""
        found = Settled()
        fresh, self._fresh = self._fresh, {}
        for path, watched in [*fresh.items(), *self._due(now)]:
            self._judge(path, watched, now, look, busy, found)
        return found

    def _due(self, now: datetime) -> list[tuple[Path, _Watched]]:
        due = []
        while self._waiting:
            path, watched = next(iter(self._waiting.items()))
            clock_went_back = watched.due - now > self.quiet
            if watched.due > now and not clock_went_back:
                break
            due.append((path, watched))
            del self._waiting[path]
        return due

    def _judge(
        self,
        path: Path,
        watched: _Watched,
        now: datetime,
        look: Callable[[Path], Look | None],
        busy: Callable[[Path], bool],
        found: Settled,
    ) -> None:
        seen = look(path)
        if seen is None:
            found.vanished.append(path)
        elif seen == watched.look and not busy(path):
            found.settled[path] = seen
        else:
            self._wait(path, watched, seen, now, found)

    def _wait(
        self, path: Path, watched: _Watched, seen: Look, now: datetime, found: Settled
    ) -> None:
        watched.look = seen
        watched.due = now + self.quiet
        # A PC that slept, or whose clock was set, has not seen it change all that time.
        most = max(self.quiet, self.give_up / _LOOKS)
        watched.restless += min(max(now - watched.looked, timedelta(0)), most)
        watched.looked = now
        self._waiting[path] = watched
        if not watched.told and watched.restless >= self.give_up:
            watched.told = True
            found.given_up.append(path)


def look(path: Path) -> Look | None:
    """Return what changes whenever a file does; None: there is no regular file."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(seen.st_mode):
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def busy(path: Path, mounted: Path = mounts.MOUNTS) -> bool:
    """Return whether any process has the file open for writing.

    The kernel grants a read lease only while nobody writes (fcntl(2), F_SETLEASE). It knows only
    its own machine, and only the file's owner may ask; where it cannot say, the answer is False.
    On a network drive a refusal may mean only that the server gives no leases.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        take_lease(handle)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as exc:
        return exc.errno == errno.EAGAIN and not mounts.remote(path, mounted)
    finally:
        os.close(handle)
    return False


def take_lease(handle: int) -> None:
    """Take a read lease on an open file.

    Raises:
        OSError: EAGAIN: somebody has it open for writing; any other: the kernel cannot say.
    """
    # Whoever opens the file for writing meanwhile makes the kernel signal us; its default signal,
    # SIGIO, would end the daemon. SIGURG is ignored by default.
    fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
