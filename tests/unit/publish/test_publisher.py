from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from postguard.errors import LoggedOut, Refused, Retryable, Unsure
from postguard.model import Delivery, DeliveryState, Late, NewDelivery, PostState, Words
from postguard.settings.values import Slot
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside

HOUR = timedelta(hours=1)


@pytest.fixture
def outside(store: Store) -> Outside:
    return Outside(store)


def due(outside: Outside, asked: str = "now", **fields: object) -> Delivery:
    """A planned delivery of a fresh post."""
    post = protected_post(outside.store, asked=asked, **fields)
    outside.publisher().plan(NOW)
    return outside.store.deliveries.of_post(post.id)[0]


def again(outside: Outside, delivery: Delivery) -> Delivery:
    return outside.store.deliveries.get(delivery.id)


def test_a_due_delivery_is_posted_once_and_has_its_receipt(outside: Outside) -> None:
    delivery = due(outside)
    assert outside.send_one(NOW)
    assert not outside.send_one(NOW + HOUR)
    assert outside.net.posts == {"k1": "A fox"}
    assert outside.store.deliveries.receipts(delivery.post_id)["sky"].uri == "at://k1"
    assert outside.store.posts.get(delivery.post_id).state is PostState.POSTED


def test_the_pc_is_kept_awake_while_a_post_is_sent_and_only_then(outside: Outside) -> None:
    due(outside)
    seen: list[str] = []

    @contextmanager
    def awake() -> Iterator[None]:
        seen.append(f"before {len(outside.net.posts)}")
        yield
        seen.append(f"after {len(outside.net.posts)}")

    publisher = replace(outside.publisher(), awake=awake)
    assert publisher.send_one(NOW)
    assert not publisher.send_one(NOW)
    assert seen == ["before 0", "after 1"]


def test_nothing_is_sent_before_its_time(outside: Outside) -> None:
    due(outside, "grace")
    assert not outside.send_one(NOW + timedelta(seconds=119))
    assert outside.send_one(NOW + timedelta(seconds=120))


