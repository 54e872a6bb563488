"""The send protocol: claim, store the plan, send, store the receipt; ask before sending again.

At most one post, never none: whatever cuts this off, the next start finds a stored plan and asks
the network for its post before anything is sent a second time.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from postguard.errors import Held, LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Draft,
    Late,
    Rendition,
)
from postguard.ports import Deliveries, Network
from postguard.publish import schedule
from postguard.publish.schedule import Due

log = logging.getLogger(__name__)

# Waits double from half a minute to an hour, so this many tries are a day.
_MOST_TRIES = 30


@dataclass(frozen=True, slots=True)
class Timing:
    """When one account posts: its slots, the zone, and the rules of `[schedule]`."""

    rules: Sequence[schedule.SlotRule]
    zone: ZoneInfo
    grace: timedelta
    max_late: timedelta
    if_later: Late


class Publishing(Protocol):
    """What the publisher is given by the composition root; looked up anew at every tick."""

    def accounts(self) -> Sequence[str]:
        """Return the accounts that may post now: neither paused nor logged out."""
        ...

    def dry_only(self) -> Sequence[str]:
        """Return the accounts that wait for nothing but a login, which a dry run needs not."""
        ...

    def network(self, delivery: Delivery) -> Network:
        """Return where this delivery goes (the preview, for a dry run)."""
        ...

    def timing(self, account: str) -> Timing:
        """Return when this account posts."""
        ...

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        """Return the files to send, in order."""
        ...

    def logged_out(self, account: str, why: str) -> None:
        """Remember that the account needs a login."""
        ...


@dataclass(frozen=True, slots=True)
class Publisher:
    """Plans what is protected and sends what is due."""

    deliveries: Deliveries
    to: Publishing
    jitter: Callable[[], float] = random.random

    def plan(self, now: datetime) -> int:
        """Give each waiting delivery its due time; return how many."""
        waiting = self.deliveries.unplanned()
        slots = {account: self._slots(account, now) for account in {d.account for d in waiting}}
        for delivery in waiting:
            self._plan(delivery, delivery.asked, now, slots[delivery.account])
        return len(waiting)

    def send_one(self, now: datetime) -> bool:
        """Send the delivery that has been due longest; False when none is due."""
        delivery = self.deliveries.claim(now, self.to.accounts(), self.to.dry_only())
        if delivery is None:
            return False
        try:
            self._deliver(delivery, now)
        except Retryable as exc:
            self._again(delivery, DeliveryState.SCHEDULED, exc, now)
        except Unsure as exc:
            self._again(delivery, DeliveryState.UNSURE, exc, now)
        except LoggedOut as exc:
            self.to.logged_out(delivery.account, str(exc))
            self._wait_for_login(delivery, exc, now)
        except Held as exc:
            log.warning("post %d is held: %s: %s", delivery.post_id, delivery.account, exc)
            stands = isinstance(exc, Refused) and exc.stands
            self.deliveries.hold(delivery.id, str(exc), now, sure=not stands)
        except Exception as exc:
            # Whatever broke, nothing looks at a delivery that stays claimed.
            begun = self.deliveries.last_attempt(delivery.id) is not None
            state = DeliveryState.UNSURE if begun else DeliveryState.SCHEDULED
            self._again(delivery, state, exc, now)
            raise
        return True

    def _slots(self, account: str, now: datetime) -> Iterator[Due]:
        """Yield the slots of an account that no post of it uses."""
        timing = self.to.timing(account)
        taken = self.deliveries.taken_slots(account, now - timedelta(days=2))
        return schedule.free_slots(timing.rules, now, timing.zone, taken)

    def _plan(self, delivery: Delivery, asked: str, now: datetime, slots: Iterator[Due]) -> None:
        grace = self.to.timing(delivery.account).grace
        while True:
            due = schedule.plan(asked, now, grace=grace, slots=slots)
            if self.deliveries.schedule(delivery.id, due.at, due.slot, now):
                return

    def _deliver(self, delivery: Delivery, now: datetime) -> None:
        earlier = self.deliveries.last_attempt(delivery.id)
        nothing_sent = earlier is None or earlier.in_vain
        if nothing_sent and self._too_late(delivery, now):
            return
        network = self.to.network(delivery)
        draft = self._draft(delivery)
        if earlier is not None and (receipt := network.find(draft, earlier.plan)):
            log.info("post %d was there already: %s", delivery.post_id, receipt.url)
            self.deliveries.finish(delivery.id, receipt, now)
            return
        _check(network, draft)
        attempt = self._attempt(delivery, network, draft, earlier, now)
        receipt = network.send(draft, attempt.plan)
        self.deliveries.finish(delivery.id, receipt, now)
        done = "drawn, not posted (dry run)" if delivery.dry_run else "posted"
        log.info("post %d for %s: %s: %s", delivery.post_id, delivery.account, done, receipt.url)

    def _attempt(
        self,
        delivery: Delivery,
        network: Network,
        draft: Draft,
        earlier: Attempt | None,
        now: datetime,
    ) -> Attempt:
        """Store the plan before sending. An earlier plan is sent again as it was: should a lost
        request of it still arrive, both are the same post to the network. Where none can, the
        plan is made anew: it holds the time that the post is dated with."""
        again = earlier is not None and not earlier.in_vain
        plan = dict(earlier.plan) if earlier and again else network.plan(draft, now)
        return self.deliveries.begin(delivery.id, plan, now)

    def _draft(self, delivery: Delivery) -> Draft:
        try:
            renditions = self.to.renditions(delivery)
        except OSError as exc:
            raise Retryable(f"the protected picture cannot be read: {exc}") from exc
        return Draft(delivery.words, renditions, delivery.post_id, delivery.account)

    def _too_late(self, delivery: Delivery, now: datetime) -> bool:
        """Apply the lateness policy to a delivery of which nothing was sent; True: not now."""
        assert delivery.planned_at is not None  # the claim only returns planned ones
        timing = self.to.timing(delivery.account)
        late = schedule.lateness(delivery.planned_at, now, timing.max_late, timing.if_later)
        if late.act is Late.POST:
            return False
        if late.act is Late.NEXT_SLOT and timing.rules:
            self._plan(delivery, "slot", now, self._slots(delivery.account, now))
            return True
        hours = late.by.total_seconds() / 3600
        reason = (
            f"its time passed {hours:.1f} hours ago while the PC was off or asleep, or its "
            "account paused or out of reach; "
            f"`postguard retry {delivery.post_id}` posts it now"
        )
        self.deliveries.hold(delivery.id, reason, now)
        return True

    def _again(
        self, delivery: Delivery, state: DeliveryState, exc: Exception, now: datetime
    ) -> None:
        after = exc.after if isinstance(exc, Retryable) else None
        at = schedule.next_try(now, delivery.tries, after, self.jitter())
        why = _in_words(exc)
        if delivery.tries >= _MOST_TRIES:
            reason = f"given up after {delivery.tries} tries: {why}"
            self.deliveries.hold(delivery.id, reason, now, sure=False)
            return
        log.warning("post %d to %s: %s; next try %s", delivery.post_id, delivery.account, why, at)
        self.deliveries.put_back(delivery.id, state, at, why, now)

    def _wait_for_login(self, delivery: Delivery, exc: LoggedOut, now: datetime) -> None:
        log.warning("%s is logged out: %s", delivery.account, exc)
        unsure = delivery.state is DeliveryState.UNSURE
        state = DeliveryState.UNSURE if unsure else DeliveryState.SCHEDULED
        self.deliveries.put_back(delivery.id, state, delivery.due_at or now, str(exc), now)


def _check(network: Network, draft: Draft) -> None:
    """Raise Refused where the network cannot give what was asked: since the words were taken in,
    the account may have moved and the server may have changed."""
    if found := network.objections(draft.words, len(draft.renditions), network.limits()):
        raise Refused("; ".join(found))


def _in_words(exc: Exception) -> str:
    """Return what an error tells the artist; a foreign one is not shown, only named."""
    if isinstance(exc, PostguardError):
        return str(exc)
    return f"postguard itself broke here ({type(exc).__name__}); please report it"
