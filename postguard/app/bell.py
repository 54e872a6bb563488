"""Wakes a running daemon after a command has changed the rows."""

from __future__ import annotations

import fcntl
import os
import signal

from postguard.system.paths import home

LOCK = "daemon.lock"


def running() -> int | None:
    """Return the process number of the daemon, or None when none runs."""
    try:
        handle = os.open(home().state / LOCK, os.O_RDONLY)
    except OSError:
        return None
    told = os.pread(handle, 32, 0).decode(errors="replace").strip()
    try:
        # A daemon that starts at this moment must not find the lock held by us, so the lock is
        # only tried where the process that wrote its number still lives.
        if not told.isdigit() or not _lives(int(told)):
            return None
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(told)
    else:
        return None  # the number belongs to somebody else by now
    finally:
        os.close(handle)


def ring() -> bool:
    """Have the daemon look at the rows now; False: none runs, and the next start will."""
    return _send(signal.SIGUSR1)


def ring_ourselves() -> None:
    """Have this process, which is the daemon, look at everything now: its clocks too."""
    os.kill(os.getpid(), signal.SIGUSR1)


def tell_of_config() -> bool:
    """Have the daemon read the config anew; False: none runs, and the next start will."""
    return _send(signal.SIGHUP)


def be_deaf() -> None:
    """Ignore the bell until the daemon listens: it would end a process that is still starting."""
    for number in (signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _send(number: signal.Signals) -> bool:
    pid = running()
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
