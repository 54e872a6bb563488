"""Keeps this PC from falling asleep while something is sent, where systemd lets us."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from postguard.language import _

log = logging.getLogger(__name__)

# It lasts as long as `cat` has an open pipe to read from, so it ends with this process, however
# that ends.
_HOLD = (
    *("systemd-inhibit", "--what=sleep:idle", "--who=postguard", "--mode=block"),
    *("--why=a post is being sent", "cat"),
)
_SECONDS = 5.0


class Awake:
    """Asks for it anew for each post; a refusal is said once and stops nothing.

    Args:
        wanted: returns whether the artist wants it.
    """

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._said = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the PC awake for as long as the block lasts."""
        holder = self._begin() if self._wanted() else None
        try:
            yield
        finally:
            if holder is not None:
                self._end(holder)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        try:
            return subprocess.Popen(
                _HOLD,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._say(_("systemd-inhibit is not on this PC"))
            return None

    def _end(self, holder: subprocess.Popen[bytes]) -> None:
        if holder.poll():  # ended before its time
            self._say(_("systemd does not allow it"))
        assert holder.stdin is not None
        with suppress(OSError):
            holder.stdin.close()
        try:
            holder.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            holder.kill()
            holder.wait()

    def _say(self, why: str) -> None:
        if not self._said:
            log.warning("this PC may fall asleep while a post is sent: %s", why)
        self._said = True
