"""Gives a post another time, or another place among those that wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from postguard import language
from postguard.app.steering import deliveries_of, refuse_drawn
from postguard.errors import BadFields, Unusable
from postguard.intake import written
from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Edit, Post, PostState
from postguard.store import Store

PLACES = ("first", "last", "up", "down")
_MOST = 1_000_000  # of a queue that is moved as a whole
_TOO_LATE = {
    DeliveryState.SENDING: marked("is being sent to {account} at this moment; it cannot be moved"),
    DeliveryState.UNSURE: marked("may be on {account} already; that is looked at first"),
    DeliveryState.POSTED: marked("is posted on {account} already"),
    DeliveryState.RETRACTED: marked("was taken back from {account}; it is not posted there again"),
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
        Unusable: it is too late.
        BadFields: `where` cannot be meant.
    """
    word = where.strip().casefold()
    now = now.astimezone(zone)
    asked = None if word in PLACES else _asked(where, now)
    with store.db.change():
        post = store.posts.get(post_id)
        refuse_drawn(store, post)
        chosen = _movable(post, deliveries_of(store, post, account))
        if asked is not None:
            return _retimed(store, post, chosen, asked, now)
        return "\n".join(_placed(store, post, d, word, now) for d in chosen)


def _asked(where: str, now: datetime) -> str:
    try:
        asked = written.asked(where, now.tzinfo or UTC)
    except written.Unclear:
        said = _(
            '"{where}" is no time: write day and time as "2026-12-01 19:30", now, slot, '
            "first, last, "
            "up or down"
        ).format(where=where)
        raise BadFields(said, [("where", said)]) from None
    if asked not in {"now", "slot"} and datetime.fromisoformat(asked) <= now:
        said = _("{where} is over already; `now` posts it now").format(where=where)
        raise BadFields(said, [("where", said)])
    return asked


def _movable(post: Post, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return those that can still be moved. Raises Unusable where there is none."""
    found = [d for d in deliveries if d.state not in _TOO_LATE]
    if not found:
        why = "; ".join(_(_TOO_LATE[d.state]).format(account=d.account) for d in deliveries)
        raise Unusable(
            _("post {post_id} {why}").format(post_id=post.id, why=why or _("goes to no account"))
        )
    return found


def _retimed(
    store: Store, post: Post, deliveries: Sequence[Delivery], asked: str, now: datetime
) -> str:
    moved = [d.account for d in deliveries if store.wishes.ask(d.id, asked)]
    for account in moved:  # the files of a held post are read anew when it is released
        store.posts.keep_edit(post.id, account, Edit(at=asked))
    if not moved:
        raise Unusable(
            _("post {post_id} may have been sent already; it cannot be moved").format(
                post_id=post.id
            )
        )
    words = {"now": _("as soon as it can"), "slot": _("in its next free slot")}
    when = words.get(asked) or _("on {at}").format(at=_told(datetime.fromisoformat(asked), now))
    store.posts.note(post.id, now, "moved", f"{', '.join(moved)}: {when}")
    then = _held_still(post, deliveries)
    early = [d for d in deliveries if d.not_before is not None and d.not_before > now]
    but = _(", but not before the time that its words say") if early else ""
    return _("Post {post_id} ({name}) goes to {moved} {when}{but}{then}.").format(
        post_id=post.id, name=post.name, moved=", ".join(moved), when=when, but=but, then=then
    )


def _held_still(post: Post, deliveries: Sequence[Delivery]) -> str:
    """Return what must happen first; only a post that is held as a whole can be released."""
    if post.state is PostState.HELD:
        then = _(", once it is released: `postguard release {post_id}`")
    elif any(d.state is DeliveryState.HELD for d in deliveries):
        then = _(", once what is held goes on: `postguard retry {post_id}`")
    else:
        return ""
    return then.format(post_id=post.id)


def _placed(store: Store, post: Post, delivery: Delivery, word: str, now: datetime) -> str:
    if delivery.state is not DeliveryState.SCHEDULED or delivery.tries:
        raise Unusable(
            _(
                "post {post_id} has no place in the queue of {account} now; give it a time: "
                '`postguard move {post_id} "YYYY-MM-DD HH:MM"`'
            ).format(post_id=post.id, account=delivery.account)
        )
    if delivery.has_own_time and delivery.due_at is not None:
        at = _told(delivery.due_at, now)
        raise Unusable(
            _(
                "post {post_id} goes to {account} when you said, {at}; `postguard move {post_id} "
                "slot` puts it into the queue"
            ).format(post_id=post.id, account=delivery.account, at=at)
        )
    before, limit = word in {"first", "up"}, 1 if word in {"up", "down"} else _MOST
    passed = store.wishes.queue(delivery.account, delivery, before=before, limit=limit)
    if not passed:
        end = _("first") if before else _("last")
        return _("Post {post_id} ({name}) is the {end} on {account} already.").format(
            post_id=post.id, name=post.name, end=end, account=delivery.account
        )
    # It ends where the farthest was; each of the others takes its neighbour's place.
    deliveries, places = [*passed, delivery], [delivery, *passed]
    _refuse_too_early(deliveries, places)
    store.wishes.trade(deliveries, places)
    for each in deliveries:
        store.posts.note(each.post_id, now, "moved", f"{each.account}: {word}")
    due = passed[-1].due_at
    said = "" if due is None else f": {_told(due, now)}"
    return _("Post {post_id} ({name}) on {account} is moved{said}.").format(
        post_id=post.id, name=post.name, account=delivery.account, said=said
    )


def _told(at: datetime, now: datetime) -> str:
    return language.day_and_time(at.astimezone(now.tzinfo))


def _refuse_too_early(deliveries: Sequence[Delivery], places: Sequence[Delivery]) -> None:
    for delivery, place in zip(deliveries, places, strict=True):
        earliest, at = delivery.not_before, place.due_at
        if earliest is not None and at is not None and at < earliest:
            raise Unusable(
                _(
                    "post {post_id} may not go out as early as that: its words say not_before "
                    "{earliest}"
                ).format(post_id=delivery.post_id, earliest=earliest.isoformat())
            )
