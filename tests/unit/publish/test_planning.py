"""Free slots are found without reading all that are taken, and are those that reading finds."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from postguard.app.moving import move
from postguard.errors import Retryable, Unusable
from postguard.model import Delivery, DeliveryState, Late, NewDelivery, PostState, Words
from postguard.publish import schedule
from postguard.publish.planning import Timing
from postguard.settings.values import Slot
from postguard.store import Store, open_store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVE = datetime(2026, 10, 23, 20, tzinfo=UTC)  # two nights before Berlin's clocks go back
RULES = {
    "daily": ("19:30",),
    "twice": ("10:00 21:00",),
    "nights": ("02:15", "02:30 03:00"),
    "weekly": ("mon 08:00", "sat,sun 10:00"),
    "overlapping": ("mon..fri 19:30", "19:30"),
    "none": (),
}
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Australia/Lord_Howe")]
MOST = 14


@dataclass
class Asked(Outside):
    """An account whose rules the test changes."""

    own: Timing | None = None

    def timing(self, account: str) -> Timing:
        return self.own or Outside.timing(self, account)


def plainly(store: Store, waiting: list[Delivery], now: datetime, timing: Timing) -> list[object]:
    """Plan in the plain way, by all that is taken and planned: (due, slot) of each delivery."""
    slots = "SELECT account, slot FROM deliveries WHERE slot IS NOT NULL"
    taken = {(r[0], r[1]) for r in store.db.rows(slots)}
    times = {name: list(store.plans.planned(name, EVE - 999 * DAY, 0)) for name in ("sky", "fedi")}
    found = list[object]()
    for each in waiting:
        wish, _, key = each.asked.partition(" ")
        behind = max(now, (each.not_before or now) - timedelta(seconds=1))
        free = (
            due
            for due in schedule.free_slots(timing.rules, behind, timing.zone)
            if (each.account, due.slot) not in taken and (due.slot or "") >= key
        )
        if wish == "slot" and timing.rules:
            due = next(free)
            taken.add((each.account, due.slot))
        elif wish == "place":
            due = schedule.Due(datetime.fromisoformat(key))
        else:
            due = schedule.Due(now if wish == "now" else now + timing.grace)
        due = schedule.jittered(due, timing.jitter, each.id)
        at = max(due.at, each.not_before or due.at)
        if timing.spacing:
            at = schedule.spaced(at, sorted(times[each.account]), timing.spacing)
        times[each.account].append(at)
        found.append((at, due.slot))
    return found


class Plans(RuleBasedStateMachine):
    """The queues of two accounts, with everything that takes and frees their slots."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "state" / "a.db"
        self.store = open_store(self.path)
        self.now, self.count = EVE, 0
        self.outside = Asked(self.store)

    @initialize(name=st.sampled_from(sorted(RULES)), zone=st.sampled_from(ZONES))
    def begin(self, name: str, zone: ZoneInfo) -> None:
        self.outside.own = replace(self.outside.timing("sky"), zone=zone)
        self.change_rules(name)

    @rule(
        asked=st.sampled_from(["slot", "slot", "slot", "slot 2026-10-25 02:30", "now", "grace"]),
        earliest=st.none() | st.integers(0, 6),
        many=st.integers(1, 5),
        planned=st.booleans(),
    )
    def drop(self, asked: str, earliest: int | None, many: int, planned: bool) -> None:
        at = None if earliest is None else EVE + earliest * DAY
        for _ in range(min(many, MOST - self.count)):
            self.count += 1
            deliveries = tuple(
                NewDelivery(name, Words(), asked, "b", not_before=at) for name in ("sky", "fedi")
            )
            protected_post(self.store, name=f"{self.count}.png", deliveries=deliveries)
        if planned:
            self.plan()

    @rule()
    def plan(self) -> None:
        """What is planned, is planned as the plain way plans it."""
        own = self.outside.own
        assert own is not None
        while waiting := self.store.deliveries.unplanned():
            expected = plainly(self.store, waiting, self.now, own)
            with self.store.db.change():
                self.outside.publisher().plan(self.now)
            after = [self.store.deliveries.get(d.id) for d in waiting]
            assert [(d.due_at, d.slot) for d in after] == expected

    @rule(name=st.sampled_from(sorted(RULES)))
    def change_rules(self, name: str) -> None:
        self.set(rules=tuple(Slot.parse(text) for text in RULES[name]))

    @rule(zone=st.sampled_from(ZONES))
    def change_zone(self, zone: ZoneInfo) -> None:
        self.set(zone=zone)

    @rule(minutes=st.sampled_from([0, 0, 7, 90]), jitter=st.booleans())
    def change_spacing(self, minutes: int, jitter: bool) -> None:
        self.set(spacing=minutes * MINUTE, jitter=timedelta(hours=jitter))

    def set(self, **values: object) -> None:
        assert self.outside.own is not None
        self.outside.own = replace(self.outside.own, **values)  # type: ignore[arg-type]

    @rule(hours=st.sampled_from([1, 2, 5, 24, 60, -1, -30]))
    def let_time_pass(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule()
    def deal_out_anew(self) -> None:
        self.store.plans.unplan_all(self.now)

    @rule()
    def restart(self) -> None:
        self.store.db.close()
        self.store = self.outside.store = open_store(self.path)

    @precondition(lambda self: self.count)
    @rule(number=st.integers(0, 2 * MOST), how=st.sampled_from(["cancel", "ask", "due", "hold"]))
    def free_a_slot(self, number: int, how: str) -> None:
        delivery = self.store.deliveries.get(number % (2 * self.count) + 1)
        ways: dict[str, Callable[[], object]] = {
            "cancel": lambda: self.store.wishes.cancel(delivery, self.now),
            "ask": lambda: self.store.wishes.ask(delivery.id, "slot"),
            "due": lambda: self.store.wishes.make_due(delivery.post_id, self.now),
            "hold": lambda: self.hold_and_release(delivery),
        }
        ways[how]()

    def hold_and_release(self, delivery: Delivery) -> None:
        if delivery.state is DeliveryState.SCHEDULED:
            self.store.attempts.hold(delivery.id, "too large", self.now)
            self.store.wishes.release(delivery.post_id, self.now)
            self.store.posts.move_to(delivery.post_id, PostState.PROTECTED, self.now)

    @precondition(lambda self: self.count)
    @rule(number=st.integers(0, MOST), word=st.sampled_from(["first", "last", "up", "down"]))
    def change_places(self, number: int, word: str) -> None:
        with suppress(Unusable):
            move(self.store, number % self.count + 1, word, None, UTC, self.now)

    def teardown(self) -> None:
        self.plan()
        self.store.db.close()
        self.folder.cleanup()


TestPlans = Plans.TestCase
TestPlans.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def in_slots(outside: Outside, count: int) -> None:
    """Give the slots of so many evenings to as many posts."""
    for number in range(count):
        protected_post(outside.store, name=f"{number}.png", asked="slot")
    while outside.publisher().plan(NOW):
        pass


@pytest.fixture
def outside(store: Store) -> Outside:
    return Outside(store, rules=(Slot.parse("19:30"),))


_NUMBERS = itertools.count()


def steps(outside: Outside, act: Callable[[], object]) -> int:
    """Return how many hundreds of SQLite's steps an act takes."""
    counted = list[None]()
    with outside.store.db.change() as db:
        db.set_progress_handler(lambda: counted.append(None), 100)
        act()
        db.set_progress_handler(None, 0)
    return len(counted)


def next_post(outside: Outside) -> str:
    """Plan a fresh post; return its slot."""
    post = protected_post(outside.store, name=f"{next(_NUMBERS)}", asked="slot")
    outside.publisher().plan(NOW)
    return str(outside.store.deliveries.of_post(post.id)[0].slot)


def test_the_end_of_a_long_queue_is_found_as_quickly_as_that_of_a_short_one(
    outside: Outside,
) -> None:
    in_slots(outside, 40)
    short = steps(outside, lambda: next_post(outside))
    in_slots(outside, 400)
    assert steps(outside, lambda: next_post(outside)) <= short * 1.5


def test_a_slot_that_becomes_free_is_the_next_that_is_given(outside: Outside) -> None:
    in_slots(outside, 40)
    next_post(outside)
    freed = outside.store.deliveries.of_post(7)[0]
    outside.store.wishes.ask(freed.id, (NOW + HOUR).isoformat())
    outside.publisher().plan(NOW)
    assert next_post(outside) == freed.slot == "2026-11-29 19:30"
    assert next_post(outside) == "2027-01-03 19:30"


def test_a_slot_that_the_new_rules_have_is_seen_though_the_old_ones_had_it_not(
    outside: Outside,
) -> None:
    in_slots(outside, 9)
    next_post(outside)
    outside.rules = (Slot.parse("10:00 19:30"),)
    assert next_post(outside) == "2026-11-24 10:00"


@pytest.mark.parametrize(
    "asked", ["tomorrow", "slot tomorrow", "9999-12-31T23:59:00-09:00", "slot 9999-12-31 19:31"]
)
def test_a_delivery_that_asks_for_no_time_is_held_and_keeps_no_other_waiting(
    outside: Outside, asked: str
) -> None:
    wrong = protected_post(outside.store, name="a.png", asked=asked)
    right = protected_post(outside.store, name="b.png", asked="slot")
    outside.publisher().plan(NOW)
    held = outside.store.posts.get(wrong.id)
    assert held.state is PostState.HELD
    assert asked in held.reason
    assert f"postguard move {wrong.id} slot" in held.reason
    (delivery,) = outside.store.deliveries.of_post(right.id)
    assert delivery.state is DeliveryState.SCHEDULED


def test_what_was_held_for_its_time_goes_on_with_another(outside: Outside) -> None:
    post = protected_post(outside.store, asked="tomorrow")
    outside.publisher().plan(NOW)
    move(outside.store, post.id, "slot", None, UTC, NOW)
    outside.store.wishes.release(post.id, NOW)
    outside.store.posts.move_to(post.id, PostState.PROTECTED, NOW)
    outside.publisher().plan(NOW)
    assert outside.store.deliveries.of_post(post.id)[0].slot == "2026-11-23 19:30"


def test_what_a_clock_that_ran_ahead_timed_is_timed_anew_when_it_is_right_again(
    store: Store,
) -> None:
    outside, ahead = Outside(store), NOW + timedelta(days=300)
    post = protected_post(store, asked="grace")
    outside.publisher().plan(ahead)
    store.plans.unplan_all(NOW)
    outside.publisher().plan(NOW)
    (delivery,) = store.deliveries.of_post(post.id)
    assert delivery.due_at is not None
    assert delivery.due_at - NOW < timedelta(hours=1)


def test_a_try_that_a_clock_that_ran_ahead_put_off_is_made_soon(store: Store) -> None:
    outside, ahead = Outside(store, if_later=Late.POST), NOW + timedelta(days=300)
    post = protected_post(store)
    outside.publisher().plan(NOW)
    outside.net.before = [Retryable("no line")]
    outside.send_one(ahead)
    store.plans.unplan_all(NOW)
    (delivery,) = store.deliveries.of_post(post.id)
    assert delivery.due_at is not None
    assert delivery.due_at - NOW <= timedelta(hours=1)
