"""The estimate of what is left of a step: silent while it cannot know, then steady."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postguard.protect.estimating import Estimate

# (fraction of the step done, seconds that it took) of one reading after another
READINGS = st.lists(
    st.tuples(st.floats(0.001, 0.05), st.floats(0.05, 60.0)), min_size=2, max_size=19
)
PACES = st.floats(1.0, 3000.0)  # seconds for the whole step


def heard(steps: list[tuple[float, float]], start: float = 0.0, loading: float = 0.0) -> Estimate:
    """An estimate that heard `start` when the models were loaded, then each of the steps."""
    estimate = Estimate().after(start, loading)
    for done, took in steps:
        estimate = estimate.after((estimate.fraction or 0.0) + done, estimate.seconds + took)
    return estimate


def at_pace(pace: float, shares: list[float]) -> list[tuple[float, float]]:
    return [(share, share * pace) for share in shares]


def test_nothing_is_said_before_two_readings() -> None:
    assert Estimate().seconds_left is None
    assert Estimate().after(0.3, 9.0).seconds_left is None


def test_nothing_is_said_while_nothing_moves() -> None:
    assert Estimate().after(0.0, 0.0).after(0.0, 40.0).seconds_left is None


def test_nothing_is_said_of_a_moment() -> None:
    assert Estimate().after(0.0, 0.0).after(0.1, 0.01).seconds_left is None


def test_what_is_done_has_nothing_left() -> None:
    assert Estimate().after(0.0, 0.0).after(1.0, 0.01).seconds_left == 0


@given(PACES, st.lists(st.floats(0.01, 0.05), min_size=1, max_size=19), st.floats(0, 60))
def test_at_one_pace_it_is_right_whenever_it_speaks_however_long_the_models_loaded(
    pace: float, shares: list[float], loading: float
) -> None:
    estimate = heard(at_pace(pace, shares), loading=loading)
    left = estimate.seconds_left
    if estimate.took < 0.5:
        assert left is None
    else:
        assert left == pytest.approx((1 - sum(shares)) * pace, rel=1e-6)


@given(READINGS)
def test_it_stays_between_the_fastest_and_the_slowest_that_was_seen(
    steps: list[tuple[float, float]],
) -> None:
    estimate = heard(steps)
    assert estimate.fraction is not None
    paces = [took / done for done, took in steps]
    rest = 1 - estimate.fraction
    if estimate.seconds_left is not None:
        assert rest * min(paces) * 0.999 <= estimate.seconds_left
        assert estimate.seconds_left <= rest * max(paces) * 1.001


@given(PACES, st.floats(0.25, 4.0))
def test_one_odd_reading_among_even_ones_hardly_moves_it(pace: float, odd: float) -> None:
    """Ten readings within a few seconds weigh ten times as much as the one that follows."""
    share = min(0.05, 1.0 / pace)
    even = heard(at_pace(pace, [share] * 10))
    before = even.seconds_left
    after = heard([*at_pace(pace, [share] * 10), (share, share * pace * odd)]).seconds_left
    if before is not None and after is not None:
        assert abs(after / before - 1) < 0.45


@given(PACES, st.floats(0.2, 5.0))
def test_a_new_pace_that_stays_is_believed_within_a_minute(pace: float, change: float) -> None:
    slower = pace * change
    first = at_pace(pace, [0.2 / 20] * 20)
    share = 60.0 / slower / 30  # a minute in thirty readings
    assume(30 * share < 0.7)
    left = heard([*first, *at_pace(slower, [share] * 30)]).seconds_left
    assert left == pytest.approx((0.8 - 30 * share) * slower, rel=0.3)


def test_at_one_pace_it_only_ever_falls() -> None:
    readings = itertools.accumulate([0.05] * 20)
    estimate, lefts = Estimate().after(0.0, 8.0), []
    for fraction in readings:
        estimate = estimate.after(min(fraction, 1.0), 8.0 + fraction * 40)
        lefts.append(estimate.seconds_left)
    told = [left for left in lefts if left is not None]
    assert len(told) == 20
    assert told == sorted(told, reverse=True)


@given(READINGS)
def test_a_step_that_is_done_again_begins_anew(steps: list[tuple[float, float]]) -> None:
    """The engine does it again in less memory, and at another pace."""
    again = heard(steps).after(0.0, 500.0)
    assert again.seconds_left is None
    assert again.after(0.5, 510.0).seconds_left == pytest.approx(10.0)


@given(READINGS, st.floats(0, 1), st.floats(-100, 100))
def test_a_clock_that_goes_back_makes_it_neither_negative_nor_break(
    steps: list[tuple[float, float]], fraction: float, back: float
) -> None:
    estimate = heard(steps)
    left = estimate.after(fraction, estimate.seconds + back).seconds_left
    assert left is None or left >= 0
