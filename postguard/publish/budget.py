"""What each network allows in a time, and how long to wait so that it is never used up. Pure.

Whoever meets a 429 has been rude already, and some servers lock out those who come back too soon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postguard.model import Words, body

# The artist's own apps draw on the same allowance, and so does all that is not counted here.
_OUR_SHARE = 0.8
LONGEST = timedelta(days=1)  # of all windows: older rows are of no use
_PICTURES = 4  # in one piece of a thread, and
_CHARACTERS = 300  # the fewest that a network takes: a thread has at most so many pieces

Spent = Mapping[str, Sequence[tuple[datetime, int]]]  # kind -> (when, points)
Cost = Mapping[str, int]  # kind -> points

CALLS, WRITES, MEDIA, STATUSES = "calls", "writes", "media", "statuses"


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many points of one kind within any such time."""

    kind: str
    points: int
    within: timedelta


_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# By the name of the network; one that is not here limits nothing.
ALLOWANCES: Mapping[str, tuple[Allowance, ...]] = {
    # docs.bsky.app/docs/advanced-guides/rate-limits; its logins are counted with the session.
    "bluesky": (
        Allowance(WRITES, 5_000, _HOUR),
        Allowance(WRITES, 35_000, _DAY),
        Allowance(CALLS, 3_000, 5 * _MINUTE),
    ),
    # docs.joinmastodon.org/api/rate-limits; statuses: app/lib/rate_limiter.rb.
    "mastodon": (
        Allowance(CALLS, 300, 5 * _MINUTE),
        Allowance(MEDIA, 30, 30 * _MINUTE),
        Allowance(STATUSES, 300, 3 * _HOUR),
    ),
}


def cost(network: str, words: Words, images: int) -> Cost:
    """Return what one try at a delivery costs at most; empty where nothing is limited."""
    pieces = _pieces(words, images)
    if network == "bluesky":
        # A created record is 3 points: the post and its two gates. Calls: the picture, the
        # commit, the handles that are asked for, reading back.
        return {WRITES: 9 * pieces, CALLS: 10 * pieces + images}
    if network == "mastodon":
        # Calls: who, newest, looking for it, the status, reading back; each picture and three
        # looks whether it is ready.
        return {CALLS: 7 * pieces + 4 * images, MEDIA: images, STATUSES: pieces}
    return {}


def wait(spent: Spent, cost: Cost, allowances: Sequence[Allowance], now: datetime) -> timedelta:
    """Return how long to wait before `cost` may be spent; zero: it may be now."""
    asked = [a for a in allowances if cost.get(a.kind, 0) > 0]
    waits = [_wait(spent.get(a.kind, ()), cost[a.kind], a, now) for a in asked]
    return max(waits, default=timedelta(0))


def _wait(
    spent: Sequence[tuple[datetime, int]], cost: int, allowance: Allowance, now: datetime
) -> timedelta:
    """Wait until enough of what was spent lies outside the window. What costs more than all of it
    goes when nothing else was spent: the server's own answer decides then."""
    room = int(allowance.points * _OUR_SHARE) - cost
    inside = sorted((at, n) for at, n in spent if now - at < allowance.within)
    total, until = sum(n for _, n in inside), now
    for at, points in inside:
        if total <= max(room, 0):
            break
        total -= points
        until = at + allowance.within
    return until - now


def _pieces(words: Words, images: int) -> int:
    if not words.thread:
        return 1
    return max(1, -(-images // _PICTURES), -(-len(body(words)) // _CHARACTERS))
