"""Whether there is room on the disk to begin anything: below the floor nothing new is taken or
protected, and the artist is told once. What is protected already still goes out: it wants little.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from postguard.app.installation import Installation
from postguard.language import _
from postguard.store import DISK_LOW

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(seconds=20)
_ENOUGH_AGAIN = 1.1  # of the floor: a disk at the edge is not told of again and again
_MB = 1_000_000


def free_bytes(path: Path) -> int:
    """Return what is free where `path` lies."""
    return shutil.disk_usage(path).free


def shortage(places: Iterable[Path], floor_mb: int) -> str:
    """Return what becomes of a picture that is dropped where there is no room, in words; empty:
    there is."""
    least = min(free_bytes(place) for place in places)
    if least >= floor_mb * _MB:
        return ""
    return _(
        "Only {free} MB are free on the disk, and below {floor} MB nothing new is begun: it waits "
        "in the outbox, and is taken when there is room"
    ).format(free=least // _MB, floor=floor_mb)


@dataclass(slots=True)
class Room:
    """Looks at the disks of the database and of the outbox.

    Attributes:
        free: returns the free bytes at a place.
    """

    installation: Installation
    free: Callable[[Path], int] = free_bytes
    _looked: datetime | None = None
    _low: bool = False

    def enough(self, now: datetime) -> bool:
        """Return whether anything may be begun; looks at most every 20 s."""
        if self._looked is None or abs(now - self._looked) >= _LOOK_AGAIN:
            self._looked = now
            self._look(now)
        return not self._low

    def _look(self, now: datetime) -> None:
        floor = self.installation.settings.disk.floor_mb * _MB
        places = {path: self._free(path) for path in self._places()}
        where, least = min(places.items(), key=lambda each: each[1])
        low = least < floor * (_ENOUGH_AGAIN if self._low else 1)
        if low and not self._low:
            log.warning(
                "only %d MB are free where %s lies: nothing new is begun until there are %d MB; "
                "what is protected already still goes out",
                *(least // _MB, where, floor * _ENOUGH_AGAIN // _MB),
            )
        elif self._low and not low:
            log.info("there is room again: going on")
        self._low = low
        self._keep(now.isoformat() if low else "")

    def _places(self) -> list[Path]:
        outbox = self.installation.outbox
        return [self.installation.home.state, *([outbox] * outbox.is_dir())]

    def _free(self, path: Path) -> int:
        try:
            return self.free(path)
        except OSError:  # a drive that was just taken away; others say so
            return self.free(self.installation.home.state)

    def _keep(self, since: str) -> None:
        meta = self.installation.store.meta
        if bool(meta.get(DISK_LOW)) != bool(since):
            meta.put(DISK_LOW, since)
