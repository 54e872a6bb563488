"""Takes away what a protection that was cut off has left among a post's renditions."""

from __future__ import annotations

import shutil
from pathlib import Path

WORK = ".work-"  # how the folder begins in which one artwork is worked on


def sweep(into: Path) -> None:
    """Remove the leftovers; finished files are overwritten by the next run anyway."""
    for left in into.glob(f"{WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in into.glob(".????????.tmp"):  # as files.write_whole names them
        left.unlink(missing_ok=True)
