"""The send protocol: claim, store the plan, send, store the receipt; ask before sending again.

At most one post, never none: whatever cuts this off, the next start finds a stored plan and asks
the network for its post before anything is sent a second time.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from postguard.errors import Held, LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.language import _
from postguard.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Draft,
    Receipt,
    Rendition,
)
from postguard.ports import Attempts, Deliveries, Network
from postguard.publish import doubt, linking, schedule
from postguard.publish.doubt import Doubts
from postguard.publish.lanes import Lanes
from postguard.publish.pacing import Pacing
from postguard.publish.planning import Planning

log = logging.getLogger(__name__)

# Waits double from half a minute to an hour, so this many tries are a day.
_MOST_TRIES = 30
_EVER = datetime.min.replace(tzinfo=UTC)


class Publishing(Protocol):
    """What the publisher is given by the composition root; looked up anew at every tick."""

    def accounts(self) -> Sequence[str]:
        """Return the accounts that may post now: neither paused, waiting nor logged out."""
        ...

    def dry_only(self) -> Sequence[str]:
        """Return the accounts that wait for a login or for their server, which a dry run needs
        not."""
        ...

    def network(self, delivery: Delivery) -> Network:
        """Return where this delivery goes (the preview, for a dry run)."""
        ...

    def let_go(self, delivery: Delivery, now: datetime) -> bool:
        """Return whether the post's pictures are still those that were protected; False: not so,
        and this claimed delivery was left."""
        ...

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        """Return the files to send, in order."""
        ...

    def logged_out(self, account: str, why: str) -> None:
        """Remember that the account needs a login."""
        ...


@dataclass(frozen=True, slots=True)
class Publisher:
    """Plans what is protected and sends what is due. Several threads may send with one.

    Attributes:
        clock: tells when a try has ended, which may be minutes after its tick.
        awake: keeps the PC from falling asleep while something is sent.
    """

    deliveries: Deliveries
    attempts: Attempts
    planning: Planning
    to: Publishing
    pacing: Pacing
    jitter: Callable[[], float] = random.random
    clock: Callable[[], datetime] = lambda: _EVER
    lanes: Lanes = field(default_factory=Lanes)
    awake: Callable[[], AbstractContextManager[None]] = nullcontext

    def plan(self, now: datetime) -> int:
        """Give each waiting delivery its due time; return how many."""
        return self.planning.plan(now)

    def send_one(self, now: datetime) -> bool:
        """Send the delivery that has been due longest, of those accounts that nobody is sending
        to; False when none is due."""
        with self.lanes.claimed(lambda busy: self._claim(busy, now)) as delivery:
            if delivery is not None:
                with self.awake():
                    self._send(delivery, now)
        return delivery is not None

    def _claim(self, busy: Collection[str], now: datetime) -> Delivery | None:
        """Claim for the accounts that are free. What still is claimed of these was cut off by a
        crash, or by a row that could not be written."""
        self.attempts.recover(now, busy)
        accounts = [name for name in self.to.accounts() if name not in busy]
        dry_only = [name for name in self.to.dry_only() if name not in busy]
        return self.attempts.claim(now, accounts, dry_only)

    def _send(self, delivery: Delivery, now: datetime) -> None:
        try:
            self._deliver(delivery, now)
        except linking.NotYet as exc:
            self.attempts.postpone(delivery.id, exc.until, str(exc), now, anew=exc.anew)
        except _Unread as exc:
            self._again(delivery, _as_before(delivery), exc, now)
        except Retryable as exc:
            self._failed(delivery, _as_before(delivery), exc, self._after(now))
        except Unsure as exc:
            self._failed(delivery, DeliveryState.UNSURE, exc, self._after(now))
        except LoggedOut as exc:
            self.to.logged_out(delivery.account, str(exc))
            self._wait_for_login(delivery, exc, now)
        except Held as exc:
            log.warning("post %d is held: %s: %s", delivery.post_id, delivery.account, exc)
            stands = isinstance(exc, Refused) and exc.stands
            self.attempts.hold(delivery.id, str(exc), self._after(now), sure=not stands)
        except Exception as exc:
            # Whatever broke, nothing looks at a delivery that stays claimed.
            begun = self.attempts.last(delivery.id) is not None
            state = DeliveryState.UNSURE if begun else DeliveryState.SCHEDULED
            self._again(delivery, state, exc, self._after(now))
            raise

    def _deliver(self, delivery: Delivery, now: datetime) -> None:
        earlier = self.attempts.last(delivery.id)
        nothing_sent = earlier is None or earlier.in_vain
        if nothing_sent and self.planning.too_late(self.pacing.excused(delivery, now), now):
            return
        if nothing_sent and self.planning.too_near(delivery, now):
            return
        if nothing_sent and not self.to.let_go(delivery, now):
            return
        draft, network = self._draft(delivery, earlier, now), self.to.network(delivery)
        if nothing_sent:
            Doubts(self.deliveries, network).let_end(delivery, now)
        if not self.pacing.may_go(delivery, len(draft.renditions), now):
            self.attempts.leave(delivery.id)
            return
        if earlier is not None and not earlier.in_vain:
            if self._may_be_there(delivery, network, draft, earlier, now):
                return
            if self.planning.too_near(delivery, now):
                return
        _check(network, draft)
        attempt = self._attempt(delivery, network, draft, earlier, now)
        self._finish(delivery, network.send(draft, attempt.plan), now)

    def _may_be_there(
        self,
        delivery: Delivery,
        network: Network,
        draft: Draft,
        earlier: Attempt,
        now: datetime,
    ) -> bool:
        """Look for the post of an earlier try whose outcome is not known. True: nothing is to be
        sent now, since it is there or may still come. Raises Refused where only the artist can
        tell."""
        doubts = Doubts(self.deliveries, network)
        if receipt := doubts.found(delivery, draft, earlier, now):
            self._finish(delivery, receipt, now, "there already")
            return True
        self.pacing.worked(delivery)
        match doubt.verdict(earlier, network.limits(), now):
            case doubt.Wait(until):
                why = _("what was sent is not there, but may still come; looking again")
                self.attempts.put_back(delivery.id, DeliveryState.UNSURE, until, why, now)
                return True
            case doubt.Hold():
                raise Refused(doubt.look_yourself(delivery), stands=True)
            case doubt.SendAgain():
                return False

    def _finish(
        self, delivery: Delivery, receipt: Receipt, now: datetime, how: str = "posted"
    ) -> None:
        self.attempts.finish(delivery.id, receipt, self._after(now))
        self.pacing.worked(delivery)
        done = "drawn, not posted (dry run)" if receipt.is_page else how
        log.info("post %d for %s: %s: %s", delivery.post_id, delivery.account, done, receipt.url)

    def _after(self, now: datetime) -> datetime:
        """Return the time after a try that began at `now`."""
        return max(now, self.clock())

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
        if earlier is not None and again:
            return self.attempts.begin(delivery.id, earlier.plan, now)
        plan = linking.kept_in(network.plan(draft, now), draft)
        return self.attempts.begin(delivery.id, plan, now)

    def _draft(self, delivery: Delivery, earlier: Attempt | None, now: datetime) -> Draft:
        max_late = self.planning.timing(delivery.account).max_late
        if earlier is None or earlier.in_vain:
            joined = linking.join(delivery, self.deliveries, now, max_late)
        else:
            joined = linking.kept(earlier.plan)
        if joined.without and earlier is None:
            log.warning("post %d to %s: %s", delivery.post_id, delivery.account, joined.without)
            self.deliveries.tell(delivery, joined.without, now)
        try:
            renditions = self.to.renditions(delivery)
        except OSError as exc:
            raise _Unread(
                _("the protected picture cannot be read: {exc}").format(exc=exc)
            ) from exc
        return Draft(
            *(delivery.words, renditions, delivery.post_id, delivery.account),
            reply_to=joined.reply_to,
            link=joined.link,
        )

    def _failed(
        self, delivery: Delivery, state: DeliveryState, exc: Exception, now: datetime
    ) -> None:
        """The server did not do its part: try again later, and spare it where it goes on so."""
        after = exc.after if isinstance(exc, Retryable) else None
        self.pacing.failed(delivery, after, now)
        self._again(delivery, state, exc, now)

    def _again(
        self, delivery: Delivery, state: DeliveryState, exc: Exception, now: datetime
    ) -> None:
        after = exc.after if isinstance(exc, Retryable) else None
        at = schedule.next_try(now, delivery.tries, after, self.jitter())
        why = _in_words(exc)
        if delivery.tries >= _MOST_TRIES:
            reason = _("given up after {tries} tries: {why}").format(tries=delivery.tries, why=why)
            self.attempts.hold(delivery.id, reason, now, sure=False)
            return
        log.warning(
            "post %d to %s is tried again %s: %s", delivery.post_id, delivery.account, at, why
        )
        self.attempts.put_back(delivery.id, state, at, why, now)

    def _wait_for_login(self, delivery: Delivery, exc: LoggedOut, now: datetime) -> None:
        log.warning("%s is logged out: %s", delivery.account, exc)
        at = delivery.due_at or now
        self.attempts.put_back(delivery.id, _as_before(delivery), at, str(exc), now)


class _Unread(Retryable):
    """This PC, not the server, could not do its part."""


def _check(network: Network, draft: Draft) -> None:
    """Raise Refused where the network cannot give what was asked: since the words were taken in,
    the account may have moved and the server may have changed."""
    if found := network.objections(draft.words, len(draft.renditions), network.limits()):
        raise Refused("; ".join(found))


def _in_words(exc: Exception) -> str:
    """Return what an error tells the artist; a foreign one is not shown, only named."""
    if isinstance(exc, PostguardError):
        return str(exc)
    return _("postguard itself broke here ({name}); please report it").format(
        name=type(exc).__name__
    )


def _as_before(delivery: Delivery) -> DeliveryState:
    """Return the state of a delivery whose last try posted nothing: an earlier one still may."""
    unsure = delivery.state is DeliveryState.UNSURE
    return DeliveryState.UNSURE if unsure else DeliveryState.SCHEDULED
