"""Two posts of one account keep their distance, whatever their times are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postguard.errors import Unsure
from postguard.model import DeliveryState, Late, NewDelivery, PostState, Words
from postguard.publish.planning import Timing
from postguard.publish.schedule import Due, jittered, spaced
from postguard.settings.values import Slot
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside

HOUR = timedelta(hours=1)


@dataclass
class Apart(Outside):
    """An account whose posts keep an hour's distance."""

    spacing: timedelta = HOUR
    jitter: timedelta = timedelta(0)

    def timing(self, account: str) -> Timing:
        return replace(Outside.timing(self, account), spacing=self.spacing, jitter=self.jitter)


@pytest.fixture
def outside(store: Store) -> Apart:
    return Apart(store)


def planned(outside: Apart, asked: str = "now", now: datetime = NOW, **fields: object) -> int:
    """Return the id of the planned delivery of a fresh post."""
    name = f"{outside.store.posts.counts()}"
    post = protected_post(outside.store, name=name, asked=asked, now=now, **fields)
    outside.publisher().plan(now)
    return outside.store.deliveries.of_post(post.id)[0].id


def due(outside: Apart, delivery: int) -> timedelta:
    at = outside.store.deliveries.get(delivery).due_at
    assert at is not None
    return at - NOW


def sent(outside: Apart, until: datetime, step: timedelta = MINUTE) -> list[timedelta]:
    """Let time pass from NOW on; return when something was posted."""
    found, now = list[timedelta](), NOW
    while now <= until:
        before = len(outside.net.posts)
        while outside.send_one(now):
            pass
        found += [now - NOW] * (len(outside.net.posts) - before)
        now += step
    return found


def test_posts_that_ask_for_one_time_are_planned_one_behind_the_other(outside: Apart) -> None:
    at = (NOW + 5 * HOUR).isoformat()
    assert [due(outside, planned(outside, at)) / HOUR for _ in range(3)] == [5, 6, 7]


def test_a_post_takes_the_gap_between_two_others(outside: Apart) -> None:
    for hours in (1, 3, 3.5):
        planned(outside, (NOW + hours * HOUR).isoformat())
    assert due(outside, planned(outside, (NOW + 1.5 * HOUR).isoformat())) == 2 * HOUR
    assert due(outside, planned(outside, (NOW + 2.5 * HOUR).isoformat())) == 5 * HOUR


def test_a_slot_too_near_to_another_post_is_moved(outside: Apart) -> None:
    planned(outside, (NOW + 30 * MINUTE).isoformat())
    outside.rules = (Slot.parse("13:00"),)
    assert due(outside, planned(outside, "slot")) == 90 * MINUTE


def test_after_a_sleep_what_is_due_goes_out_one_by_one(outside: Apart) -> None:
    outside.spacing = timedelta(0)
    for minutes in range(4):
        planned(outside, (NOW - minutes * MINUTE).isoformat())
    outside.spacing = HOUR
    assert sent(outside, NOW + 8 * HOUR) == [HOUR * n for n in range(4)]


def test_waiting_for_its_turn_makes_no_post_late(outside: Apart) -> None:
    """Else the fifth of a queue would be held, as if the PC had slept."""
    outside.if_later, outside.spacing = Late.HOLD, timedelta(0)
    for _ in range(6):
        planned(outside)
    outside.spacing = HOUR
    assert len(sent(outside, NOW + 6 * HOUR)) == 6


def test_a_post_made_due_by_hand_keeps_the_distance_too(outside: Apart) -> None:
    planned(outside)
    later = planned(outside, (NOW + 9 * HOUR).isoformat())
    outside.store.wishes.make_due(outside.store.deliveries.get(later).post_id, NOW)
    assert sent(outside, NOW + 2 * HOUR) == [timedelta(0), HOUR]


def test_what_may_have_been_posted_keeps_others_away(outside: Apart) -> None:
    outside.net.after = [Unsure("the answer was lost")]
    planned(outside)
    outside.send_one(NOW)
    other = planned(outside, now=NOW + MINUTE)
    assert due(outside, other) >= HOUR


def test_a_clock_that_ran_ahead_does_not_silence_the_account(outside: Apart) -> None:
    year = timedelta(days=365)
    planned(outside, now=NOW + year)
    outside.send_one(NOW + year)
    assert due(outside, planned(outside)) == HOUR


def test_what_was_taken_away_or_is_held_keeps_no_time_free(outside: Apart) -> None:
    at = (NOW + 5 * HOUR).isoformat()
    for state in (PostState.WITHDRAWN, PostState.HELD):
        gone = outside.store.deliveries.get(planned(outside, at))
        outside.store.posts.move_to(gone.post_id, state, NOW)
    assert due(outside, planned(outside, at)) == 5 * HOUR


