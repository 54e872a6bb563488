from __future__ import annotations

from datetime import timedelta

import pytest

from postguard.app import steering
from postguard.errors import Unusable
from postguard.model import DeliveryState, PostState
from postguard.store import Store
from tests.making import NOW, protected_post

HOUR = timedelta(hours=1)


def test_a_post_released_after_its_time_is_planned_anew(store: Store) -> None:
    """Else it would count as late, and be held again at once."""
    post = protected_post(store, asked="grace")
    delivery = store.deliveries.of_post(post.id)[0]
    store.deliveries.schedule(delivery.id, NOW + HOUR, "2026-11-23 13:00", NOW)
    steering.hold(store, post.id, NOW)
    steering.release(store, post.id, NOW + 24 * HOUR)
    assert [d.id for d in store.deliveries.unplanned()] == [delivery.id]
    assert store.deliveries.of_post(post.id)[0].slot is None


def test_a_post_released_before_its_time_keeps_it(store: Store) -> None:
    post = protected_post(store)
    delivery = store.deliveries.of_post(post.id)[0]
    store.deliveries.schedule(delivery.id, NOW + HOUR, None, NOW)
    steering.hold(store, post.id, NOW)
    steering.release(store, post.id, NOW + HOUR / 2)
    kept = store.deliveries.of_post(post.id)[0]
    assert (kept.state, kept.due_at) == (DeliveryState.SCHEDULED, NOW + HOUR)


def test_a_retry_of_one_refused_account_leaves_the_others_time_alone(store: Store) -> None:
    post = protected_post(store, accounts=("sky", "fedi"), asked="slot")
    sky, fedi = store.deliveries.of_post(post.id)
    week = NOW + timedelta(days=7)
    store.deliveries.schedule(sky.id, NOW, None, NOW)
    store.deliveries.schedule(fedi.id, week, "2026-11-30 12:00", NOW)
    store.deliveries.hold(sky.id, "the picture is too large", NOW)
    assert store.posts.get(post.id).state is PostState.PROTECTED
    steering.retry(store, post.id, NOW)
    sky, fedi = store.deliveries.of_post(post.id)
    assert (sky.state, sky.asked) == (DeliveryState.WAITING, "now")
    assert (fedi.state, fedi.due_at) == (DeliveryState.SCHEDULED, week)


def test_a_retry_of_a_post_that_waits_makes_all_of_it_due(store: Store) -> None:
    post = protected_post(store, accounts=("sky", "fedi"))
    for delivery in store.deliveries.of_post(post.id):
        store.deliveries.schedule(delivery.id, NOW + 24 * HOUR, None, NOW)
    steering.retry(store, post.id, NOW)
    assert {d.due_at for d in store.deliveries.of_post(post.id)} == {NOW}


def test_a_post_that_was_taken_back_is_called_so(store: Store) -> None:
    post = protected_post(store)
    store.posts.move_to(post.id, PostState.RETRACTED, NOW)
    for steer in (steering.hold, steering.release, steering.retry):
        with pytest.raises(Unusable, match="taken back"):
            steer(store, post.id, NOW)


def test_a_post_whose_files_were_taken_away_cannot_be_retried(store: Store) -> None:
    post = protected_post(store)
    store.posts.move_to(post.id, PostState.WITHDRAWN, NOW, "its folder queued/1-fox is gone")
    with pytest.raises(Unusable, match="its folder queued/1-fox is gone"):
        steering.retry(store, post.id, NOW)
