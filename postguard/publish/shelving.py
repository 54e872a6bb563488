"""Keeps each post's folder where its state says: queued/, held/, posted/, or dry-run/ where
nothing was posted. Nothing is deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from postguard.language import _
from postguard.model import Place, Post, PostState, Receipt, only_drawn
from postguard.system import files, folders
from postguard.system.folders import folder_of

log = logging.getLogger(__name__)

_WENT_OUT = {PostState.POSTED, PostState.RETRACTED}
_LATELY = timedelta(days=1)


class Shelf(Protocol):
    """The rows that shelving needs."""

    def misplaced(self) -> list[Post]:
        """Return posts whose folder does not lie where their state says."""
        ...

    def half_out(self, since: datetime) -> list[Post]:
        """Return posts that an account has posted since then, while another still has to."""
        ...

    def placed(self, post_id: int, place: Place) -> None:
        """Record where the post's folder lies now."""
        ...

    def move_to(self, post_id: int, state: PostState, now: datetime, reason: str = "") -> None:
        """Change the state and its reason."""
        ...


def place_of(state: PostState, receipts: Iterable[Receipt]) -> Place:
    """Return the folder that a post in this state belongs in; `receipts`: what came of it."""
    if state in _WENT_OUT:
        return Place.DRY_RUN if only_drawn(receipts) else Place.POSTED
    return Place.HELD if state is PostState.HELD else Place.QUEUED


@dataclass(frozen=True, slots=True)
class Shelving:
    """Moves folders after the rows: a crash in between is repaired by the next tick.

    Attributes:
        seen: returns what reading a post back has shown, in lines by account.
        taken_back: returns the accounts whose copy of a post was deleted.
        zone: returns the artist's, that receipts tell times in.
        returned: called with a post that lies in queued/ again, for its pictures may be others.
    """

    shelf: Shelf
    outbox: Callable[[], Path]
    receipts: Callable[[int], Mapping[str, Receipt]]
    seen: Callable[[int], Mapping[str, Sequence[str]]]
    taken_back: Callable[[int], Collection[str]]
    zone: Callable[[], tzinfo]
    returned: Callable[[Post, datetime], object] = lambda _post, _now: None

    def tick(self, now: datetime) -> bool:
        """Move what lies in the wrong place; True when something was moved."""
        moved = [self._shelved(post, now) for post in self.shelf.misplaced()]
        for post in self.shelf.half_out(now - _LATELY):
            self._note_what_is_out(post)
        return any(moved)

    def _shelved(self, post: Post, now: datetime) -> bool:
        """Move one folder; one that cannot be moved now waits, and the others are moved."""
        try:
            return self._shelve(post, now)
        except OSError as exc:
            log.error("post %d cannot be moved yet: %s", post.id, exc)  # noqa: TRY400  # in words
            return False

    def _shelve(self, post: Post, now: datetime) -> bool:
        outbox, place = self.outbox(), self._place_of(post)
        source, target = folder_of(outbox, post), outbox / place / post.folder
        if source.exists():
            self._leave_note(post, source)
            target.parent.mkdir(exist_ok=True)
            files.move(source, target)
        elif not target.exists():
            return self._gone(post, now)
        self.shelf.placed(post.id, place)
        log.info("post %d now lies in %s/", post.id, place)
        if place is Place.QUEUED:
            self.returned(post, now)
        return True

    def _place_of(self, post: Post) -> Place:
        return place_of(post.state, self.receipts(post.id).values())

    def _note_what_is_out(self, post: Post) -> None:
        """Say beside the files already where a post stands that is still to go elsewhere: where
        the database is lost, this alone knows of it."""
        folder, receipts = folder_of(self.outbox(), post), self.receipts(post.id)
        out = [name for name, receipt in receipts.items() if receipt.url.startswith("http")]
        if not folder.is_dir() or all(folders.receipt_of(folder, name) for name in out):
            return
        try:
            seen, gone = self.seen(post.id), self.taken_back(post.id)
            folders.leave_receipt(folder, post, receipts, self.zone(), seen, gone)
        except OSError as exc:
            log.info("the receipt of post %d cannot be written yet: %s", post.id, exc)

    def _leave_note(self, post: Post, folder: Path) -> None:
        folders.remove_reason(folder, post)
        if post.state is PostState.HELD:
            folders.leave_reason(folder, post)
        if post.state in _WENT_OUT:
            receipts, seen = self.receipts(post.id), self.seen(post.id)
            gone = self.taken_back(post.id)
            folders.leave_receipt(folder, post, receipts, self.zone(), seen, gone)

    def _gone(self, post: Post, now: datetime) -> bool:
        """The artist took the folder away: what went out stays so, any other is withdrawn."""
        if not folders.taken_away(self.outbox(), post):
            return False
        if post.state in _WENT_OUT:
            self.shelf.placed(post.id, self._place_of(post))
            return True
        reason = _("its folder {place}/{folder} is gone").format(
            place=post.place, folder=post.folder
        )
        self.shelf.move_to(post.id, PostState.WITHDRAWN, now, reason)
        return True
