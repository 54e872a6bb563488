"""What becomes of a delivery whose write may have happened and which the network does not show.

Not seen is not the same as not there: the request may still be on its way, or being worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postguard.errors import Refused
from postguard.language import _
from postguard.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Draft,
    Limits,
    Receipt,
    Words,
    body,
)
from postguard.ports import Deliveries, Network
from postguard.publish.linking import NotYet

# The longest that a request whose answer was lost can take to become a post: the PC goes on
# sending a closed connection's bytes for two minutes, a proxy keeps them for one before it gives
# its server up, and the server may work for another on what it has begun. A minute on top.
SETTLE = timedelta(minutes=5)
# A key is stored when its post is made, so two requests at once make two posts (mastodon#21840):
# one that the server works on at this moment is given the time to end.
IN_WORK = timedelta(seconds=15)
# Mastodon forgets a key an hour after its post was made; what is on its way needs the rest.
KEY_IS_KNOWN = timedelta(minutes=55)
_CLOCKS_DIFFER = timedelta(days=1)  # at most: a server's and this PC's
_A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The same plan is sent again: either nothing came of it, or the network knows its key."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It is looked for again at `until`: what was sent may still become a post."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Only the artist can tell: this network would make a second post of a repeated request."""


Verdict = SendAgain | Wait | Hold


def alike(delivery: Delivery, doubtful: Sequence[Delivery]) -> list[Delivery]:
    """Return those posts in doubt that nobody could tell from this one by what stands there."""
    return [
        other
        for other in doubtful
        if other.id != delivery.id and _shown(other.words) == _shown(delivery.words)
    ]


def _shown(words: Words) -> tuple[str, str, tuple[str, ...]]:
    return body(words), words.cw, words.alts


def verdict(attempt: Attempt, limits: Limits, now: datetime) -> Verdict:
    """Decide about a delivery whose post was looked for at `now` and not found.

    Args:
        attempt: the newest one; its outcome, or that of one before it, is not known.
    """
    first = attempt.started_at if attempt.first_at is None else attempt.first_at
    # By a clock that was set back it began in the future: nobody knows how old its key is.
    known = limits.once and timedelta(0) <= now - first < KEY_IS_KNOWN
    # One that was cut off ended at some time up to now. One that ended in the future did so by a
    # clock that was wrong: neither may make the wait shorter, nor longer than a whole one.
    ended = now if attempt.ended_at is None else min(attempt.ended_at, now)
    quiet = ended + (IN_WORK if known else SETTLE)
    if now < quiet:
        return Wait(quiet)
    return SendAgain() if limits.once or attempt.looked_for else Hold()


@dataclass(frozen=True, slots=True)
class Doubts:
    """What may stand on an account's network, though no answer said so."""

    deliveries: Deliveries
    network: Network

    def found(
        self, delivery: Delivery, draft: Draft, earlier: Attempt, now: datetime
    ) -> Receipt | None:
        """Look for the post of an earlier try whose outcome is not known. Raises Refused where
        only the artist can tell whether it is the one that stands there."""
        since = min(earlier.first_at or earlier.started_at, now) - _CLOCKS_DIFFER
        taken = self.deliveries.taken_uris(delivery.account, since)
        receipt = self.network.find(draft, earlier.plan, taken)
        if receipt is None:
            return None
        others = self._alike(delivery)
        if others and not earlier.looked_for:
            raise Refused(_which(delivery, others[0], receipt), stands=True)
        return receipt

    def let_end(self, delivery: Delivery, now: datetime) -> None:
        """Raise NotYet while a post that looks the same is in doubt: of two such, nobody could
        say which one stands there."""
        for other in self._alike(delivery):
            if other.state is DeliveryState.UNSURE:
                why = _(
                    "post {post_id} has the same words and may be there already: this one waits "
                    "until that is known"
                ).format(post_id=other.post_id)
                raise NotYet((other.due_at or now) + _A_MOMENT, why, anew=True)

    def _alike(self, delivery: Delivery) -> list[Delivery]:
        """Return the account's other posts in doubt that only their pictures tell from this."""
        if delivery.dry_run or self.network.limits().named:
            return []
        return alike(delivery, self.deliveries.in_doubt(delivery.account))


def look_yourself(delivery: Delivery) -> str:
    """Return what a delivery is held with whose outcome nobody but the artist can find out."""
    return _(
        "the server of {account} did not say whether it took the post, and does not show it; it "
        "would make a second post of it if it were sent again. Look at the account: if the post "
        "is not there, `postguard retry {post_id}` sends it; if it is, nothing needs to be done"
    ).format(account=delivery.account, post_id=delivery.post_id)


def _which(delivery: Delivery, other: Delivery, receipt: Receipt) -> str:
    return _(
        "{url} is this post or post {post_id}, whose words are the same and whose answer was "
        "lost as well. Look which picture stands there, and say `postguard retry` with its "
        "number first ({own} or {post_id}), then with the other's, which is sent "
        "where it is missing"
    ).format(url=receipt.url, post_id=other.post_id, own=delivery.post_id)
