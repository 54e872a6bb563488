from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import Unusable
from postguard.model import DeliveryState, Edit, NewDelivery, Place, PostState, Receipt, Words
from postguard.store import Store
from postguard.store.posts import folder_name
from tests.making import NOW, new_post, protected_post, rendition


def test_a_new_post_is_being_taken_and_its_files_still_lie_in_the_outbox(store: Store) -> None:
    post = store.posts.create(new_post(), NOW)
    assert (post.state, post.place) == (PostState.TAKING, Place.OUTBOX)
    assert [a.name for a in post.artworks] == ["fox.png"]
    assert store.posts.unplaced() == [post]


def test_a_post_that_comes_with_a_reason_is_held_with_its_deliveries(store: Store) -> None:
    post = store.posts.create(new_post(reason="no alt text"), NOW)
    assert (post.state, post.reason) == (PostState.HELD, "no alt text")
    assert [d.state for d in store.deliveries.of_post(post.id)] == [DeliveryState.HELD]


def test_an_unknown_post_is_named_in_the_error(store: Store) -> None:
    with pytest.raises(Unusable, match="no post 77"):
        store.posts.get(77)


@given(st.text(min_size=1, max_size=300))
def test_any_name_makes_a_folder_name_that_every_system_can_hold(name: str) -> None:
    folder = folder_name(12, name)
    assert folder.startswith("12")
    assert len(folder.encode()) <= 255
    assert not set(folder) & set('/\\:*?"<>|\0\n')
    assert folder == folder.rstrip(" .")


def test_a_japanese_name_stays_readable() -> None:
    assert folder_name(3, "月の下の狐.png") == "3-月の下の狐"


def test_posts_with_the_same_bytes_are_found_unless_withdrawn(store: Store) -> None:
    first = store.posts.create(new_post(), NOW)
    sha256 = first.artworks[0].sha256
    assert [p.id for p in store.posts.with_bytes(sha256)] == [first.id]
    store.posts.move_to(first.id, PostState.WITHDRAWN, NOW)
    assert store.posts.with_bytes(sha256) == []


def test_a_dry_run_does_not_count_as_the_first_post_of_these_bytes(store: Store) -> None:
    dry = NewDelivery("sky", Words(), "now", "bluesky", dry_run=True)
    post = store.posts.create(new_post(deliveries=(dry,)), NOW)
    assert store.posts.with_bytes(post.artworks[0].sha256) == []


@pytest.mark.parametrize(
    ("urls", "counts"),
    [
        (("file:///a/1.html", "file:///b/1.html"), False),
        (("file:///a/1.html", "https://sky/1"), True),
        (("file:///a/1.html",), True),
    ],
    ids=["drawn", "posted", "not-yet"],
)
def test_what_was_only_drawn_does_not_count_as_the_first_post_of_these_bytes(
    store: Store, urls: tuple[str, ...], counts: bool
) -> None:
    post = protected_post(store, accounts=("page", "sky"))
    for delivery, url in zip(store.deliveries.of_post(post.id), urls, strict=False):
        store.attempts.finish(delivery.id, Receipt(url, url, NOW), NOW)
    found = store.posts.with_bytes(post.artworks[0].sha256)
    assert [p.id for p in found] == ([post.id] if counts else [])


def test_a_post_held_while_it_was_being_protected_stays_held(store: Store) -> None:
    post = store.posts.create(new_post(), NOW)
    store.posts.move_to(post.id, PostState.HELD, NOW, "held by you")
    store.renditions.protected(post.id, [rendition()], NOW)
    assert store.posts.get(post.id).state is PostState.HELD
    assert store.renditions.has(post.id)


def test_folders_in_the_wrong_place_are_listed(store: Store) -> None:
    post = protected_post(store)
    assert store.posts.misplaced() == []
    store.posts.move_to(post.id, PostState.POSTED, NOW)
    assert [p.id for p in store.posts.misplaced()] == [post.id]
    store.posts.placed(post.id, Place.POSTED)
    assert store.posts.misplaced() == []


def test_rewording_replaces_words_and_deliveries(store: Store) -> None:
    post = store.posts.create(new_post(reason="no alt text"), NOW)
    store.posts.move_to(post.id, PostState.RELEASED, NOW)
    assert store.posts.reword(post.id, new_post(accounts=("sky", "fedi")), NOW, {})
    assert store.posts.get(post.id).state is PostState.TAKEN
    found = store.deliveries.of_post(post.id)
    assert [(d.account, d.state) for d in found] == [
        ("sky", DeliveryState.WAITING),
        ("fedi", DeliveryState.WAITING),
    ]


def test_a_post_that_was_held_again_meanwhile_is_not_reworded(store: Store) -> None:
    post = store.posts.create(new_post(), NOW)
    store.posts.move_to(post.id, PostState.HELD, NOW, "held by you")
    assert not store.posts.reword(post.id, new_post(accounts=("sky", "fedi")), NOW, {})
    assert [d.account for d in store.deliveries.of_post(post.id)] == ["sky"]
    assert store.posts.get(post.id).reason == "held by you"


def test_a_post_that_was_edited_meanwhile_is_not_reworded(store: Store) -> None:
    post = store.posts.create(new_post(), NOW)
    store.posts.move_to(post.id, PostState.RELEASED, NOW)
    store.posts.keep_edit(post.id, "sky", Edit(at="2034-12-24T12:00:00+09:00"))
    assert not store.posts.reword(post.id, new_post(), NOW, post.edits)
    assert store.posts.get(post.id).state is PostState.RELEASED
    assert store.posts.reword(post.id, new_post(), NOW, store.posts.get(post.id).edits)


def test_pages_go_on_where_the_last_one_ended(store: Store) -> None:
    ids = [store.posts.create(new_post(f"{i}.png"), NOW).id for i in range(5)]
    first = store.posts.page([], None, 2)
    second = store.posts.page([], first[-1].id, 2)
    assert [p.id for p in first + second] == ids[:0:-1]


def test_the_history_tells_each_station_in_order(store: Store) -> None:
    post = protected_post(store)
    told = [event.what for _, event in store.posts.history(post.id)]
    assert told == ["settled", "taken", "protected"]
