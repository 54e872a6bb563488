"""What lies in a post's folder beside what was protected of it: while a post waits, the artist may
save another version of a picture there, or take one out, and it is not the old one that they want
posted. Its words, its times and what was chosen for it stay as they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from postguard.app.installation import Installation
from postguard.language import _
from postguard.model import DeliveryState, Post, PostState
from postguard.system import files
from postguard.system.folders import RENDITIONS, folder_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is not as it was. `said`: in words, empty where all is; `other`: new digests, by name;
    `gone`: a picture is; `unfinished`: one is being written at this moment."""

    said: str = ""
    other: Mapping[str, str] = field(default_factory=dict)
    gone: bool = False
    unfinished: bool = False


@dataclass(slots=True)
class Originals:
    """Looks at protected posts before they go out. `on_change`: called when one is to be
    protected anew."""

    installation: Installation
    on_change: Callable[[], None] = lambda: None

    def let_go(
        self, post_id: int, now: datetime, claimed: int | None = None, *, released: bool = False
    ) -> bool:
        """Return whether a post may go out with the files that it has. False: not now; where its
        pictures are others it is protected anew, where one was taken out it is held, and what was
        claimed was left. Once some of it is out or may be, the rest goes out alike.

        Args:
            claimed: the delivery that the caller is about to send; None: it only looks.
            released: the artist has just let it go on, so nothing is still being saved.
        """
        post = self.installation.store.posts.get(post_id)
        folder = folder_of(self.installation.outbox, post)
        if post.state is PostState.PROTECTED and not folder.is_dir():
            return True
        settle = timedelta(0) if released else self.installation.settings.intake.settle
        found = self._look(post, folder, (now - settle, now))
        if post.state is PostState.PROTECTED and not found.said:
            return True
        return self._decide(post, found, claimed, now)

    def _decide(self, post: Post, found: _Found, claimed: int | None, now: datetime) -> bool:
        """Return what `let_go` does, after a look at the rows as they are by now."""
        store = self.installation.store
        with store.db.change():
            protected = store.posts.get(post.id).state is PostState.PROTECTED
            if protected and self._is_out(post.id, claimed):
                return True
            self._leave(claimed, found, now)
            if not protected or found.unfinished or self._is_claimed(post.id, claimed):
                return False
            self._change(post, found, now)
        log.info("post %d: %s", post.id, found.said)
        self.on_change()
        return False

    def _is_out(self, post_id: int, claimed: int | None) -> bool:
        """Return whether some of the post was posted, or may have been."""
        store = self.installation.store
        return store.posts.went_out(post_id) or any(
            d.state is DeliveryState.UNSURE and d.id != claimed
            for d in store.deliveries.of_post(post_id)
        )

    def _is_claimed(self, post_id: int, claimed: int | None) -> bool:
        """Return whether another thread is about to send some of it: the last of them decides."""
        return any(
            d.state is DeliveryState.SENDING and d.id != claimed
            for d in self.installation.store.deliveries.of_post(post_id)
        )

    def _leave(self, claimed: int | None, found: _Found, now: datetime) -> None:
        if claimed is None:
            return
        attempts = self.installation.store.attempts
        if found.unfinished:
            later = now + self.installation.settings.intake.settle
            attempts.postpone(claimed, later, found.said, now, anew=False)
        else:
            attempts.leave(claimed)

    def _change(self, post: Post, found: _Found, now: datetime) -> None:
        store = self.installation.store
        if found.gone:
            store.posts.move_to(post.id, PostState.HELD, now, found.said)
            return
        store.posts.note(post.id, now, "told", found.said)
        store.posts.replaced(post.id, found.other)
        store.renditions.protect_anew(post.id, now)

    def _look(self, post: Post, folder: Path, lately: tuple[datetime, datetime]) -> _Found:
        """Return what is not as it was; what cannot be looked at now is not said to be another.
        `lately`: from when to when; what was written then may not be finished."""
        try:
            written = {a.name: _written(folder / a.name) for a in post.artworks}
            if gone := [name for name, when in written.items() if when is None]:
                return _Found(_taken_out(gone), gone=True)
            digests = {a.name: files.sha256_of(folder / a.name) for a in post.artworks}
            kept = self.installation.store.renditions.of_post(post.id, folder / RENDITIONS)
            lost = [r.path.name for r in kept if _written(r.path) is None]
        except OSError as exc:
            log.info("post %d cannot be looked at now: %s", post.id, exc)
            return _Found()
        other = {a.name: digests[a.name] for a in post.artworks if digests[a.name] != a.sha256}
        if any(when and lately[0] < when <= lately[1] for when in map(written.get, other)):
            return _Found(_("a picture is being saved; it waits for that"), unfinished=True)
        if other:
            said = _("{name} was changed since it was protected; it is protected anew")
            return _Found(said.format(name=", ".join(other)), other)
        if lost:
            said = _("its protected picture {lost} is gone; it is protected anew")
            return _Found(said.format(lost=lost[0]))
        return _Found()


def _taken_out(names: list[str]) -> str:
    return _(
        "{gone} was taken out of its folder; put it back, then `postguard release N`. To post the "
        "others without it, move them and their words back into the outbox"
    ).format(gone=", ".join(names))


def _written(path: Path) -> datetime | None:
    """Return when a file was last written; None: it is not there. Raises OSError: who knows."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (FileNotFoundError, NotADirectoryError):
        return None
