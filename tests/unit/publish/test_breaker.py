from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.errors import LoggedOut, Refused, Retryable, Unsure
from postguard.model import Delivery, DeliveryState, Late, NewDelivery, Words
from postguard.publish import breaker
from postguard.settings.values import Slot
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(3, 1), (4, 2), (5, 4), (6, 8), (8, 32), (9, 60), (1000, 60)]
)
def test_the_third_failure_in_a_row_makes_the_account_wait_and_each_more_doubles_it(
    failures: int, minutes: int
) -> None:
    assert breaker.wait(failures, 1.0) == minutes * MINUTE


def test_two_failures_are_put_down_to_chance() -> None:
    assert [breaker.wait(n, 0.5) for n in (0, 1, 2)] == [None, None, None]


@given(st.integers(3, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_longer_than_an_hour_nor_shorter_than_three_quarters_of_its_own(
    failures: int, jitter: float
) -> None:
    wait = breaker.wait(failures, jitter)
    longest = breaker.wait(failures, 1.0)
    assert wait is not None
    assert longest is not None
    assert 0.75 * longest <= wait <= longest <= HOUR


@pytest.fixture
def outside(store: Store) -> Outside:
    return Outside(store, if_later=Late.POST)


def queue(outside: Outside, count: int, account: str = "sky") -> list[Delivery]:
    """Deliveries that are all due now."""
    posts = [
        protected_post(outside.store, name=f"{account}{i}.png", accounts=(account,))
        for i in range(count)
    ]
    outside.publisher().plan(NOW)
    return [d for post in posts for d in outside.store.deliveries.of_post(post.id)]


def waiting(outside: Outside) -> set[str]:
    return outside.store.accounts.waiting(outside.time)


def test_a_server_that_is_away_is_not_asked_once_for_each_delivery(outside: Outside) -> None:
    queue(outside, 20)
    outside.net.before = [Retryable("the server is away") for _ in range(20)]
    while outside.send_one(NOW):
        pass
    assert len(outside.net.before) == 17
    assert waiting(outside) == {"sky"}


def test_one_delivery_tries_its_luck_and_the_others_follow_when_it_got_through(
    outside: Outside,
) -> None:
    queue(outside, 6)
    outside.net.before = [Unsure("502") for _ in range(4)]
    while outside.send_one(NOW):
        pass
    while outside.send_one(NOW + MINUTE):
        pass
    assert (outside.net.posts, outside.net.before) == ({}, [])
    while outside.send_one(NOW + 5 * MINUTE):
        pass
    assert len(outside.net.posts) == 6
    assert waiting(outside) == set()


def test_the_other_account_goes_on(outside: Outside) -> None:
    queue(outside, 3)
    outside.net.before = [Retryable("the server is away") for _ in range(3)]
    while outside.send_one(NOW):
        pass
    queue(outside, 3, "fedi")
    while outside.send_one(NOW):
        pass
    assert len(outside.net.posts) == 3


def test_failures_that_are_not_in_a_row_stop_nothing(outside: Outside) -> None:
    queue(outside, 9)
    for _ in range(3):
        outside.net.before = [Retryable("a hiccup"), Retryable("a hiccup")]
        while outside.net.before:
            assert outside.send_one(NOW)
        assert outside.send_one(NOW)
    assert waiting(outside) == set()


@pytest.mark.parametrize(
    "fault", [Refused("too large"), LoggedOut("revoked")], ids=lambda f: type(f).__name__
)
def test_what_is_no_fault_of_the_server_is_not_held_against_it(
    outside: Outside, fault: Exception
) -> None:
    queue(outside, 4)
    for _ in range(4):
        outside.net.before = [fault]
        outside.send_one(NOW)
        outside.store.accounts.log_in("sky")
    assert waiting(outside) == set()


def test_a_picture_that_cannot_be_read_is_not_held_against_the_server(outside: Outside) -> None:
    queue(outside, 4)
    outside.unreadable = True
    while outside.send_one(NOW):
        pass
    assert waiting(outside) == set()


def test_what_the_server_asks_to_wait_holds_for_the_whole_account(outside: Outside) -> None:
    queue(outside, 5)
    outside.net.before = [Retryable("too many requests", after=10 * MINUTE)]
    while outside.send_one(NOW):
        pass
    assert outside.net.posts == {}
    assert not outside.send_one(NOW + 9 * MINUTE)
    while outside.send_one(NOW + 10 * MINUTE):
        pass
    assert len(outside.net.posts) == 5


def test_a_dry_run_that_fails_stops_no_account(outside: Outside) -> None:
    dry = NewDelivery("sky", Words("A fox", ("a fox",)), "now", "bluesky", dry_run=True)
    for i in range(4):
        protected_post(outside.store, name=f"{i}.png", deliveries=(dry,))
    outside.publisher().plan(NOW)
    outside.net.before = [Retryable("drawing took too long", after=HOUR) for _ in range(4)]
    while outside.send_one(NOW):
        pass
    assert waiting(outside) == set()


def test_a_wait_that_the_server_asked_for_makes_no_post_late(outside: Outside) -> None:
    """Its time had come and the PC was awake: only the server wanted it otherwise."""
    outside.if_later = Late.HOLD
    first, second = queue(outside, 2)
    outside.net.before = [Retryable("too many requests", after=5 * HOUR)]
    outside.send_one(NOW)
    while outside.send_one(NOW + 5 * HOUR):
        pass
    assert [outside.store.deliveries.get(d.id).state for d in (first, second)] == [
        DeliveryState.POSTED
    ] * 2


def test_sleeping_through_the_end_of_such_a_wait_makes_it_late(outside: Outside) -> None:
    outside.if_later = Late.HOLD
    first, second = queue(outside, 2)
    outside.net.before = [Retryable("too many requests", after=HOUR)]
    outside.send_one(NOW)
    outside.send_one(NOW + 6 * HOUR)
    assert outside.store.deliveries.get(first.id).state is DeliveryState.SCHEDULED
    assert outside.store.deliveries.get(second.id).state is DeliveryState.HELD


def test_a_wait_noted_by_a_clock_that_ran_ahead_is_no_wait(outside: Outside) -> None:
    outside.store.accounts.wait("sky", NOW + 400 * 24 * HOUR)
    queue(outside, 1)
    assert outside.send_one(NOW)


def test_an_outage_still_moves_a_post_to_its_next_slot(outside: Outside) -> None:
    outside.if_later, outside.rules = Late.NEXT_SLOT, (Slot.parse("12:01"),)
    post = protected_post(outside.store, asked="slot")
    outside.publisher().plan(NOW)
    outside.net.before = [Retryable("the server is away") for _ in range(100)]
    now = NOW
    while (delivery := outside.store.deliveries.of_post(post.id)[0]).slot == "2026-11-23 12:01":
        now = max(now + MINUTE, delivery.due_at or now)
        outside.send_one(now)
    assert delivery.slot == "2026-11-24 12:01"
    assert 3 * HOUR < now - NOW < 5 * HOUR
