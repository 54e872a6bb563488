"""Gives deliveries their times: what was asked for, free slots, the distance to other posts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Late
from postguard.ports import Attempts, Deliveries, Plans
from postguard.publish import schedule
from postguard.publish.schedule import Due

log = logging.getLogger(__name__)

_A_MOMENT = timedelta(seconds=1)
_AGO = {
    timedelta(days=1): marked("{count} days ago"),
    timedelta(hours=1): marked("{count} hours ago"),
    timedelta(minutes=1): marked("{count} minutes ago"),
}


@dataclass(frozen=True, slots=True)
class Timing:
    """When one account posts: its slots, the zone, and its rules or those of `[schedule]`.

    Attributes:
        spacing: the least time between two of its posts.
        jitter: the most that a slot is moved by.
    """

    rules: Sequence[schedule.SlotRule]
    zone: ZoneInfo
    grace: timedelta
    max_late: timedelta
    if_later: Late
    spacing: timedelta = timedelta(0)
    jitter: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans what is protected, and anew what cannot go at its time.

    Attributes:
        timing: returns when an account posts; asked anew each time, since settings change.
    """

    deliveries: Deliveries
    attempts: Attempts
    plans: Plans
    timing: Callable[[str], Timing]

    def plan(self, now: datetime) -> int:
        """Give each waiting delivery its due time; return how many were looked at. One that asks
        for what cannot be read is held, and keeps no other waiting."""
        waiting = self.deliveries.unplanned()
        for delivery in waiting:
            try:
                self._plan(delivery, delivery.asked, now)
            except (schedule.Unreadable, OverflowError):
                log.warning("post %d for %s asks for no time", delivery.post_id, delivery.account)
                self.attempts.hold(delivery.id, _no_time(delivery), now)
        return len(waiting)

    def too_late(self, delivery: Delivery, now: datetime) -> bool:
        """Apply the lateness policy to a delivery of which nothing was sent; True: not now."""
        assert delivery.planned_at is not None  # the claim only returns planned ones
        timing = self.timing(delivery.account)
        late = schedule.lateness(delivery.planned_at, now, timing.max_late, timing.if_later)
        if late.act is Late.POST:
            return False
        if late.act is Late.NEXT_SLOT and timing.rules:
            self._plan(delivery, "slot", now)
            return True
        reason = _(
            "its time passed {ago}: it was over already, or the PC was off or asleep then, or its "
            "account paused or out of reach; `postguard retry {post_id}` posts it now"
        ).format(ago=_ago(late.by), post_id=delivery.post_id)
        self.attempts.hold(delivery.id, reason, now)
        return True

    def too_near(self, delivery: Delivery, now: datetime) -> bool:
        """Move a delivery whose time has come, but so soon behind the account's last post; True:
        not now. Those that are due as well wait for this one, not it for them."""
        spacing = self.timing(delivery.account).spacing
        if not spacing or delivery.dry_run:
            return False
        free = schedule.spaced(now, self._went_out(delivery, now - spacing, now), spacing)
        if free <= now:
            return False
        planned = self.plans.planned(delivery.account, now, delivery.id)
        free = schedule.spaced(free, (at for at in planned if at > now), spacing)
        if delivery.state is DeliveryState.UNSURE:
            why = _(
                "what was sent is not there; it is sent again, but not so near to another post"
            )
            self.attempts.put_back(delivery.id, DeliveryState.UNSURE, free, why, now)
        else:
            self.deliveries.schedule(delivery.id, free, delivery.slot, now)
        return True

    def _plan(self, delivery: Delivery, asked: str, now: datetime) -> None:
        timing, earliest = self.timing(delivery.account), delivery.not_before
        behind = now if earliest is None else max(now, earliest - _A_MOMENT)
        slot = partial(free_slot, self.plans, delivery.account, timing, behind)
        # A page on this PC is nothing to think twice about.
        grace = timedelta(0) if delivery.dry_run else timing.grace
        while True:
            due = schedule.plan(asked, now, grace=grace, slot=slot)
            due = schedule.jittered(due, timing.jitter, delivery.id)
            at = max(due.at, earliest or due.at)
            at = self._spaced(delivery, at, timing.spacing, now)
            if self.deliveries.schedule(delivery.id, at, due.slot, now):
                return

    def _spaced(
        self, delivery: Delivery, at: datetime, spacing: timedelta, now: datetime
    ) -> datetime:
        """Return the first time from `at` on that keeps the account's distance to its posts, to
        those that went out and to those that are planned."""
        if not spacing or delivery.dry_run:
            return at
        at = schedule.spaced(at, self._went_out(delivery, at - spacing, now), spacing)
        planned = self.plans.planned(delivery.account, at - spacing, delivery.id)
        return schedule.spaced(at, planned, spacing)

    def _went_out(self, delivery: Delivery, since: datetime, now: datetime) -> list[datetime]:
        """Return when other posts of the account went out; at the latest now, since a clock that
        ran ahead for a while must not keep the account silent until then."""
        found = self.plans.went_out(delivery.account, since, delivery.id)
        return [min(at, now) for at in found]


def free_slot(
    plans: Plans, account: str, timing: Timing, behind: datetime, key: str
) -> Due | None:
    """Return the first slot behind a time, and from a key on, that no post of the account uses."""
    first = next(schedule.free_slots(timing.rules, behind, timing.zone), None)
    if first is None or first.slot is None:
        return None
    found = plans.free_slot(
        account,
        max(first.slot, key),
        schedule.written(timing.rules),
        partial(schedule.slot_keys, timing.rules),
    )
    return None if found is None else schedule.slot_at(found, timing.zone)


def _no_time(delivery: Delivery) -> str:
    return _(
        'the time that it asks for, "{asked}", cannot be read or lies too far ahead; '
        "`postguard move {post_id} slot`, or a day and time in place of `slot`, gives "
        "it another, and `postguard release {post_id}` lets it go on"
    ).format(asked=delivery.asked, post_id=delivery.post_id)


def _ago(by: timedelta) -> str:
    for one, said in _AGO.items():
        if by >= 2 * one:
            return _(said).format(count=by // one)
    return _("just now")
