"""Whether a post's cloak is drawn on another machine, and for how long it waits for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Delivery, Elsewhere, Post
from postguard.settings.schema import Config


def elsewhere(
    settings: Config, post: Post, deliveries: Iterable[Delivery], now: datetime
) -> Elsewhere | None:
    """Return the machines that are to cloak a post; None: this one is.

    Raises:
        Unusable: the config asks for a cluster that this machine is no part of.
    """
    if settings.cloak.engine == "local":
        return None
    always = settings.cloak.fallback == "wait"
    due = [datetime.fromisoformat(d.asked) for d in deliveries if d.has_own_time]
    waits = always or now < until(post.created_at, settings.cloak.wait, due)
    return replace(cluster_of(settings), waits=waits)


def until(taken: datetime, wait: timedelta, due: Iterable[datetime]) -> datetime:
    """Return when a post has waited long enough: at the first time that was asked for, at last."""
    return min([taken + wait, *due])


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
        fallback="local" if settings.cloak.fallback == "wait" else settings.cloak.fallback,
    )
