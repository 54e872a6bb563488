"""The first start: what lies in the outbox then is held, but for what the artist added to it."""

from __future__ import annotations

from datetime import datetime

from postguard.store import Store

_OVER = "started"  # the meta key that says the first start is over
_ADDED = "added "  # and these, with a name behind, what was added before it


def is_over(store: Store) -> bool:
    """Return whether all that lay in the outbox at the first start is held or gone."""
    return store.meta.get(_OVER) is not None


def end(store: Store, now: datetime) -> None:
    """Remember that it is over."""
    store.meta.put(_OVER, now.isoformat())


def expect(store: Store, dropped: str) -> None:
    """Remember that a drop is no folder posted by surprise: somebody asked for this post."""
    if not is_over(store):
        store.meta.put(_ADDED + dropped, "")


def expected(store: Store, dropped: str) -> bool:
    """Return whether a drop of this name was asked for."""
    return store.meta.get(_ADDED + dropped) is not None
