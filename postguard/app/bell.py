"""Wakes a running daemon after a command has changed the rows."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal

from postguard.system.paths import home

LOCK = "daemon.lock"


def running() -> int | None:
    """Return the process number of the daemon, or None when none runs."""
    path = home().state / LOCK
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        told = os.pread(handle, 32, 0).decode(errors="replace").strip()
        return int(told) if told.isdigit() else None
    else:
        return None
    finally:
        os.close(handle)


def ring() -> bool:
    """Have the daemon look at the rows now; without one, the next start does."""
    pid = running()
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGUSR1)
        return True
    return False
