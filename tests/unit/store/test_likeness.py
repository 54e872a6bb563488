"""Each picture of a post keeps what it is found by; protecting it anew replaces that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from postguard.store import Store
from tests.making import NOW, protected_post, rendition


def kept(store: Store) -> list[tuple[int, int, bytes]]:
    rows = [row for batch in store.likenesses.batches(2) for row in batch]
    return [(row.post_id, row.position, row.fingerprint) for row in rows]


def test_what_the_workshop_made_is_kept_with_the_renditions(store: Store) -> None:
    post = protected_post(store)
    made = [replace(rendition(position=n), likeness=b"\1\1%d" % n) for n in range(3)]
    store.renditions.protected(post.id, made, NOW)
    assert kept(store) == [(post.id, n, b"\1\1%d" % n) for n in range(3)]
    assert store.likenesses.count() == 3
    store.renditions.protected(post.id, [replace(made[1], likeness=b"\1\1x")], NOW)
    assert kept(store) == [(post.id, 1, b"\1\1x")]


def test_renditions_for_several_networks_keep_one_for_each_picture(store: Store) -> None:
    post = protected_post(store)
    sky = replace(rendition(), likeness=b"\1\1a")
    store.renditions.protected(post.id, [sky, replace(sky, fit="mastodon", path=Path("b"))], NOW)
    assert kept(store) == [(post.id, 0, b"\1\1a")]


def test_posts_without_any_are_named_until_they_have_one(store: Store) -> None:
    first, second = protected_post(store), protected_post(store, name="b.png")
    assert store.likenesses.without() == [first.id, second.id]
    store.likenesses.keep(first.id, {0: b"\1\1a"})
    assert store.likenesses.without() == [second.id]


def test_a_key_leads_to_its_row_and_a_gone_one_to_none(store: Store) -> None:
    post = protected_post(store)
    store.likenesses.keep(post.id, {0: b"\1\1a"})
    ((row,),) = store.likenesses.batches()
    assert store.likenesses.of(row.key) == row
    store.likenesses.keep(post.id, {})
    assert store.likenesses.of(row.key) is None
