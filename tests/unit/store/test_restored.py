"""What a restored database lets go out, and what it first looks for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postguard import language
from postguard.model import DeliveryState, NewDelivery, Place, PostState, Receipt, Words
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post

SINCE = NOW - timedelta(days=1)


def due(store: Store, **fields: object) -> int:
    """A post that could be sent now; its number."""
    post = protected_post(store, **fields)
    for delivery in store.deliveries.of_post(post.id):
        store.deliveries.schedule(delivery.id, NOW, None, NOW)
    return post.id


def test_nothing_is_claimed_before_it_was_looked_for(store):
    post = due(store)
    assert store.restored.mark(SINCE) == 1
    assert store.attempts.claim(NOW, ["sky"]) is None
    (delivery,) = store.restored.ready("sky")
    assert delivery.post_id == post
    store.restored.goes_on(delivery)
    claimed = store.attempts.claim(NOW, ["sky"])
    assert claimed is not None
    assert claimed.reason == ""


def test_the_reason_is_said_in_the_artists_language_and_taken_away_in_any(store):
    due(store)
    language.choose("ja")
    try:
        store.restored.mark(SINCE)
    finally:
        language.choose("en")
    (delivery,) = store.restored.ready("sky")
    assert "バックアップ" in delivery.reason
    store.restored.goes_on(delivery)
    assert store.deliveries.get(delivery.id).reason == ""


def test_each_account_is_looked_through_by_itself(store):
    post = due(store, accounts=("sky", "fedi"))
    store.restored.mark(SINCE)
    assert store.restored.accounts() == ["fedi", "sky"]
    assert store.restored.since("sky") == SINCE
    store.restored.goes_on(store.restored.ready("sky")[0])
    assert not store.restored.waits(post, "sky")
    assert store.restored.waits(post, "fedi")
    assert [store.attempts.claim(NOW, [name]) is None for name in ("sky", "fedi")] == [
        False,
        True,
    ]


def test_a_page_on_this_pc_needs_no_looking_for(store):
    one = NewDelivery("sky", Words("A fox", ("a fox",)), "now", "x", dry_run=True)
    due(store, deliveries=(one,))
    assert store.restored.mark(SINCE) == 0
    assert store.attempts.claim(NOW, ["sky"]) is not None


def test_what_is_there_is_posted_with_its_receipt(store):
    post = due(store)
    store.restored.mark(SINCE)
    receipt = Receipt("at://fox", "https://fox", NOW)
    store.restored.is_there(store.restored.ready("sky")[0], receipt, NOW)
    assert store.posts.get(post).state is PostState.POSTED
    assert store.deliveries.receipts(post) == {"sky": receipt}
    assert store.restored.count() == 0


def test_what_only_the_artist_can_tell_is_held_and_goes_on_by_their_word(store):
    post = due(store)
    store.restored.mark(SINCE)
    store.restored.hold(store.restored.ready("sky")[0], "look there", NOW)
    assert store.posts.get(post).reason == "sky: look there"
    store.wishes.release(post, NOW)
    store.posts.move_to(post, PostState.PROTECTED, NOW)
    assert store.deliveries.of_post(post)[0].state is DeliveryState.WAITING
    assert store.restored.count() == 0


@pytest.mark.parametrize("state", [PostState.HELD, PostState.TAKEN])
def test_what_cannot_be_sent_yet_is_not_looked_for_yet(store, state):
    post = due(store)
    store.restored.mark(SINCE)
    store.posts.move_to(post, state, NOW + MINUTE)
    assert store.restored.ready("sky") == []
    assert store.restored.count() == 1


def test_a_number_that_an_unknown_folder_has_is_not_given_again(store):
    first = due(store)
    store.restored.keep_numbers(
        [(first, "1-cat", Place.POSTED), (41, "41-owl", Place.QUEUED)], NOW
    )
    assert store.posts.get(first).name == "fox.png"
    assert due(store) == 42
    assert [folder for _, folder, _ in store.restored.folders()] == ["1-fox", "42-fox"]
