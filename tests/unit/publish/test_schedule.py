from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.model import Late
from postguard.publish.schedule import (
    Due,
    existing,
    free_slots,
    lateness,
    next_try,
    plan,
)
from postguard.settings.values import Slot

BERLIN = ZoneInfo("Europe/Berlin")
# Whole-hour, half-hour and quarter-hour offsets; half-hour summer time; none; southern summers.
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Asia/Tokyo",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "America/Santiago",
        "Africa/Casablanca",
    )
]
GRACE = timedelta(minutes=2)


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def upcoming(rules: list[Slot], now: datetime, zone: ZoneInfo, until: datetime) -> list[Due]:
    return list(takewhile(lambda due: due.at <= until, free_slots(rules, now, zone, ())))


def first_slot(
    rules: list[Slot], now: datetime, zone: ZoneInfo, taken: Collection[str]
) -> Due | None:
    return next(free_slots(rules, now, zone, taken), None)


def slots(rule: str, start: str, days: int, zone: ZoneInfo = BERLIN) -> list[str]:
    now = local(start, zone)
    found = upcoming([Slot.parse(rule)], now, zone, now + timedelta(days=days))
    return [f"{d.slot} -> {d.at.astimezone(zone):%m-%d %H:%M%z}" for d in found]


def test_a_slot_in_the_repeated_hour_of_autumn_is_used_once_on_its_first_pass() -> None:
    assert slots("02:30", "2026-10-24T12:00", 2) == [
        "2026-10-25 02:30 -> 10-25 02:30+0200",
        "2026-10-26 02:30 -> 10-26 02:30+0100",
    ]


def test_between_the_two_passes_of_autumn_the_slot_is_over() -> None:
    between = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # 02:00 for the second time
    due = first_slot([Slot.parse("02:30")], between, BERLIN, ())
    assert due is not None
    assert due.slot == "2026-10-26 02:30"


def test_a_slot_in_the_gap_of_spring_moves_to_the_first_minute_that_exists() -> None:
    assert slots("02:30", "2026-03-28T12:00", 1) == ["2026-03-29 02:30 -> 03-29 03:00+0200"]


def test_half_an_hour_of_summer_time_moves_by_half_an_hour() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    assert slots("02:15", "2026-10-03T12:00", 1, zone) == ["2026-10-04 02:15 -> 10-04 02:30+1100"]


def test_weekdays_are_the_names_that_were_written() -> None:
    found = slots("mon..fri 19:30", "2026-11-20T20:00", 8)
    assert [s[:16] for s in found] == [
        "2026-11-23 19:30",
        "2026-11-24 19:30",
        "2026-11-25 19:30",
        "2026-11-26 19:30",
        "2026-11-27 19:30",
    ]


def test_several_rules_come_in_the_order_of_their_times() -> None:
    rules = [Slot.parse("sat,sun 10:00 21:00"), Slot.parse("fri 19:30")]
    now = local("2026-11-20T12:00")
    found = upcoming(rules, now, BERLIN, now + timedelta(days=2))
    assert [d.slot for d in found] == [
        "2026-11-20 19:30",
        "2026-11-21 10:00",
        "2026-11-21 21:00",
        "2026-11-22 10:00",
    ]


def test_a_taken_slot_is_left_out() -> None:
    taken = {"2026-11-20 19:30"}
    due = first_slot([Slot.parse("19:30")], local("2026-11-20T12:00"), BERLIN, taken)
    assert due is not None
    assert due.slot == "2026-11-21 19:30"


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
)
def test_slots_are_ahead_in_order_once_a_day_and_at_minutes_that_exist(
    zone: ZoneInfo, day: date, hour: int, minute: int
) -> None:
    now = datetime(day.year, day.month, day.day, 11, 7, 3, tzinfo=UTC)
    found = upcoming([Slot.parse(f"{hour:02d}:{minute:02d}")], now, zone, now + timedelta(days=5))
    assert len({d.slot for d in found}) == len(found) in {4, 5, 6}
    assert [d.at for d in found] == sorted({d.at for d in found})
    for due in found:
        assert due.at > now
        wall = due.at.astimezone(zone)
        asked = datetime.fromisoformat(str(due.slot))
        shift = wall.replace(tzinfo=None) - asked
        assert timedelta(0) <= shift <= timedelta(hours=1)
        if shift:  # then the minute before does not exist either
            before = (due.at - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
            assert before < asked


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    wall=st.datetimes(datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2030-12-31")),
)
def test_a_wall_time_that_exists_is_kept(zone: ZoneInfo, wall: datetime) -> None:
    wall = wall.replace(second=0, microsecond=0)
    there = existing(wall, zone)
    back = there.astimezone(zone).replace(tzinfo=None)
    assert back >= wall
    if wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
        assert back == wall


@pytest.mark.parametrize(
    ("asked", "rules", "expected"),
    [
        ("now", (), "12:00:00"),
        ("slot", (), "12:02:00"),
        ("grace", (), "12:02:00"),
        ("slot", (Slot.parse("19:30"),), "19:30:00"),
        ("grace", (Slot.parse("19:30"),), "12:02:00"),
        ("2026-11-23T15:45:00+00:00", (Slot.parse("19:30"),), "15:45:00"),
        ("2026-11-24T00:45:00+09:00", (), "15:45:00"),
        ("place 2026-11-23T15:45:00+00:00", (Slot.parse("19:30"),), "15:45:00"),
    ],
)
def test_what_was_asked_decides_the_due_time(
    asked: str, rules: tuple[Slot, ...], expected: str
) -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    slots = free_slots(rules, now, ZoneInfo("UTC"))
    due = plan(asked, now, grace=GRACE, slot=lambda _: next(slots, None))
    assert f"{due.at:%H:%M:%S}" == expected
    assert due.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("hours", "policy", "act"),
    [
        (2, Late.HOLD, Late.POST),
        (4, Late.HOLD, Late.HOLD),
        (4, Late.NEXT_SLOT, Late.NEXT_SLOT),
        (4, Late.POST, Late.POST),
        (-1, Late.HOLD, Late.POST),
    ],
)
def test_lateness_follows_the_policy_only_behind_its_limit(
    hours: int, policy: Late, act: Late
) -> None:
    due = datetime(2026, 11, 23, tzinfo=UTC)
    late = lateness(due, due + timedelta(hours=hours), timedelta(hours=3), policy)
    assert late.act is act


@given(
    tries=st.integers(1, 10_000),
    jitter=st.floats(0, 1, exclude_max=True),
    after=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)),
)
def test_waits_between_tries_grow_to_an_hour_and_never_undercut_the_server(
    tries: int, jitter: float, after: timedelta | None
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    wait = next_try(now, tries, after, jitter) - now
    assert timedelta(seconds=22) <= wait <= max(timedelta(hours=1), after or timedelta(0))
    assert wait >= (after or timedelta(0))
