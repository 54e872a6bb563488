"""Minds a post while it is worked on: is it still wanted, and are its pictures still there?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from postguard.language import _
from postguard.model import Post
from postguard.system.folders import folder_of, taken_away


class Minder:
    """Looks every so often, in a thread of its own, and ends work that is no longer wanted.

    The work cannot look by itself: a child that loads its models says nothing for seconds.
    """

    def __init__(
        self, wanted: Callable[[], bool], give_up: Callable[[], None], every: float
    ) -> None:
        """`give_up` ends the work, and is called in this thread; again at each look, for the work
        may not have begun at the first. `every`: seconds between two looks."""
        self._wanted = wanted
        self._give_up = give_up
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="minder", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            if not self._wanted():
                self._give_up()


def missing(outbox: Path, post: Post) -> str:
    """Return what somebody took away of a post's files, in words; empty: nothing.

    All of them are gone where a drive is not plugged in; that is no taking away.
    """
    folder = folder_of(outbox, post)
    if taken_away(outbox, post):
        return _("its folder {place}/{folder} is gone").format(
            place=post.place, folder=post.folder
        )
    gone = [a.name for a in post.artworks if folder.is_dir() and not (folder / a.name).exists()]
    if not gone:
        return ""
    return _("{gone} was taken out of its folder; drop it into the outbox again").format(
        gone=", ".join(gone)
    )
