"""Takes the next post that waits for protection through the workshop; no pictures in here.

While a post is worked on, its row tells how far it is. A post that the artist holds meanwhile, or
whose files are taken away, is given up within about a second.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from postguard.errors import (
    BadPicture,
    ConfigError,
    Held,
    PostguardError,
    Retryable,
    Unfinished,
    Unusable,
    Waiting,
)
from postguard.language import _
from postguard.model import Post, PostState, Progress, ProtectOrder, Rendition
from postguard.ports import Clock, Workshop
from postguard.protect.minding import Minder
from postguard.protect.sweeping import sweep

log = logging.getLogger(__name__)

_LOOK = 1.0  # seconds
_WAIT = timedelta(minutes=2)  # until a machine that was not there is looked for again
_TRIES = 3  # on machines that are there and do not finish it


class Board(Protocol):
    """The row that tells how far the post is that is worked on."""

    def begin(self, post_id: int) -> None:
        """Say that a post is worked on now."""
        ...

    def tell(self, post_id: int, progress: Progress | None) -> bool:
        """Overwrite how far it is; False where it is no longer wanted."""
        ...

    def end(self) -> None:
        """Say that no post is worked on."""
        ...


class Renditions(Protocol):
    """Where renditions are stored."""

    def finished(self, post_id: int, renditions: Iterable[Rendition], now: datetime) -> bool:
        """Store the renditions; the post's deliveries can be planned afterwards. False: the post
        changed since the work on it began, and they are not wanted."""
        ...


class Desk(Protocol):
    """The rows that protecting needs."""

    @property
    def progress(self) -> Board:
        """The row of the post that is worked on."""
        ...

    def get(self, post_id: int) -> Post:
        """Return one post."""
        ...

    def in_state(self, *states: PostState, limit: int = 100) -> list[Post]:
        """Return posts in any of these states, oldest first."""
        ...

    def move_to(self, post_id: int, state: PostState, now: datetime, reason: str = "") -> None:
        """Change the state and its reason."""
        ...

    def note(self, post_id: int, now: datetime, what: str, detail: str = "") -> None:
        """Add a line to the post's history."""
        ...


class _NotWantedError(Exception):
    """The post was held, or taken away, while it was worked on."""


@dataclass(slots=True)
class _Work:
    """A post that is worked on; what was last heard of it, and what of that its row tells."""

    post: Post
    heard: Progress | None = None
    told: Progress | None = None


