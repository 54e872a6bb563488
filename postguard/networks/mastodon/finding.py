"""Looks through an account's statuses for those that a plan made, and for a post to answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, Refused, Unsure
from postguard.language import _
from postguard.model import Json
from postguard.networks.mastodon.client import MastodonClient
from postguard.networks.mastodon.match import (
    EARLIEST,
    Likeness,
    Sought,
    best_of,
    likeness,
    may_be_shown_by,
    order_of,
    shows_the_same,
)
from postguard.networks.mastodon.parts import Part, parts_in

Status = Mapping[str, Any]
_PAGE = 40  # the most that servers give at once
_MOST_PAGES = 50


def find_parts(
    client: MastodonClient, plan: Mapping[str, Json], taken: Collection[str]
) -> list[Status]:
    """Return the statuses of a plan's parts in their order, up to the first that is not there.

    Raises:
        Unsure: there are more statuses than can be looked through, and it is not among the first.
        Retryable, LoggedOut: as every call.
    """
    parts, seen, found = parts_in(plan), [], []
    planned_at, after = datetime.fromisoformat(str(plan["createdAt"])), str(plan["after"])
    sought = Sought(parts[0], planned_at, after, str(plan["answers"]), taken)
    for page in _pages(client, str(plan["account"]), after):
        seen.extend(page)
        found = _chain(seen, parts, sought)
        if len(found) == len(parts) and all(whole for _, whole in found):
            break
    return [status for status, _ in found]


def recent(client: MastodonClient, account: str, since: datetime) -> list[Status]:
    """Return the account's statuses of `since` or later, and some of the day before.

    Raises:
        Unsure: there are more than can be looked through.
        Retryable, LoggedOut: as every call.
    """
    seen: list[Status] = []
    for page in _pages(client, account, ""):
        seen.extend(page)
        if page and max(status["created_at"] for status in page) < since - EARLIEST:
            break
    return seen


def alike(
    statuses: Sequence[Status], parts: Sequence[Part], since: datetime, taken: Collection[str]
) -> list[tuple[list[Status], bool]]:
    """Return each post among the statuses that these parts may have made, whatever it answers,
    and whether nothing of it is missing; where none is one, those that describe the same pictures:
    their text may have been changed meanwhile."""
    found: list[tuple[list[Status], bool]] = []
    others = set(taken)
    while chain := _chain(statuses, parts, Sought(parts[0], since, "", None, others)):
        whole = len(chain) == len(parts) and all(whole for _, whole in chain)
        found.append(([status for status, _ in chain], whole))
        others.add(str(chain[0][0]["uri"]))
    if found:
        return found
    first = Sought(parts[0], since, "", None, taken)
    return [([status], False) for status in statuses if shows_the_same(status, first)]


def shaped_alike(
    statuses: Sequence[Status], part: Part, since: datetime, taken: Collection[str], *, reply: bool
) -> list[Status]:
    """Return the statuses of `since` or later that show pictures of a part's shapes.

    Args:
        reply: it answers another post; what answers none is no later part of a thread.
    """
    free = (status for status in statuses if str(status.get("uri")) not in taken)
    placed = (status for status in free if reply or not status.get("in_reply_to_id"))
    return [status for status in placed if may_be_shown_by(status, part, since)]


def resolve(client: MastodonClient, address: str) -> str:
    """Return the server's own id of a post by its address; one of this server needs no search.

    Raises:
        Refused: there is no such post, or this account does not see it.
    """
    if urlsplit(address).netloc == client.host:
        identity = urlsplit(address).path.rstrip("/").rpartition("/")[2]
        with suppress(Refused):  # its addresses need not end in its ids; then it is searched for
            return str(client.call(lambda c: c.status(identity)).id)
    for status in _search(client, address):
        if address in {str(status.get("url")), str(status["uri"])}:
            return str(status["id"])
    raise Refused(
        _(
            "{host} knows no post at {address}, so there is nothing to answer: correct "
            "`reply_to`, or leave it out"
        ).format(host=client.host, address=address)
    )


def _search(client: MastodonClient, address: str) -> Sequence[Status]:
    try:
        found = client.call(lambda c: c.search_v2(address, resolve=True, result_type="statuses"))
    except LoggedOut as exc:  # a token of before postguard asked for this right still posts
        raise Refused(
            _(
                "postguard may not look for {address} on {host}: log in again to allow that, or "
                "leave `reply_to` out"
            ).format(address=address, host=client.host)
        ) from exc
    return list(found.statuses)


def _chain(
    statuses: Sequence[Status], parts: Sequence[Part], first: Sought
) -> list[tuple[Status, bool]]:
    """Return each part's status and whether it is whole; each part answers the one before it.
    `first`: what is looked for with the first part."""
    sought, found = first, []
    for part in parts:
        sought = replace(sought, part=part)
        status = best_of(statuses, sought)
        if status is None:
            break
        found.append((status, likeness(status, sought) is Likeness.WHOLE))
        sought = replace(sought, answers=str(status["id"]))
    return found


def _pages(client: MastodonClient, account: str, after: str) -> Iterator[list[Status]]:
    """Yield the statuses behind the one that was newest, the nearest page first; where the account
    had none, all that it has now, the newest page first."""
    at = after
    way, furthest = ("min_id", max) if at else ("max_id", min)
    for _turn in range(_MOST_PAGES):
        page = _page(client, account, **({way: at} if at else {}))
        yield page
        edge = furthest((str(status["id"]) for status in page), key=order_of, default=at)
        if edge == at:  # a server that cannot page gives the same again
            return
        at = edge
    raise Unsure(
        _(
            "{host} shows more than {count} newer posts; whether this one is among them "
            "could not be seen: look there before it is sent again"
        ).format(host=client.host, count=_MOST_PAGES * _PAGE)
    )


def _page(client: MastodonClient, account: str, **where: str) -> list[Status]:
    return list(
        client.call(
            lambda c: c.account_statuses(account, exclude_reblogs=True, limit=_PAGE, **where)
        )
    )
