from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from postguard.app import steering
from postguard.app.moving import move
from postguard.errors import Unusable
from postguard.model import DeliveryState, Post, PostState, Receipt
from postguard.store import Store
from tests.making import NOW, new_post, protected_post

HOUR = timedelta(hours=1)
TOKYO = ZoneInfo("Asia/Tokyo")
CHRISTMAS = "2026-12-24T19:30:00+09:00"


def held(store: Store, asked: str = "slot", accounts: tuple[str, ...] = ("sky",)) -> Post:
    """A protected post that the artist held."""
    post = protected_post(store, accounts=accounts, asked=asked)
    steering.hold(store, post.id, NOW)
    return post


def test_a_post_released_after_its_time_is_planned_anew(store: Store) -> None:
    """Else it would count as late, and be held again at once."""
    post = protected_post(store, asked="grace")
    delivery = store.deliveries.of_post(post.id)[0]
    store.deliveries.schedule(delivery.id, NOW + HOUR, "2026-11-23 13:00", NOW)
    steering.hold(store, post.id, NOW)
    steering.release(store, post.id, NOW + 24 * HOUR)
    assert [d.id for d in store.deliveries.unplanned()] == [delivery.id]
    assert store.deliveries.of_post(post.id)[0].slot is None


def test_a_post_that_was_held_as_it_was_read_is_said_to_be_read_anew(store: Store) -> None:
    """What held it may still be so: a broken file is not mended by letting it go on."""
    read = store.posts.create(new_post("cat.png"), NOW)
    store.posts.move_to(read.id, PostState.TAKEN, NOW)
    done = protected_post(store)
    for post in (read, done):
        steering.hold(store, post.id, NOW)
    assert "read anew" in steering.release(store, read.id, NOW)
    assert "read anew" not in steering.release(store, done.id, NOW)


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
    store.attempts.hold(sky.id, "the picture is too large", NOW)
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


def test_what_is_posted_cannot_be_held_and_the_command_that_takes_it_back_is_told(
    store: Store,
) -> None:
    post = protected_post(store)
    store.posts.move_to(post.id, PostState.POSTED, NOW)
    with pytest.raises(Unusable, match=f"`postguard retract {post.id}` takes it back"):
        steering.hold(store, post.id, NOW)


def test_what_was_only_drawn_is_not_called_posted(store: Store) -> None:
    """A dry run never left the PC: an artist who is told that it is posted is frightened."""
    post = protected_post(store)
    delivery = store.deliveries.of_post(post.id)[0]
    store.attempts.finish(delivery.id, Receipt("file:///x", "file:///x", NOW), NOW)
    assert store.posts.get(post.id).state is PostState.POSTED
    for steer in (steering.hold, steering.release, steering.retry):
        with pytest.raises(Unusable, match="drawn on this PC and never posted"):
            steer(store, post.id, NOW)
    with pytest.raises(Unusable, match="drawn on this PC and never posted"):
        move(store, post.id, "now", None, TOKYO, NOW)


def test_a_post_whose_files_were_taken_away_cannot_be_retried(store: Store) -> None:
    post = protected_post(store)
    store.posts.move_to(post.id, PostState.WITHDRAWN, NOW, "its folder queued/1-fox is gone")
    with pytest.raises(Unusable, match="its folder queued/1-fox is gone"):
        steering.retry(store, post.id, NOW)


def test_a_retry_keeps_a_held_post_for_the_day_that_it_was_moved_to(store: Store) -> None:
    post = held(store)
    move(store, post.id, "2026-12-24 19:30", None, TOKYO, NOW)
    told = steering.retry(store, post.id, NOW)
    assert [d.asked for d in store.deliveries.unplanned()] == [CHRISTMAS]
    assert "keeps the time that you gave it (sky Thu 2026-12-24 19:30)" in told
    assert "tried again now" not in told


def test_a_retry_of_one_refused_account_keeps_the_day_that_it_was_moved_to(store: Store) -> None:
    post = protected_post(store, accounts=("sky", "fedi"), asked="slot")
    sky, fedi = store.deliveries.of_post(post.id)
    store.deliveries.schedule(fedi.id, NOW + HOUR, "2026-11-23 13:00", NOW)
    store.attempts.hold(sky.id, "the picture is too large", NOW)
    told = move(store, post.id, "2026-12-24 19:30", "sky", TOKYO, NOW)
    assert f"once what is held goes on: `postguard retry {post.id}`" in told
    steering.retry(store, post.id, NOW)
    assert store.deliveries.get(sky.id).asked == CHRISTMAS
    assert store.deliveries.get(fedi.id).due_at == NOW + HOUR


def test_a_retry_behind_the_time_that_was_given_sends_now_and_says_so(store: Store) -> None:
    post = held(store, asked=CHRISTMAS, accounts=("sky", "fedi"))
    move(store, post.id, "2027-01-01 10:00", "fedi", TOKYO, NOW)
    told = steering.retry(store, post.id, NOW + timedelta(days=32))
    assert [d.asked for d in store.deliveries.unplanned()] == ["now", "2027-01-01T10:00:00+09:00"]
    assert "is past (sky Thu 2026-12-24 19:30), so it goes out now" in told
    assert "keeps the time that you gave it (fedi Fri 2027-01-01 10:00)" in told


def test_a_retry_of_what_was_held_without_a_time_of_its_own_sends_it_now(store: Store) -> None:
    told = steering.retry(store, held(store).id, NOW)
    assert [d.asked for d in store.deliveries.unplanned()] == ["now"]
    assert told == "Post 1 (fox.png) is tried again now."