@dataclass(slots=True)
class Protecting:
    """Runs recipes, one post at a time. A post that fails is held; the next goes on.

    Attributes:
        heartbeat: called whenever the work says something.
        missing: what was taken away of a post's files, in words; empty: nothing.
        look: seconds between two looks whether the post is still wanted.
    """

    desk: Desk
    renditions: Renditions
    workshop: Workshop
    clock: Clock
    order_of: Callable[[Post], ProtectOrder]
    heartbeat: Callable[[], None] = lambda: None
    missing: Callable[[Post], str] = lambda _: ""
    look: float = _LOOK
    _again: dict[int, datetime] = field(default_factory=dict)
    _waited: set[int] = field(default_factory=set)
    _unfinished: Counter[int] = field(default_factory=Counter)

    def tick(self, now: datetime) -> bool:
        """Protect the oldest post that waits; False when none does."""
        post = self._next(now)
        if post is None:
            return False
        try:
            self._protect(post, now)
        except Waiting as exc:  # for another machine: what is behind it goes on
            self._wait(post, now, exc)
        except _NotWantedError:
            del self._unfinished[post.id]
            log.info("post %d: its protection was given up; it is held, or read anew", post.id)
        except (Retryable, Unusable) as exc:  # the disk may be full: the rows cannot be written
            log.info("post %d: protection was interrupted: %s", post.id, exc)
            return False
        except (Held, ConfigError) as exc:
            self._hold(post, str(exc))
        except Exception as exc:
            # Else it would be the oldest that waits for ever, and none behind it had its turn.
            self._hold(
                post,
                _("postguard itself broke here ({name}); please report it").format(
                    name=type(exc).__name__
                ),
            )
            raise
        return True

    def _next(self, now: datetime) -> Post | None:
        """Return the oldest post that waits for nothing but its turn."""
        self._again = {  # a time further ahead is left from a clock that was set back
            post_id: at for post_id, at in self._again.items() if now < at <= now + _WAIT
        }
        waiting = self.desk.in_state(PostState.TAKEN, limit=len(self._again) + 1)
        return next((post for post in waiting if post.id not in self._again), None)

    def _wait(self, post: Post, now: datetime, why: Waiting) -> None:
        """Look at the next one until it is this one's turn again; the artist is told once, and of
        each time that it was begun in vain."""
        begun = isinstance(why, Unfinished)
        self._unfinished[post.id] += begun
        if begun or post.id not in self._waited:
            log.info("post %d: %s", post.id, why)
            self.desk.note(post.id, now, "waiting", str(why))
        self._waited.add(post.id)
        self._again[post.id] = now + _WAIT

    def _hold(self, post: Post, reason: str) -> None:
        del self._unfinished[post.id]
        if self.desk.get(post.id).state is not PostState.TAKEN:
            return  # the artist was faster, and their reason stays
        log.warning("post %d is held: %s", post.id, reason)
        self.desk.move_to(post.id, PostState.HELD, self.clock.now(), reason)

    def _protect(self, post: Post, now: datetime) -> None:
        self.desk.note(post.id, now, "protecting", post.recipe)
        self.desk.progress.begin(post.id)  # first: an edit from here on is noticed
        try:
            order = self._order(post)
            renditions = self._made(_Work(post), order)
            if not self.renditions.finished(post.id, renditions, self.clock.now()):
                raise _NotWantedError
        finally:
            self.desk.progress.end()
        del self._unfinished[post.id]
        files = "1 file" if len(renditions) == 1 else f"{len(renditions)} files"
        log.info("post %d is protected: %s", post.id, files)

    def _order(self, post: Post) -> ProtectOrder:
        order = self.order_of(post)
        if order.elsewhere is None or self._unfinished[post.id] < _TRIES - 1:
            return order
        return replace(order, elsewhere=replace(order.elsewhere, last=True))

    def _made(self, work: _Work, order: ProtectOrder) -> tuple[Rendition, ...]:
        """Return the renditions.

        Raises:
            _NotWantedError: the post was held meanwhile, even if it was released since.
            BadPicture: its files were taken away.
            Held, Retryable: as the workshop raises them.
        """
        try:
            with Minder(lambda: self._wanted(work), self.workshop.close, self.look):
                made = self.workshop.protect(order, lambda p: self._progress(work, p))
        except PostguardError:
            sweep(order.into)
            self._check_wanted(work.post)
            raise
        self._check_wanted(work.post)
        return made

    def _check_wanted(self, post: Post) -> None:
        if gone := self.missing(post):
            raise BadPicture(gone)
        if not self.desk.progress.tell(post.id, None):
            raise _NotWantedError

    def _wanted(self, work: _Work) -> bool:
        """Tell how far the post is; return whether the work is to go on. Runs in the minder's
        thread."""
        heard = work.heard
        news = None if heard is work.told else heard
        try:
            wanted = not self.missing(work.post) and self.desk.progress.tell(work.post.id, news)
        except (PostguardError, OSError) as exc:  # a full disk costs a look, not the work
            log.debug("post %d: its progress cannot be kept: %s", work.post.id, exc)
            return True
        work.told = heard
        return wanted

    def _progress(self, work: _Work, progress: Progress) -> None:
        self.heartbeat()
        work.heard = progress
        if progress.done:
            name = work.post.artworks[progress.position].name
            detail = f"{progress.step} {name} {progress.note}".strip()
            self.desk.note(work.post.id, self.clock.now(), "step", detail)
