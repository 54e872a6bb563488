"""One daemon at a time: two would race for the same picture."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from postguard.errors import Unusable
from postguard.language import _
from postguard.system.files import private_dir


class OnlyOne:
    """Holds a lock file for as long as the `with` block lasts, or this process lives.

    The kernel drops the lock with the process, so a crash leaves nothing to clean up. The file
    itself stays: were it removed, two processes could hold two files of this name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def __enter__(self) -> OnlyOne:
        """Take the lock. Raises Unusable, with the holder's process number, when it is taken."""
        private_dir(self._path.parent)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
            os.close(handle)
            raise Unusable(_refusal(holder)) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _refusal(holder: str) -> str:
    who = _("process {holder}").format(holder=holder) if holder else _("another process")
    return _(
        "postguard is already running ({who}); one is enough. `postguard service status` shows "
        "it; stop it first if you want to run it here."
    ).format(who=who)
