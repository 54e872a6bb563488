"""Looks at what is due in 12 hours, and again in one: a post that could not go out then is told
of while there is time to mend it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from postguard.errors import LoggedOut, PostguardError
from postguard.language import _
from postguard.model import Delivery, Rendition
from postguard.ports import Network

log = logging.getLogger(__name__)

HOURS = (1, 12)  # before the due time; the nearest first
SOON = timedelta(minutes=5)  # nothing can be mended any more
_GOOD_FOR = timedelta(hours=1)  # a login that worked is not tried again at once


class Foretelling(Protocol):
    """Which deliveries were looked at, as rows."""

    def unforetold(self, now: datetime, hours: int, soon: timedelta) -> Sequence[Delivery]:
        """Return what is due within so many hours and was not looked at since then."""
        ...

    def foretell(self, delivery: Delivery, hours: int, told: str, now: datetime) -> None:
        """Note that it was looked at, and what is in its way, if anything."""
        ...


class Surroundings(Protocol):
    """What a delivery needs, as the composition root knows it."""

    def alone(self, account: str) -> AbstractContextManager[bool]:
        """Keep senders off an account for a while; False: one is at work there."""
        ...

    def network(self, delivery: Delivery) -> Network:
        """Return where this delivery goes. Raises Refused."""
        ...

    def let_go(self, delivery: Delivery, now: datetime) -> bool:
        """Return whether the post's pictures are still those that were protected; False: they are
        protected anew, or the post is held."""
        ...

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        """Return the files to send. Raises Refused or OSError."""
        ...

    def room(self) -> str:
        """Return what is wrong with the room on the disk; empty: nothing."""
        ...

    def why_logged_out(self, account: str) -> str:
        """Return why the account waits for a login; empty: it does not."""
        ...

    def logged_out(self, account: str, why: str) -> None:
        """Remember that the account needs a login."""
        ...


@dataclass(slots=True)
class Preflight:
    """Asks each account once for all its posts that come up."""

    rows: Foretelling
    to: Surroundings
    _worked: dict[str, datetime] = field(default_factory=dict)

    def look(self, now: datetime) -> int:
        """Look at what comes up, tell what is in its way; return how many were looked at."""
        return sum(self._stage(hours, now) for hours in HOURS)

    def _stage(self, hours: int, now: datetime) -> int:
        found = self.rows.unforetold(now, hours, SOON)
        of_account = sorted(found, key=lambda delivery: delivery.account)
        for account, deliveries in groupby(of_account, key=lambda delivery: delivery.account):
            with self.to.alone(account) as free:
                if free:  # else what is found would be no news; it is looked at again soon
                    self._look_at(account, list(deliveries), hours, now)
        return len(found)

    def _look_at(
        self, account: str, deliveries: Sequence[Delivery], hours: int, now: datetime
    ) -> None:
        shared = [told for told in (self.to.room(), self._login(deliveries[0], now)) if told]
        for delivery in deliveries:
            if not self.to.let_go(delivery, now):
                continue  # it is looked at once more when it is
            told = "; ".join([*shared, *self._own(delivery, reached=not shared)])
            if told:
                told = _("it is due within {hours} h and could not go out now: {told}").format(
                    hours=hours, told=told
                )
                log.warning("post %d to %s: %s", delivery.post_id, account, told)
            self.rows.foretell(delivery, hours, told, now)

    def _login(self, delivery: Delivery, now: datetime) -> str:
        """Return what is wrong with the account's login or its server; empty: nothing."""
        account = delivery.account
        if why := self.to.why_logged_out(account):
            return _("{account} is logged out: {why}").format(account=account, why=why)
        if abs(now - self._worked.get(account, now - 2 * _GOOD_FOR)) < _GOOD_FOR:
            return ""
        try:
            self.to.network(delivery).check()
        except LoggedOut as exc:
            self.to.logged_out(account, str(exc))
            return _("{account} is logged out: {exc}").format(account=account, exc=exc)
        except PostguardError as exc:
            return str(exc)
        self._worked[account] = now
        return ""

    def _own(self, delivery: Delivery, *, reached: bool) -> list[str]:
        """Return what is wrong with this delivery itself: its files, and what its server takes.

        `reached`: the server answers, so that its limits can be asked.
        """
        try:
            renditions = self.to.renditions(delivery)
            gone = [r.path.name for r in renditions if not r.path.is_file()]
            if gone:
                return [
                    _("the protected picture {gone} is gone from its folder").format(gone=gone[0])
                ]
            if not reached:
                return []
            network = self.to.network(delivery)
            return network.objections(delivery.words, len(renditions), network.limits())
        except (PostguardError, OSError) as exc:
            return [str(exc)]
