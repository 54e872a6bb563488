"""The daemon's look ahead: what is due soon and could not go out is told before it is late."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from postguard.app.installation import Installation
from postguard.app.originals import Originals
from postguard.language import _
from postguard.model import Delivery, Rendition
from postguard.ports import Network
from postguard.publish.lanes import Lanes
from postguard.publish.preflight import Preflight
from postguard.store.foretelling import ForetellingRows

_EVERY = timedelta(minutes=5)
_LITTLE = 200_000_000  # bytes; the database, a copy of the pictures, and something to spare


@dataclass(slots=True)
class LookingAhead:
    """Looks every few minutes at what comes up.

    Attributes:
        lanes: an account is not asked while something is sent to it.
    """

    installation: Installation
    lanes: Lanes
    originals: Originals
    name: str = "looking ahead"
    _preflight: Preflight = field(init=False)
    _looked: datetime | None = None

    def __post_init__(self) -> None:
        store = self.installation.store
        rows = ForetellingRows(store.db, store.deliveries)
        self._preflight = Preflight(rows, _Outside(self.installation, self.lanes, self.originals))

    def tick(self, now: datetime) -> bool:
        """Look when it is time."""
        if self._looked is not None and abs(now - self._looked) < _EVERY:
            return False
        self._looked = now
        self._preflight.look(now)
        return False

    def next_look(self, now: datetime) -> datetime | None:
        """Return when it is time again."""
        return now if self._looked is None else self._looked + _EVERY


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the look ahead is given; see `preflight.Surroundings`."""

    installation: Installation
    lanes: Lanes
    originals: Originals

    def alone(self, account: str) -> AbstractContextManager[bool]:
        """Keep senders off an account for a while; False: one is at work there."""
        return self.lanes.alone(account)

    def network(self, delivery: Delivery) -> Network:
        """Return where this delivery goes."""
        return self.installation.accounts.of_delivery(delivery)

    def let_go(self, delivery: Delivery, now: datetime) -> bool:
        """Return whether the post's pictures are still those that were protected."""
        return self.originals.let_go(delivery.post_id, now)

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        """Return the files to send."""
        return self.installation.renditions(delivery)

    def room(self) -> str:
        """Return what is wrong with the room on the disk; empty: nothing."""
        free = shutil.disk_usage(self.installation.home.state).free
        if free >= _LITTLE:
            return ""
        return _("only {free:.0f} MB are free on the disk; free some room").format(free=free / 1e6)

    def why_logged_out(self, account: str) -> str:
        """Return why the account waits for a login; empty: it does not."""
        return self.installation.store.accounts.logged_out().get(account, "")

    def logged_out(self, account: str, why: str) -> None:
        """Remember that the account needs a login."""
        self.installation.accounts.logged_out(account, why)
