"""Small values that many tests need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from postguard.model import (
    NewArtwork,
    NewDelivery,
    NewPost,
    Place,
    Post,
    PostState,
    Rendition,
    Words,
)
from postguard.store import Store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def new_post(
    name: str = "fox.png",
    *,
    accounts: tuple[str, ...] = ("sky",),
    asked: str = "now",
    **other: object,
) -> NewPost:
    """One picture for some accounts."""
    words = Words(text="A fox", alts=("a fox",), langs=("en",))
    fields: dict[str, object] = {
        "name": name,
        "recipe": "default",
        "artworks": (NewArtwork(sha256=f"{name:0<64}"[:64], name=name, source=name),),
        "deliveries": tuple(NewDelivery(a, words, asked, "bluesky") for a in accounts),
    }
    return NewPost(**(fields | other))  # type: ignore[arg-type]


def rendition(path: Path = Path("1-bluesky.jpg"), position: int = 0) -> Rendition:
    """A rendition whose file need not exist."""
    return Rendition(position, "bluesky", path, "b" * 64, "image/jpeg", 4, 3, 100, {"steps": []})


def protected_post(store: Store, *, now: datetime = NOW, **fields: object) -> Post:
    """A post that is taken and protected; its deliveries wait to be planned."""
    post = store.posts.create(new_post(**fields), now)  # type: ignore[arg-type]
    store.posts.placed(post.id, Place.QUEUED)
    store.posts.move_to(post.id, PostState.TAKEN, now)
    store.renditions.protected(post.id, [rendition()], now)
    return store.posts.get(post.id)


def scheduled(store: Store, name: str = "fox.png", **fields: object) -> int:
    """A post whose deliveries are all due now; its number."""
    post = protected_post(store, name=name, **fields)
    for delivery in store.deliveries.of_post(post.id):
        assert store.deliveries.schedule(delivery.id, NOW, None, NOW)
    return post.id
