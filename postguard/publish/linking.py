"""What a post leans on: the post that it answers, and the copy that its text links to.

Both are found when it is sent, since only then it is known where they stand. Until then it waits:
for the post that it answers as long as that one is on its way, for a copy nearly as long as it may
be late. So only answers can wait for each other for ever, and such a circle is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from postguard.errors import Refused
from postguard.language import _
from postguard.model import Copy, Delivery, DeliveryState, Draft, Json, PostState, Words

_KEPT = "joined"  # the key in a plan
_LOOK_AGAIN = timedelta(minutes=1)
_PATIENCE = 0.9  # of `max_late`: what waits for a copy must not become late itself
_AFTER = timedelta(seconds=30)  # behind the time of what is waited for
_STANDS_STILL = {PostState.HELD, PostState.WITHDRAWN, PostState.RETRACTED}
_GOING = set(DeliveryState) - {DeliveryState.POSTED, DeliveryState.HELD, DeliveryState.RETRACTED}


class Copies(Protocol):
    """The other posts, and where they stand."""

    def copy(self, post_id: int, account: str) -> Copy | None:
        """Return a post's delivery to one account; None: it has none."""
        ...

    def before_in_series(self, post_id: int, account: str) -> int | None:
        """Return the post before this one in its series that the account has or is to get."""
        ...


@dataclass(frozen=True, slots=True)
class Joined:
    """What the draft of a delivery gets.

    Attributes:
        without: why there is no link though one was wished for; empty: there is, or none was.
    """

    reply_to: str = ""
    link: str = ""
    without: str = ""


class NotYet(Exception):  # noqa: N818  # nothing went wrong
    """The delivery waits for another one.

    Args:
        anew: this wait is no lateness, however long it is.
    """

    def __init__(self, until: datetime, why: str, *, anew: bool) -> None:
        super().__init__(why)
        self.until = until
        self.anew = anew


def kept_in(plan: Mapping[str, Json], draft: Draft) -> dict[str, Json]:
    """Return a plan that keeps what its draft leans on: what is sent again under its key must be
    the same post, whatever was posted in the meantime."""
    if not draft.reply_to and not draft.link:
        return dict(plan)
    return {**plan, _KEPT: [draft.reply_to, draft.link]}


def kept(plan: Mapping[str, Json]) -> Joined:
    """Return what was kept in a plan; nothing where it leans on nothing."""
    match plan.get(_KEPT):
        case [str() as reply_to, str() as link]:
            return Joined(reply_to, link)
    return Joined()


def join(delivery: Delivery, copies: Copies, now: datetime, max_late: timedelta) -> Joined:
    """Find what a delivery leans on.

    Raises:
        NotYet: it waits.
        Refused: what it answers is not posted, and will not be by itself.
    """
    if delivery.dry_run:
        said = delivery.words.reply_to
        return Joined(reply_to="" if said.startswith("#") else said)
    reply_to = _answered(delivery, copies, now)
    if not delivery.words.link_to:
        return Joined(reply_to)
    other = copies.copy(delivery.post_id, delivery.words.link_to)
    return _linked(delivery, reply_to, other, now, max_late)


def _linked(
    delivery: Delivery, reply_to: str, other: Copy | None, now: datetime, max_late: timedelta
) -> Joined:
    name = delivery.words.link_to
    if other is not None and other.receipt is not None and _stands(other):
        return Joined(reply_to, other.receipt.url)
    until = (delivery.planned_at or now) + _PATIENCE * max_late
    if other is None or other.delivery.state is DeliveryState.RETRACTED or now >= until:
        without = _(
            "the copy on {name} is not posted, so this one goes without a link to it"
        ).format(name=name)
        return Joined(reply_to, without=without)
    why = _("waits for the copy on {name}, which its text links to").format(name=name)
    raise NotYet(min(_next_look(other, now), until), why, anew=False)


def _answered(delivery: Delivery, copies: Copies, now: datetime) -> str:
    number = _leans_on(delivery, copies)
    if number is None:
        return delivery.words.reply_to
    # Any circle has a post that answers a later one; looked for only there, it costs nothing else.
    if number >= delivery.post_id:
        _refuse_circle(delivery, copies)
    other = copies.copy(number, delivery.account)
    if other is not None and other.receipt is not None and _stands(other):
        return other.receipt.uri
    if other is not None and _is_going(other):
        why = _("waits for post {number}, which it answers").format(number=number)
        raise NotYet(_next_look(other, now), why, anew=True)
    raise Refused(
        _(
            "it answers post {number}, which is not posted on {account}; when that one is, "
            "`postguard retry {post_id}` sends this one"
        ).format(number=number, account=delivery.account, post_id=delivery.post_id)
    )


def own(words: Words) -> int | None:
    """Return the number of the artist's own post that is answered; None: none is."""
    return int(words.reply_to[1:]) if words.reply_to.startswith("#") else None


def circle(first: int, account: str, copies: Copies) -> list[int]:
    """Return the posts that answer each other in a circle, met from post `first` on; empty: there
    is none."""
    met = list[int]()
    number: int | None = first
    while number is not None and number not in met:
        met.append(number)
        other = copies.copy(number, account)
        if other is None or _stands(other):
            return []
        number = _leans_on(other.delivery, copies)
    return [] if number is None else met[met.index(number) :]


def told(ring: Sequence[int]) -> str:
    """Return what a circle means for its posts."""
    if len(ring) == 1:
        found = _("post {number} answers itself").format(number=ring[0])
    else:
        numbers = _(" and ").join(str(number) for number in sorted(ring))
        found = _(
            "posts {numbers} answer each other, so that each waits for the other for ever"
        ).format(numbers=numbers)
    return _(
        "{found}; take reply_to out of the words beside one of them, and move its files from "
        "held/ to the outbox"
    ).format(found=found)


def _leans_on(delivery: Delivery, copies: Copies) -> int | None:
    """Return the own post that a delivery answers, by its words or by its series."""
    if delivery.words.reply_to:
        return own(delivery.words)
    return copies.before_in_series(delivery.post_id, delivery.account)


def _refuse_circle(delivery: Delivery, copies: Copies) -> None:
    if ring := circle(delivery.post_id, delivery.account, copies):
        raise Refused(told(ring))


def _stands(other: Copy) -> bool:
    return other.delivery.state is DeliveryState.POSTED and not other.delivery.dry_run


def _is_going(other: Copy) -> bool:
    going = other.delivery.state in _GOING and other.post_state not in _STANDS_STILL
    return going and not other.delivery.dry_run


def _next_look(other: Copy, now: datetime) -> datetime:
    """Return when the other one may be there: behind its time, or in a while."""
    due = other.delivery.due_at
    return now + _LOOK_AGAIN if due is None or due + _AFTER <= now else due + _AFTER
