"""Whether a post's cloak is drawn on another machine, and for how long it waits for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Delivery, DeliveryState, Elsewhere, Post
from postguard.ports import Plans
from postguard.publish import schedule
from postguard.publish.planning import Timing, free_slot
from postguard.settings.schema import Config

_AHEAD = timedelta(minutes=15)  # of its time: what is drawn here then is still in time


def elsewhere(
    settings: Config, post: Post, due: Iterable[datetime], now: datetime
) -> Elsewhere | None:
    """Return the machines that are to cloak a post; None: this one is.

    Args:
        due: see `times_of`.

    Raises:
        Unusable: the config asks for a cluster that this machine is no part of.
    """
    if settings.cloak.engine == "local":
        return None
    always = settings.cloak.fallback == "wait"
    waits = always or now < until(post.created_at, settings.cloak.wait, due)
    return replace(cluster_of(settings), waits=waits)


def until(taken: datetime, wait: timedelta, due: Iterable[datetime]) -> datetime:
    """Return when a post has waited long enough: a little before its first time, at last."""
    return min([taken + wait, *(at - _AHEAD for at in due)])


def times_of(
    deliveries: Iterable[Delivery], timing: Callable[[str], Timing], plans: Plans, now: datetime
) -> Iterator[datetime]:
    """Yield when the deliveries of a post would go out if it was protected now: at the time that
    was asked for, or at the first free slot. One that goes out as soon as it can has none, and one
    that is out has none any more."""
    for delivery in deliveries:
        if delivery.state is DeliveryState.POSTED:
            continue
        when = timing(delivery.account)
        behind = max(now, delivery.not_before or now)
        slot = partial(free_slot, plans, delivery.account, when, behind)
        try:
            due = schedule.plan(delivery.asked, now, grace=when.grace, slot=slot)
        except (schedule.Unreadable, OverflowError):  # planning holds it, and says why
            continue
        if due.slot is not None or delivery.asked.removeprefix("place ")[:1].isdigit():
            yield due.at


def cluster_of(settings: Config) -> Elsewhere:
    """Return where the cluster is.

    Raises:
        Unusable: the config names none, it is no address, this machine has no certificate, or the
            extra is missing.
    """
    from postguard.cluster import address, certificates, machines  # most commands need none of it

    said = settings.cluster.scheduler
    if not said:
        raise Unusable(
            _("the config names no cluster; write its scheduler's address as cluster.scheduler")
        )
    machines.check_extra()
    keys = machines.keys_here()
    certificates.check(keys)
    return Elsewhere(
        scheduler=address.url(said),
        keys=keys,
        wake=settings.cluster.wake,
        fallback=settings.cloak.fallback,
    )
