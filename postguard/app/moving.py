"""Gives a post another time, or another place among those that wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from postguard.app.steering import deliveries_of
from postguard.errors import Unusable
from postguard.intake import written
from postguard.model import Delivery, DeliveryState, Post
from postguard.store import Store

PLACES = ("first", "last", "up", "down")
_MOST = 1_000_000  # of a queue that is moved as a whole
_TOO_LATE = {
    DeliveryState.SENDING: "is being sent to {account} at this moment; it cannot be moved",
    DeliveryState.UNSURE: "may be on {account} already; that is looked at first",
    DeliveryState.POSTED: "is posted on {account} already",
    DeliveryState.RETRACTED: "was taken back from {account}; it is not posted there again",
}


def move(
    store: Store,
    post_id: int,
    where: str,
    account: str | None,
    zone: tzinfo | None,
    now: datetime,
) -> str:
    """Move a post's deliveries, or the one to `account`; return what was done, in words.

    Args:
        where: `now`, `slot`, day and time, or one of PLACES.
        zone: of a time that does not say its own; None: this PC's.

    Raises:
        Unusable: it is too late, or `where` cannot be meant.
    """
    word = where.strip().casefold()
    now = now.astimezone(zone)
    asked = None if word in PLACES else _asked(where, now)
    with store.db.change():
        post = store.posts.get(post_id)
        chosen = _movable(post, deliveries_of(store, post, account))
        if asked is not None:
            return _retimed(store, post, chosen, asked, now)
        return "\n".join(_placed(store, post, d, word, now) for d in chosen)


def _asked(where: str, now: datetime) -> str:
    try:
        asked = written.asked(where, now.tzinfo or UTC)
    except written.Unclear:
        raise Unusable(
            f'"{where}" is no time: write day and time as "2026-12-01 19:30", now, slot, first, '
            "last, up or down"
        ) from None
    if asked not in {"now", "slot"} and datetime.fromisoformat(asked) <= now:
        raise Unusable(f"{where} is over already; `now` posts it now")
    return asked


def _movable(post: Post, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return those that can still be moved. Raises Unusable where there is none."""
    found = [d for d in deliveries if d.state not in _TOO_LATE]
    if not found:
        why = "; ".join(_TOO_LATE[d.state].format(account=d.account) for d in deliveries)
        raise Unusable(f"post {post.id} {why or 'goes to no account'}")
    return found


def _retimed(
    store: Store, post: Post, deliveries: Sequence[Delivery], asked: str, now: datetime
) -> str:
    moved = [d.account for d in deliveries if store.wishes.ask(d.id, asked)]
    if not moved:
        raise Unusable(f"post {post.id} may have been sent already; it cannot be moved")
    words = {"now": "as soon as it can", "slot": "in its next free slot"}
    when = words.get(asked) or f"on {_told(datetime.fromisoformat(asked), now)}"
    store.posts.note(post.id, now, "moved", f"{', '.join(moved)}: {when}")
    held = any(d.state is DeliveryState.HELD for d in deliveries)
    then = f", once it is released: `postguard release {post.id}`" if held else ""
    early = [d for d in deliveries if d.not_before is not None and d.not_before > now]
    but = ", but not before the time that its words say" if early else ""
    return f"Post {post.id} ({post.name}) goes to {', '.join(moved)} {when}{but}{then}."


def _placed(store: Store, post: Post, delivery: Delivery, word: str, now: datetime) -> str:
    if delivery.state is not DeliveryState.SCHEDULED or delivery.tries:
        raise Unusable(
            f"post {post.id} has no place in the queue of {delivery.account} now; give it a time, "
            "as `postguard move` does with a day and a time"
        )
    if delivery.has_own_time and delivery.due_at is not None:
        at = _told(delivery.due_at, now)
        raise Unusable(
            f"post {post.id} goes to {delivery.account} when you said, {at}; "
            f"`postguard move {post.id} slot` puts it into the queue"
        )
    before, limit = word in {"first", "up"}, 1 if word in {"up", "down"} else _MOST
    passed = store.wishes.queue(delivery.account, delivery, before=before, limit=limit)
    if not passed:
        end = "first" if before else "last"
        return f"Post {post.id} ({post.name}) is the {end} on {delivery.account} already."
    # It ends where the farthest was; each of the others takes its neighbour's place.
    deliveries, places = [*passed, delivery], [delivery, *passed]
    _refuse_too_early(deliveries, places)
    store.wishes.trade(deliveries, places)
    for each in deliveries:
        store.posts.note(each.post_id, now, "moved", f"{each.account}: {word}")
    due = passed[-1].due_at
    said = "" if due is None else f": {_told(due, now)}"
    return f"Post {post.id} ({post.name}) on {delivery.account} is moved{said}."


def _told(at: datetime, now: datetime) -> str:
    return f"{at.astimezone(now.tzinfo):%a %Y-%m-%d %H:%M}"


def _refuse_too_early(deliveries: Sequence[Delivery], places: Sequence[Delivery]) -> None:
    for delivery, place in zip(deliveries, places, strict=True):
        earliest, at = delivery.not_before, place.due_at
        if earliest is not None and at is not None and at < earliest:
            raise Unusable(
                f"post {delivery.post_id} may not go out as early as that: its words say "
                f"not_before {earliest.isoformat()}"
            )
