from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.model import Draft, Json, Late, Receipt, Words
from postguard.publish import budget
from postguard.publish.budget import ALLOWANCES, MEDIA, Allowance
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside

TEN = Allowance(MEDIA, 10, 30 * MINUTE)  # of which 8 are ours


def wait(spent: list[tuple[datetime, int]], cost: int, now: datetime = NOW) -> timedelta:
    return budget.wait({MEDIA: spent}, {MEDIA: cost}, [TEN], now)


def test_what_is_there_may_be_spent_at_once() -> None:
    assert wait([], 8) == timedelta(0)
    assert wait([(NOW, 4)], 4) == timedelta(0)


def test_the_wait_lasts_until_enough_is_outside_the_window() -> None:
    spent = [(NOW - 20 * MINUTE, 3), (NOW - 10 * MINUTE, 3), (NOW - MINUTE, 2)]
    assert wait(spent, 3) == 10 * MINUTE
    assert wait(spent, 4) == 20 * MINUTE
    assert wait(spent, 3, NOW + 10 * MINUTE) == timedelta(0)


def test_what_costs_more_than_there_ever_is_goes_when_nothing_else_was_spent() -> None:
    assert wait([], 40) == timedelta(0)
    assert wait([(NOW, 1)], 40) == 30 * MINUTE


def test_the_longest_of_all_waits_counts() -> None:
    both = [TEN, Allowance("calls", 10, 5 * MINUTE)]
    spent = {MEDIA: [(NOW, 8)], "calls": [(NOW, 8)]}
    assert budget.wait(spent, {MEDIA: 1, "calls": 1}, both, NOW) == 30 * MINUTE
    assert budget.wait(spent, {"calls": 1}, both, NOW) == 5 * MINUTE


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 8)), max_size=40))
def test_in_no_window_is_more_spent_than_our_share(tries: list[tuple[int, int]]) -> None:
    spent: list[tuple[datetime, int]] = []
    for seconds, cost in tries:
        begun = spent[-1][0] if spent else NOW
        at = begun + timedelta(seconds=seconds)
        spent.append((at + wait(spent, cost, at), cost))
    for end, _ in spent:
        inside = [n for at, n in spent if end - TEN.within < at <= end]
        assert sum(inside) <= 8


def test_a_thread_costs_as_much_as_its_longest_could() -> None:
    long = Words("あ" * 1000, thread=True)
    assert budget.cost("mastodon", long, 2)["statuses"] == 4
    assert budget.cost("mastodon", Words(thread=True), 9)["statuses"] == 3
    assert budget.cost("mastodon", Words("あ" * 1000), 2)["statuses"] == 1


def test_a_network_without_limits_costs_nothing() -> None:
    assert budget.cost("preview", Words("A fox"), 4) == {}


@pytest.fixture
def outside(store: Store) -> Outside:
    return Outside(store, if_later=Late.HOLD)


class Counting:
    """What a server counts, in windows that begin with the clock."""

    def __init__(self, network: str) -> None:
        self.network = network
        self.counts: Counter[tuple[str, timedelta, int]] = Counter()

    def count(self, kind: str, points: int, now: datetime) -> None:
        for allowance in ALLOWANCES[self.network]:
            if allowance.kind == kind:
                window = int(now.timestamp() // allowance.within.total_seconds())
                self.counts[kind, allowance.within, window] += points
                assert self.counts[kind, allowance.within, window] <= allowance.points, "429"


@pytest.mark.parametrize(
    ("network", "pictures"), [("mastodon", 1), ("mastodon", 4), ("bluesky", 4)]
)
def test_a_hundred_posts_that_are_due_at_once_meet_no_limit_and_none_is_late(
    outside: Outside, network: str, pictures: int
) -> None:
    outside.kind, server = network, Counting(network)
    outside.pictures = pictures
    for i in range(100):
        protected_post(outside.store, name=f"{i}.png")
    while outside.publisher().plan(NOW):
        pass
    send, now = outside.net.send, NOW

    def counted(draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        server.count("media", len(draft.renditions), now)
        server.count("calls", 2 + 2 * len(draft.renditions), now)
        server.count("statuses", 1, now)
        server.count("writes", 9, now)
        return send(draft, plan)

    outside.net.send = counted  # type: ignore[method-assign]
    while len(outside.net.posts) < 100:
        if not outside.send_one(now):
            now += MINUTE
        assert now - NOW < timedelta(hours=12), "some were left behind"
    assert outside.store.deliveries.of_post(100)[0].state == "posted"


def test_a_try_is_noted_before_anything_is_sent(outside: Outside) -> None:
    """A crash in the middle must not make us forget that the server has counted it."""
    outside.kind = "mastodon"
    protected_post(outside.store)
    outside.publisher().plan(NOW)
    outside.net.before = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        outside.send_one(NOW)
    spent = outside.store.spending.spent("sky", ("media",), NOW - MINUTE, NOW)
    assert spent == {"media": [(NOW, 1)]}


def test_a_delivery_that_waits_for_the_allowance_has_not_been_tried(outside: Outside) -> None:
    outside.kind = "mastodon"
    outside.store.spending.spend("sky", {"media": 24}, NOW - MINUTE)
    post = protected_post(outside.store)
    outside.publisher().plan(NOW)
    assert outside.send_one(NOW)
    assert not outside.send_one(NOW)
    (delivery,) = outside.store.deliveries.of_post(post.id)
    assert (delivery.state, delivery.tries, delivery.due_at) == ("scheduled", 0, NOW)
    assert outside.send_one(NOW + 29 * MINUTE)
    assert outside.net.posts == {"k1": "A fox"}


def test_what_a_clock_that_ran_ahead_has_noted_silences_an_account_for_one_window(
    outside: Outside,
) -> None:
    """Else it would be silent until the true time has come so far."""
    outside.kind = "mastodon"
    outside.store.spending.spend("sky", {"media": 24}, NOW + timedelta(days=300))
    post = protected_post(outside.store)
    outside.publisher().plan(NOW)
    assert outside.send_one(NOW)
    assert outside.net.posts == {}
    outside.send_one(NOW + 31 * MINUTE)
    assert outside.store.deliveries.of_post(post.id)[0].state == "posted"
