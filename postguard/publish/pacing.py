"""Waits of whole accounts: the server asked for it, it fails, or its allowance would be used up.

The deliveries keep their times; an account that waits is simply not among those that may post.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from postguard.model import Delivery
from postguard.publish import breaker, budget

log = logging.getLogger(__name__)


class Waits(Protocol):
    """The waits of accounts, as rows."""

    def wait(self, name: str, until: datetime) -> None:
        """Let nothing be sent to the account before `until`."""
        ...

    def failed(self, name: str) -> int:
        """Count a failure of its server; return how many there were in a row."""
        ...

    def worked(self, name: str) -> None:
        """Its server answers: forget its failures."""
        ...

    def asked_to_wait(self, name: str) -> datetime | None:
        """Return the end of the last wait that was no failure of its server."""
        ...


class Spending(Protocol):
    """What was spent of the servers' allowances, as rows."""

    def spend(self, account: str, cost: budget.Cost, now: datetime) -> None:
        """Note it, before it is spent."""
        ...

    def spent(
        self, account: str, kinds: Collection[str], since: datetime, now: datetime
    ) -> budget.Spent:
        """Return what was spent since then, by kind; nothing of it later than now."""
        ...


@dataclass(frozen=True, slots=True)
class Pacing:
    """Keeps each account ahead of what its server allows, and off a server that fails.

    Attributes:
        network_of: names the network that a delivery goes to.
    """

    waits: Waits
    spending: Spending
    network_of: Callable[[Delivery], str]
    jitter: Callable[[], float] = random.random

    def may_go(self, delivery: Delivery, images: int, now: datetime) -> bool:
        """Spend what a try costs; where that is not there, let the account wait."""
        network = self.network_of(delivery)
        cost = budget.cost(network, delivery.words, images)
        if not cost:
            return True
        since = now - budget.LONGEST
        spent = self.spending.spent(delivery.account, cost.keys(), since, now)
        wait = budget.wait(spent, cost, budget.ALLOWANCES[network], now)
        if wait > timedelta(0):
            log.info("%s waits %s: its server takes no more for now", delivery.account, wait)
            self.waits.wait(delivery.account, now + wait)
            return False
        self.spending.spend(delivery.account, cost, now)
        return True

    def failed(self, delivery: Delivery, after: timedelta | None, now: datetime) -> None:
        """A try did not get through. `after`: the wait that the server asked for, if it did."""
        if delivery.dry_run:
            return
        name, wait = delivery.account, after
        if wait is None:
            wait = breaker.wait(self.waits.failed(name), self.jitter())
        if wait is None:
            return
        log.warning("%s: nothing is sent to it for %s", name, wait)
        self.waits.wait(name, now + min(wait, budget.LONGEST))

    def worked(self, delivery: Delivery) -> None:
        """A try got through."""
        if not delivery.dry_run:
            self.waits.worked(delivery.account)

    def excused(self, delivery: Delivery, now: datetime) -> Delivery:
        """Return the delivery as its lateness is to be seen: what it had to wait so as not to be
        too much for its server is nobody's sleep and nobody's outage."""
        waited = self.waits.asked_to_wait(delivery.account)
        planned = delivery.planned_at
        if waited is None or planned is None or not planned < waited <= now:
            return delivery
        return replace(delivery, planned_at=waited)
