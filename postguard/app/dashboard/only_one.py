"""One dashboard for this user: whether it runs and on which port, and how it is ended.

It holds a lock for as long as it lives, on a file that says its process and its port.
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files, paths

_LOCK, _START = "running", "starting"
_SECONDS = 20.0  # that a dashboard gets to end in


def folder() -> Path:
    """Return where the dashboard keeps its links, its log and its lock."""
    return files.private_dir(paths.home().state / "dashboard")


def running(folder: Path) -> int | None:
    """Return the port of the dashboard that runs, or None when none does."""
    try:
        with (folder / _LOCK).open() as file:
            if not _is_held(file.fileno()):
                return None
            told = file.read().split()
    except FileNotFoundError:
        return None
    return int(told[1]) if len(told) > 1 and told[1].isdecimal() else None


@contextmanager
def one_start(folder: Path) -> Iterator[None]:
    """Let nobody else start a dashboard while the `with` block lasts; who wants to waits."""
    handle = os.open(folder / _START, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def the_only_one(folder: Path) -> Iterator[Path]:
    """Hold the lock that says that a dashboard runs; the kernel drops it with the process.
    Raises Unusable where one runs already."""
    handle = _opened(folder)
    try:
        if not _taken(handle):
            raise Unusable(_("a dashboard runs already: postguard open leads into it"))
        _say(handle, str(os.getpid()))
        yield folder / _LOCK
        _say(handle, "")
    finally:
        os.close(handle)


def listens(lock: Path, port: int) -> None:
    """Tell others the port of this process, which holds the lock."""
    lock.write_text(f"{os.getpid()}\n{port}\n")


@contextmanager
def none(folder: Path) -> Iterator[None]:
    """End the dashboard that runs, and let none begin while the `with` block lasts. Raises
    Unusable where it does not end."""
    handle = _opened(folder)
    try:
        if not (_taken(handle) or _taken_over(handle)):
            raise Unusable(_("the dashboard is open and does not end; close it and try again"))
        _say(handle, "")
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_over(handle: int) -> bool:
    """End the dashboard that has the lock, and take it then; who only looks whether one runs lets
    go of it by itself."""
    told = os.pread(handle, 32, 0).decode(errors="replace").split()
    if _is_held(handle) and told and told[0].isdecimal():
        with suppress(ProcessLookupError):
            os.kill(int(told[0]), signal.SIGTERM)
    waiting = threading.Thread(target=fcntl.flock, args=(handle, fcntl.LOCK_EX), daemon=True)
    waiting.start()
    waiting.join(_SECONDS)
    return not waiting.is_alive()


def _is_held(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _opened(folder: Path) -> int:
    return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.PRIVATE_FILE)


def _say(handle: int, told: str) -> None:
    os.ftruncate(handle, 0)  # what an earlier one said
    os.pwrite(handle, told.encode(), 0)