def test_the_other_account_is_not_kept_waiting(outside: Apart) -> None:
    protected_post(outside.store, accounts=("sky", "fedi"))
    outside.publisher().plan(NOW)
    assert sent(outside, NOW) == [timedelta(0)] * 2


def test_a_dry_run_neither_waits_nor_keeps_others_waiting(outside: Apart) -> None:
    dry = NewDelivery("sky", Words("A fox", ("a fox",)), "now", "bluesky", dry_run=True)
    planned(outside, deliveries=(dry,))
    planned(outside)
    planned(outside, deliveries=(dry,))
    assert sent(outside, NOW) == [timedelta(0)] * 3


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    asked=st.lists(st.integers(-120, 400), min_size=2, max_size=6),
    awake=st.integers(0, 150),
    spacing=st.integers(1, 90),
)
def test_no_two_posts_are_nearer_than_the_spacing(
    tmp_path_factory: pytest.TempPathFactory, asked: list[int], awake: int, spacing: int
) -> None:
    """Whatever was asked for, and however long the PC slept after it was planned."""
    from postguard.store import open_store

    store = open_store(tmp_path_factory.mktemp("apart") / "a.db")
    outside = Apart(store, if_later=Late.POST, spacing=spacing * MINUTE)
    for minutes in asked:
        planned(outside, (NOW + minutes * MINUTE).isoformat(), now=NOW - awake * MINUTE)
    times = sent(outside, NOW + 1100 * MINUTE, 3 * MINUTE)
    assert len(times) == len(asked)
    assert all(b - a >= spacing * MINUTE for a, b in pairwise(times))
    store.db.close()


@given(
    at=st.integers(0, 500),
    others=st.lists(st.integers(0, 500), max_size=20).map(sorted),
    spacing=st.integers(1, 60),
)
def test_the_first_free_time_is_free_and_the_first(
    at: int, others: list[int], spacing: int
) -> None:
    found = spaced(NOW + at * MINUTE, [NOW + o * MINUTE for o in others], spacing * MINUTE)
    minutes = (found - NOW) // MINUTE

    def free(minute: int) -> bool:
        return all(abs(minute - other) >= spacing for other in others)

    assert free(minutes)
    assert not any(free(minute) for minute in range(at, minutes))


def test_jitter_moves_a_slot_once_and_by_less_than_it_may(outside: Apart) -> None:
    outside.rules, outside.jitter, outside.spacing = (Slot.parse("13:00"),), HOUR, timedelta(0)
    found = [due(outside, planned(outside, "slot")) % timedelta(days=1) for _ in range(20)]
    assert all(HOUR <= moved < 2 * HOUR for moved in found)
    assert len(set(found)) > 15
    first = outside.store.deliveries.get(1)
    outside.store.plans.unplan_all(NOW)
    outside.publisher().plan(NOW)
    assert outside.store.deliveries.get(1).due_at == first.due_at


def test_jitter_leaves_a_time_that_was_asked_for_alone() -> None:
    assert jittered(Due(NOW), HOUR, 7) == Due(NOW)


def test_nothing_goes_out_before_the_earliest_time(outside: Apart) -> None:
    words, earliest = Words("A fox", ("a fox",)), NOW + 30 * HOUR
    outside.rules = (Slot.parse("18:00"), Slot.parse("13:00"))
    for asked in ("now", "grace", "slot", (NOW + HOUR).isoformat()):
        outside.spacing = timedelta(0)
        new = NewDelivery("sky", words, asked, "bluesky", not_before=earliest)
        delivery = planned(outside, deliveries=(new,))
        assert due(outside, delivery) == 30 * HOUR
    assert outside.store.deliveries.get(3).slot == "2026-11-24 18:00"


def test_a_slot_before_the_earliest_time_of_one_post_is_left_to_the_next(outside: Apart) -> None:
    outside.rules = (Slot.parse("18:00"),)
    late = NewDelivery("sky", Words(), "slot", "b", not_before=NOW + timedelta(days=2))
    protected_post(outside.store, name="a", deliveries=(late,))
    protected_post(outside.store, name="b", asked="slot")
    outside.publisher().plan(NOW)
    slots = [outside.store.deliveries.get(n).slot for n in (1, 2)]
    assert slots == ["2026-11-25 18:00", "2026-11-23 18:00"]
    assert outside.store.deliveries.get(1).state is DeliveryState.SCHEDULED
