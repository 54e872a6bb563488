"""Which machines may work together: those with one postguard and one Python.

Only plain values travel, but both ends run the library that moves them, and mixed versions of it
have crashed (dask/distributed#7016); and two postguards would protect one work in two ways.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import version

from postguard.language import _


@cache  # a millisecond, for each picture
def ours() -> str:
    """Return what this machine runs, as in `postguard 0.1.0 on Python 3.11`."""
    python = ".".join(map(str, sys.version_info[:2]))
    return f"postguard {version('postguard')} on Python {python}"


def refusal(theirs: str, mine: str) -> str | None:
    """Return why a worker that runs `mine` may not join `theirs`; None: it may."""
    if theirs == mine:
        return None
    return _(
        "the scheduler's machine runs {theirs}, and this one {mine}; they must be the same. "
        "Update the older one, then start the worker again"
    ).format(theirs=theirs, mine=mine)
