"""Takes the next post that waits for protection through the workshop; no pictures in here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from postguard.errors import ConfigError, Held, Retryable
from postguard.model import Post, PostState, Progress, ProtectOrder, Rendition
from postguard.ports import Clock, Workshop

log = logging.getLogger(__name__)


class Desk(Protocol):
    """The rows that protecting needs."""

    def in_state(self, *states: PostState, limit: int = 100) -> list[Post]:
        """Return posts in any of these states, oldest first."""
        ...

    def protected(self, post_id: int, renditions: Iterable[Rendition], now: datetime) -> None:
        """Store the renditions; the post's deliveries can be planned afterwards."""
        ...

    def move_to(self, post_id: int, state: PostState, now: datetime, reason: str = "") -> None:
        """Change the state and its reason."""
        ...

    def note(self, post_id: int, now: datetime, what: str, detail: str = "") -> None:
        """Add a line to the post's history."""
        ...


@dataclass(slots=True)
class Protecting:
    """Runs recipes, one post at a time. A post that fails is held; the next goes on."""

    desk: Desk
    workshop: Workshop
    clock: Clock
    order_of: Callable[[Post], ProtectOrder]
    heartbeat: Callable[[], None] = lambda: None

    def tick(self, now: datetime) -> bool:
        """Protect the oldest post that waits; False when none does."""
        waiting = self.desk.in_state(PostState.TAKEN, limit=1)
        if not waiting:
            return False
        post = waiting[0]
        try:
            self._protect(post, now)
        except Retryable as exc:
            log.info("post %d: protection was interrupted: %s", post.id, exc)
            return False
        except (Held, ConfigError) as exc:
            self._hold(post, str(exc))
        except Exception as exc:
            # Else it would be the oldest that waits for ever, and none behind it had its turn.
            self._hold(
                post, f"postguard itself broke here ({type(exc).__name__}); please report it"
            )
            raise
        return True

    def _hold(self, post: Post, reason: str) -> None:
        log.warning("post %d is held: %s", post.id, reason)
        self.desk.move_to(post.id, PostState.HELD, self.clock.now(), reason)

    def _protect(self, post: Post, now: datetime) -> None:
        self.desk.note(post.id, now, "protecting", post.recipe)
        order = self.order_of(post)
        renditions = self.workshop.protect(order, lambda p: self._progress(post, p))
        self.desk.protected(post.id, renditions, self.clock.now())
        files = "1 file" if len(renditions) == 1 else f"{len(renditions)} files"
        log.info("post %d is protected: %s", post.id, files)

    def _progress(self, post: Post, progress: Progress) -> None:
        self.heartbeat()
        if progress.done:
            name = post.artworks[progress.position].name
            detail = f"{progress.step} {name} {progress.note}".strip()
            self.desk.note(post.id, self.clock.now(), "step", detail)
