"""The row of the post that is being protected: one at most, and gone when its state changes."""

from __future__ import annotations

import pytest

from postguard.app import steering
from postguard.model import Post, PostState, Progress
from postguard.store import Store
from postguard.store.progress import UnderWay
from tests.making import NOW, new_post, rendition

HALF = Progress(1, "cloak", done=False, fraction=0.5, seconds_left=30.0)


def taken(store: Store, name: str = "fox.png") -> Post:
    post = store.posts.create(new_post(name), NOW)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    return store.posts.get(post.id)


def test_nothing_is_under_way_at_first(store: Store) -> None:
    assert store.posts.progress.now() is None


def test_what_was_told_last_is_there_and_nothing_of_what_came_before(store: Store) -> None:
    post = taken(store)
    store.posts.progress.begin(post.id)
    assert store.posts.progress.now() == UnderWay(post.id, None)
    for fraction in (0.1, 0.2, 0.3):
        told = Progress(0, "cloak", done=False, fraction=fraction)
        assert store.posts.progress.tell(post.id, told)
    assert store.posts.progress.tell(post.id, HALF)
    assert store.posts.progress.now() == UnderWay(post.id, HALF)
    assert len(store.db.rows("SELECT * FROM progress")) == 1


def test_no_news_changes_nothing(store: Store) -> None:
    post = taken(store)
    store.posts.progress.begin(post.id)
    store.posts.progress.tell(post.id, HALF)
    assert store.posts.progress.tell(post.id, None)
    assert store.posts.progress.now() == UnderWay(post.id, HALF)


def test_the_next_post_takes_the_place_of_the_one_before(store: Store) -> None:
    first, second = taken(store, "a.png"), taken(store, "b.png")
    store.posts.progress.begin(first.id)
    store.posts.progress.tell(first.id, HALF)
    store.posts.progress.begin(second.id)
    assert not store.posts.progress.tell(first.id, HALF)
    assert store.posts.progress.now() == UnderWay(second.id, None)


@pytest.mark.parametrize("state", [s for s in PostState if s is not PostState.TAKEN])
def test_a_post_that_does_not_wait_for_protection_is_not_under_way(
    store: Store, state: PostState
) -> None:
    post = taken(store)
    store.posts.move_to(post.id, state, NOW)
    store.posts.progress.begin(post.id)
    assert store.posts.progress.now() is None
    assert not store.posts.progress.tell(post.id, HALF)


def test_it_is_gone_when_the_post_is_protected(store: Store) -> None:
    post = taken(store)
    store.posts.progress.begin(post.id)
    store.renditions.protected(post.id, [rendition()], NOW)
    assert store.posts.progress.now() is None


def test_it_is_gone_when_the_post_is_held_even_if_it_is_taken_again_at_once(store: Store) -> None:
    """Else the work on the words of before would be taken for that on the words of now."""
    post = taken(store)
    store.posts.progress.begin(post.id)
    steering.hold(store, post.id, NOW)
    assert store.posts.progress.now() is None
    steering.release(store, post.id, NOW)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    assert not store.posts.progress.tell(post.id, None)
    assert not store.posts.progress.tell(post.id, HALF)


def test_what_happens_to_another_post_leaves_it_alone(store: Store) -> None:
    post, other = taken(store, "a.png"), taken(store, "b.png")
    store.posts.progress.begin(post.id)
    steering.hold(store, other.id, NOW)
    assert store.posts.progress.tell(post.id, HALF)


def test_an_end_takes_it_away(store: Store) -> None:
    store.posts.progress.begin(taken(store).id)
    store.posts.progress.end()
    assert store.posts.progress.now() is None
