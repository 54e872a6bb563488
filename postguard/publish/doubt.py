"""What becomes of a delivery whose write may have happened and which the network does not show.

Not seen is not the same as not there: the request may still be on its way, or being worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postguard.model import Attempt, Delivery, Limits, Words, body

# The longest that a request whose answer was lost can take to become a post: the PC goes on
# sending a closed connection's bytes for two minutes, a proxy keeps them for one before it gives
# its server up, and the server may work for another on what it has begun. A minute on top.
SETTLE = timedelta(minutes=5)
# A key is stored when its post is made, so two requests at once make two posts (mastodon#21840):
# one that the server works on at this moment is given the time to end.
IN_WORK = timedelta(seconds=15)
# Mastodon forgets a key an hour after its post was made; what is on its way needs the rest.
KEY_IS_KNOWN = timedelta(minutes=55)


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
