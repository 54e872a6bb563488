"""When cloaks are drawn: in the hours that the artist gives, and while nobody else needs the GPU.

A time that the artist asked for goes before both: from an hour before it nothing waits any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postguard.app.installation import Installation
from postguard.errors import Waiting
from postguard.language import _
from postguard.model import Delivery, Post, ProtectOrder
from postguard.system.gpu import Gpu, gpus

BUSY = 50  # percent: a drawing program at rest takes less, a game more
_AHEAD = timedelta(hours=1)  # of the time asked for: drawn then, it is still in time


@dataclass(frozen=True, slots=True)
class Leisure:
    """Says of each post whether its cloak may be drawn now.

    Attributes:
        gpus: returns how busy the GPUs are; asked while postguard itself draws nothing.
    """

    installation: Installation
    gpus: Callable[[], Sequence[Gpu]] = gpus

    def order_of(self, post: Post) -> ProtectOrder:
        """Return what is to be done for a post.

        Raises:
            Waiting: its cloak is to be drawn later.
            BadPicture, Retryable, ConfigError, Refused: as `Installation.order_of`.
        """
        self._refuse_work(post, self.installation.clock.now())
        return self.installation.order_of(post)

    def _refuse_work(self, post: Post, now: datetime) -> None:
        settings = self.installation.settings
        steps = settings.steps(post.recipe)
        if not any(step.step == "cloak" for step in steps):
            return
        if presses(self.installation.store.deliveries.of_post(post.id), now):
            return
        hours = settings.cloak.hours
        if hours is not None and not hours.hold(now.astimezone(settings.timezone).time()):
            raise Waiting(_("its cloak waits for the hours {rule}").format(rule=hours.rule))
        if settings.cloak.wait_for_gpu and (busy := _busiest(self.gpus())) is not None:
            raise Waiting(
                _("its cloak waits while {name} is busy with something else").format(
                    name=busy.name
                )
            )


def presses(deliveries: Iterable[Delivery], now: datetime) -> bool:
    """Return whether a time that the artist asked for is near, or past. Pure."""
    return any(
        datetime.fromisoformat(d.asked) - _AHEAD <= now for d in deliveries if d.has_own_time
    )


def _busiest(found: Sequence[Gpu]) -> Gpu | None:
    """Return the GPU that works for somebody else, where the least busy one does."""
    least = min(found, key=lambda each: each.busy, default=None)
    return least if least is not None and least.busy >= BUSY else None
