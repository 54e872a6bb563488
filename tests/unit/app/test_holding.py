"""Holding a post and letting it go: possible until it is sent, and never while it is."""

import pytest

from postguard.app import steering
from postguard.errors import Refused, Unusable
from postguard.model import DeliveryState, PostState, Receipt
from postguard.store import Store
from postguard.system import folders
from tests.making import MINUTE, NOW, new_post, protected_post


def due(store: Store) -> None:
    for delivery in store.deliveries.unplanned():
        store.deliveries.schedule(delivery.id, NOW, None, NOW)


def test_a_held_post_is_not_claimed_until_it_is_released(store: Store) -> None:
    post = protected_post(store)
    due(store)
    assert "release 1" in steering.hold(store, post.id, NOW)
    assert store.attempts.claim(NOW, ["sky"]) is None
    steering.release(store, post.id, NOW)
    due(store)
    assert store.posts.get(post.id).state is PostState.PROTECTED
    assert store.attempts.claim(NOW, ["sky"]) is not None


def test_a_post_that_was_never_protected_is_read_anew_when_it_is_released(store: Store) -> None:
    post = store.posts.create(new_post(), NOW)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    steering.hold(store, post.id, NOW)
    steering.release(store, post.id, NOW)
    assert store.posts.get(post.id).state is PostState.RELEASED


def test_a_post_that_is_being_sent_cannot_be_held(store: Store) -> None:
    post = protected_post(store)
    due(store)
    assert store.attempts.claim(NOW, ["sky"]) is not None
    with pytest.raises(Unusable, match="being sent at this moment"):
        steering.hold(store, post.id, NOW)
    assert store.posts.get(post.id).state is PostState.PROTECTED


def test_a_doubtful_post_that_is_sent_again_at_this_moment_cannot_be_held(store: Store) -> None:
    """It stays unsure while its second request runs: "held" would not be true."""
    post = protected_post(store)
    due(store)
    claimed = store.attempts.claim(NOW, ["sky"])
    assert claimed is not None
    store.attempts.begin(claimed.id, {"key": "k"}, NOW)
    store.attempts.put_back(claimed.id, DeliveryState.UNSURE, NOW, "no answer", NOW)
    assert store.attempts.claim(NOW, ["sky"]) is not None
    store.attempts.begin(claimed.id, {"key": "k"}, NOW)
    with pytest.raises(Unusable, match="being sent at this moment"):
        steering.hold(store, post.id, NOW)
    store.attempts.put_back(claimed.id, DeliveryState.UNSURE, NOW, "no answer", NOW)
    steering.hold(store, post.id, NOW)


def test_a_posted_post_can_neither_be_held_nor_tried_again(store: Store) -> None:
    post = protected_post(store)
    due(store)
    claimed = store.attempts.claim(NOW, ["sky"])
    assert claimed is not None
    store.attempts.finish(claimed.id, Receipt("at://x", "https://x", NOW), NOW)
    for act in (steering.hold, steering.release, steering.retry):
        with pytest.raises(Unusable, match="posted"):
            act(store, post.id, NOW)


def test_holding_twice_says_why_it_is_held_already(store: Store) -> None:
    post = protected_post(store)
    steering.hold(store, post.id, NOW)
    events = len(store.posts.history(post.id))
    assert folders.BY_HAND in steering.hold(store, post.id, NOW + MINUTE)
    assert len(store.posts.history(post.id)) == events


def test_what_is_not_held_cannot_be_released(store: Store) -> None:
    post = protected_post(store)
    with pytest.raises(Unusable, match="not held"):
        steering.release(store, post.id, NOW)


def test_a_post_that_nobody_knows_is_said_to_be_so(store: Store) -> None:
    for act in (steering.hold, steering.release, steering.retry):
        with pytest.raises(Unusable, match="there is no post 7"):
            act(store, 7, NOW)


def test_a_held_post_of_which_the_outcome_is_unknown_is_asked_for_before_it_is_sent(
    store: Store,
) -> None:
    post = protected_post(store)
    due(store)
    claimed = store.attempts.claim(NOW, ["sky"])
    assert claimed is not None
    store.attempts.begin(claimed.id, {"rkey": "a"}, NOW)
    store.attempts.put_back(claimed.id, DeliveryState.UNSURE, NOW, "no answer", NOW)
    steering.hold(store, post.id, NOW)
    steering.release(store, post.id, NOW)
    (delivery,) = store.deliveries.of_post(post.id)
    assert delivery.state is DeliveryState.UNSURE


def test_a_post_that_is_held_while_its_network_is_asked_is_not_sent_again(store: Store) -> None:
    """What may be there already is claimed as it is, so only its next plan can stop it."""
    post = protected_post(store)
    due(store)
    claimed = store.attempts.claim(NOW, ["sky"])
    assert claimed is not None
    store.attempts.begin(claimed.id, {"rkey": "a"}, NOW)
    store.attempts.recover(NOW)
    assert store.attempts.claim(NOW, ["sky"]) is not None
    steering.hold(store, post.id, NOW)
    with pytest.raises(Refused, match="you stopped it") as caught:
        store.attempts.begin(claimed.id, {"rkey": "a"}, NOW)
    store.attempts.hold(claimed.id, str(caught.value), NOW, sure=not caught.value.stands)
    steering.release(store, post.id, NOW)
    assert store.deliveries.get(claimed.id).state is DeliveryState.UNSURE
