"""What lies in a post's folder beside what was protected of it: while a post waits, the artist may
replace a picture there, or take one out, and it is not the old one that they want posted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from postguard.app.installation import Installation
from postguard.language import _
from postguard.model import Artwork, Post, PostState
from postguard.system import files
from postguard.system.folders import RENDITIONS, folder_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Originals:
    """Looks at protected posts before they go out. `on_change`: called when one is to be read
    anew."""

    installation: Installation
    on_change: Callable[[], None] = lambda: None

    def are_as_protected(
        self, post_id: int, now: datetime, delivery_id: int | None = None
    ) -> bool:
        """Return whether a post's files are what was protected, or must be taken for it: some of
        it went out or is on its way, so the rest is to be the same. False: they are not, and the
        post is on its way to be protected anew, the times of its deliveries kept.

        Args:
            delivery_id: what the caller has claimed; it is left where the answer is False.
        """
        store = self.installation.store
        post = store.posts.get(post_id)
        folder = folder_of(self.installation.outbox, post)
        if post.state is not PostState.PROTECTED or not folder.is_dir():
            return True
        said, reread = self._changed(post, folder)
        if not said:
            return True
        with store.db.change():
            if not store.renditions.protect_anew(post_id, now, besides=delivery_id):
                return True
            if delivery_id is not None:
                store.attempts.leave(delivery_id)
            store.posts.note(post_id, now, "told", said)
            if reread:
                store.posts.move_to(post_id, PostState.RELEASED, now)
        log.info("post %d: %s", post_id, said)
        self.on_change()
        return False

    def _changed(self, post: Post, folder: Path) -> tuple[str, bool]:
        """Return what is not as it was, in words, and whether its pictures must be read anew."""
        if gone := [a.name for a in post.artworks if not (folder / a.name).exists()]:
            return _("{gone} was taken out of its folder; the post is read anew").format(
                gone=", ".join(gone)
            ), True
        if other := [a.name for a in post.artworks if not _same(folder / a.name, a)]:
            return _("{name} was changed since it was protected; it is protected anew").format(
                name=", ".join(other)
            ), True
        kept = self.installation.store.renditions.of_post(post.id, folder / RENDITIONS)
        if lost := [r.path.name for r in kept if not r.path.is_file()]:
            return _("its protected picture {lost} is gone; it is protected anew").format(
                lost=lost[0]
            ), False
        return "", False


def _same(path: Path, artwork: Artwork) -> bool:
    """A file that cannot be read now is not said to be another one."""
    try:
        return files.sha256_of(path) == artwork.sha256
    except OSError:
        return True
