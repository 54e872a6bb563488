"""Gives what was made its name, on any file system, and never over a file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_CLAIMING = threading.Lock()  # two of this run may want one name


def put(draft: Path, place: Path) -> None:
    """Give a whole file its name. Raises FileExistsError where another has it."""
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # memory cards and network disks know no links
        _put_without_links(draft, place)


def flush(path: Path) -> None:
    """Let everyone read a file, and have its bytes on disk before it gets its name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(handle, 0o644)
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_without_links(draft: Path, place: Path) -> None:
    """Claim the name by an empty file, which only one can make, and put the whole one over it.

    An empty file that is there before is the claim of a run that was killed: nobody's picture is
    empty.
    """
    with _CLAIMING:
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            if place.stat().st_size:
                raise
        draft.replace(place)