def test_an_answer_that_was_lost_is_asked_for_and_never_posted_again(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.after = [Unsure("the answer was lost")]
    outside.send_one(NOW)
    assert again(outside, delivery).state is DeliveryState.UNSURE
    outside.send_one(NOW + HOUR)
    assert again(outside, delivery).state is DeliveryState.POSTED
    assert len(outside.net.posts) == 1


def test_a_request_that_was_lost_is_sent_again_under_the_same_key(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.before = [Unsure("the line broke")]
    outside.send_one(NOW)
    outside.send_one(NOW + HOUR)
    assert again(outside, delivery).state is DeliveryState.POSTED
    assert (outside.net.posts, outside.net.plans) == ({"k1": "A fox"}, 1)


def test_the_plan_is_stored_before_anything_is_sent(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.before = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        outside.send_one(NOW)
    stored = outside.store.attempts.last(delivery.id)
    assert stored is not None
    assert stored.plan == {"key": "k1"}


def test_a_crash_behind_the_write_is_repaired_by_the_next_start(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.after = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        outside.send_one(NOW)
    outside.store.attempts.recover(NOW)
    outside.send_one(NOW)
    assert again(outside, delivery).state is DeliveryState.POSTED
    assert len(outside.net.posts) == 1


def test_what_the_server_asks_to_wait_is_waited(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.before = [Retryable("too many requests", after=2 * HOUR)]
    outside.send_one(NOW)
    waiting = again(outside, delivery)
    assert (waiting.state, waiting.due_at) == (DeliveryState.SCHEDULED, NOW + 2 * HOUR)


def test_a_network_that_stays_away_for_a_day_holds_the_post_with_the_reason(
    outside: Outside,
) -> None:
    outside.if_later = Late.POST
    delivery = due(outside)
    outside.net.before = [Retryable("the server is away") for _ in range(200)]
    now = NOW
    while again(outside, delivery).state is DeliveryState.SCHEDULED:
        now = max(now + MINUTE, again(outside, delivery).due_at or now)
        outside.send_one(now)
    assert now - NOW <= timedelta(hours=25)
    assert "given up after" in outside.store.posts.get(delivery.post_id).reason


def test_a_refusal_holds_the_post_with_the_networks_reason(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.before = [Refused("the picture is too large")]
    outside.send_one(NOW)
    post = outside.store.posts.get(delivery.post_id)
    assert (post.state, post.reason) == (PostState.HELD, "sky: the picture is too large")


def test_a_logged_out_account_waits_and_the_other_goes_on(outside: Outside) -> None:
    first = due(outside, accounts=("sky", "fedi"))
    outside.net.before = [LoggedOut("the password was revoked")]
    while outside.send_one(NOW):
        pass
    deliveries = outside.store.deliveries.of_post(first.post_id)
    assert [d.state for d in deliveries] == [DeliveryState.SCHEDULED, DeliveryState.POSTED]
    outside.store.accounts.log_in("sky")
    outside.send_one(NOW)
    assert outside.store.posts.get(first.post_id).state is PostState.POSTED


def test_a_dry_run_needs_no_login(outside: Outside) -> None:
    dry = NewDelivery("sky", Words("A fox", ("a fox",)), "now", "bluesky", dry_run=True)
    real, tried = due(outside), due(outside, deliveries=(dry,), name="owl.png")
    outside.store.accounts.log_out("sky", "the password was revoked")
    assert outside.send_one(NOW)
    assert not outside.send_one(NOW)
    assert again(outside, tried).state is DeliveryState.POSTED
    assert again(outside, real).state is DeliveryState.SCHEDULED


def test_a_rendition_that_cannot_be_read_is_tried_later(outside: Outside) -> None:
    delivery = due(outside)
    outside.unreadable = True
    outside.send_one(NOW)
    assert again(outside, delivery).state is DeliveryState.SCHEDULED
    assert outside.net.plans == 0


def test_a_picture_that_is_another_by_now_is_not_sent(outside: Outside) -> None:
    delivery = due(outside)
    outside.replaced = True
    assert outside.send_one(NOW)
    assert again(outside, delivery) == delivery  # nothing was tried, and its time stays
    assert outside.net.plans == 0


def test_posts_take_the_slots_in_the_order_they_came(outside: Outside) -> None:
    outside.rules = (Slot.parse("19:30"),)
    days = [f"{due(outside, 'slot', name=f'{i}.png').due_at:%d %H:%M}" for i in range(3)]
    assert days == ["23 19:30", "24 19:30", "25 19:30"]


def test_a_slot_slept_through_moves_to_the_next_free_one(outside: Outside) -> None:
    outside.rules = (Slot.parse("19:30"),)
    delivery, behind = due(outside, "slot"), due(outside, "slot", name="b.png")
    outside.send_one(NOW + 12 * HOUR)
    moved = again(outside, delivery)
    assert moved.slot == "2026-11-25 19:30"
    assert again(outside, behind).slot == "2026-11-24 19:30"
    assert outside.net.posts == {}


def test_a_time_slept_through_without_slots_is_held_with_what_to_do(outside: Outside) -> None:
    delivery = due(outside)
    outside.send_one(NOW + 5 * HOUR)
    reason = outside.store.posts.get(delivery.post_id).reason
    assert "its time passed 5 hours ago" in reason
    assert f"postguard retry {delivery.post_id}" in reason


def test_how_late_a_post_is_is_told_in_days_where_it_is_days(outside: Outside) -> None:
    delivery = due(outside)
    outside.send_one(NOW + 60_497 * HOUR)
    assert "its time passed 2520 days ago" in outside.store.posts.get(delivery.post_id).reason


def test_late_posts_go_out_all_the_same_where_the_artist_said_so(outside: Outside) -> None:
    outside.if_later = Late.POST
    due(outside)
    outside.send_one(NOW + 100 * HOUR)
    assert outside.net.posts == {"k1": "A fox"}


def test_an_unforeseen_fault_leaves_the_delivery_where_it_is_looked_at_again(
    outside: Outside,
) -> None:
    delivery = due(outside)
    outside.net.after = [KeyError("commit")]
    with pytest.raises(KeyError):
        outside.send_one(NOW)
    assert again(outside, delivery).state is DeliveryState.UNSURE
    outside.send_one(NOW + HOUR)
    assert again(outside, delivery).state is DeliveryState.POSTED
    assert len(outside.net.posts) == 1


def test_a_fault_that_stays_holds_the_post_and_shows_no_foreign_words(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.before = [ValueError("eyJhbGciOi.secret.token") for _ in range(200)]
    now = NOW
    while again(outside, delivery).state is not DeliveryState.HELD:
        now = again(outside, delivery).due_at or now
        with pytest.raises(ValueError, match="token"):
            outside.send_one(now)
    reason = outside.store.posts.get(delivery.post_id).reason
    assert "ValueError" in reason
    assert "token" not in reason


def test_what_the_network_can_no_longer_give_is_held_before_anything_is_sent(
    outside: Outside,
) -> None:
    delivery = due(outside)
    outside.net.objects = ["every post on Bluesky is public; it cannot be private"]
    outside.send_one(NOW)
    assert "cannot be private" in outside.store.posts.get(delivery.post_id).reason
    assert (outside.net.plans, outside.net.posts) == (0, {})


def test_a_try_that_posted_nothing_is_dated_anew_by_the_next(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.before = [Retryable("no line"), Refused("too large")]
    for hours in (0, 1):
        outside.send_one(NOW + hours * HOUR)
    outside.store.wishes.release(delivery.post_id, NOW + 2 * HOUR)
    outside.store.posts.move_to(delivery.post_id, PostState.PROTECTED, NOW + 2 * HOUR)
    outside.publisher().plan(NOW + 2 * HOUR)
    outside.send_one(NOW + 2 * HOUR)
    assert outside.net.posts == {"k3": "A fox"}


def test_after_one_doubt_every_try_keeps_the_same_key(outside: Outside) -> None:
    due(outside)
    outside.net.before = [Unsure("the line broke"), Retryable("no line")]
    for hours in (0, 1, 2):
        outside.send_one(NOW + hours * HOUR)
    assert outside.net.posts == {"k1": "A fox"}


def test_a_slot_that_has_passed_is_not_planned_anew_but_follows_the_rule_for_late_posts(
    outside: Outside,
) -> None:
    outside.rules = (Slot.parse("19:30"),)
    delivery, behind = due(outside, "slot"), due(outside, "slot", name="b.png")
    awake = NOW + 8 * HOUR  # half an hour late
    assert outside.store.plans.unplan_all(awake) == 1
    assert again(outside, behind).state is DeliveryState.WAITING
    outside.send_one(awake)
    assert again(outside, delivery).state is DeliveryState.POSTED


def test_an_outage_longer_than_the_artist_allows_moves_the_post_to_its_next_slot(
    outside: Outside,
) -> None:
    outside.rules = (Slot.parse("19:30"),)
    delivery = due(outside, "slot")
    outside.net.before = [Retryable("the server is away") for _ in range(200)]
    now = NOW
    while again(outside, delivery).slot == "2026-11-23 19:30":
        now = max(now + MINUTE, again(outside, delivery).due_at or now)
        outside.send_one(now)
    assert again(outside, delivery).slot == "2026-11-24 19:30"
    assert timedelta(hours=10, minutes=30) < now - NOW < timedelta(hours=11, minutes=30)


def test_a_thousand_waiting_posts_each_get_a_slot_of_their_own(outside: Outside) -> None:
    outside.rules = (Slot.parse("19:30"),)
    for i in range(1000):
        protected_post(outside.store, name=f"{i}.png", asked="slot")
    while outside.publisher().plan(NOW):
        pass
    assert len(outside.store.plans.taken_slots("sky", "2026", "2030")) == 1000


def test_a_post_that_stands_otherwise_than_asked_is_never_sent_anew(outside: Outside) -> None:
    delivery = due(outside)
    outside.net.after = [Refused("it stands there without its picture", stands=True)]
    outside.send_one(NOW)
    assert outside.store.posts.went_out(delivery.post_id)
    outside.store.wishes.release(delivery.post_id, NOW)
    assert again(outside, delivery).state is DeliveryState.UNSURE
