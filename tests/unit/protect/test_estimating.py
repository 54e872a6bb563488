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
    even = at_pace(pace, [0.05] * 10)
    before = heard(even).seconds_left
    after = heard([*even, (0.05, 0.05 * pace * odd)]).seconds_left
    if before is not None and after is not None:
        fair = before * 0.45 / 0.5
        assert 0.8 < after / fair < 1.7


@given(PACES, st.floats(0.2, 5.0))
def test_a_new_pace_that_stays_is_believed_by_half_of_the_step(pace: float, change: float) -> None:
    readings = [*at_pace(pace, [0.05] * 4), *at_pace(pace * change, [0.05] * 8)]
    left = heard(readings).seconds_left
    assume(left is not None)
    fair = 0.4 * pace * change
    first = 0.4 * pace
    assert left is not None
    assert abs(left - fair) <= 0.2 * abs(first - fair) + 1e-6


def test_the_pace_of_a_real_cloak_is_told_without_jumps() -> None:
    """As one was heard on two busy cores: some steps took 4 s, and later ones up to 28 s."""
    took = (5, 4, 4, 5, 4, 5, 27, 25, 13, 12, 14, 12, 14, 11, 14, 28, 15)
    estimate, told = Estimate().after(0.047, 11.8), list[float]()
    for seconds in took:
        estimate = estimate.after((estimate.fraction or 0) + 0.047, estimate.seconds + seconds)
        told.append(estimate.seconds_left or 0)
    ends = [left + since for left, since in zip(told, itertools.accumulate(took), strict=True)]
    jumps = [after / before for before, after in itertools.pairwise(ends)]
    assert max(jumps) < 2, "the pace itself fell to a sixth"
    assert sorted(jumps)[-3] < 1.2
    assert told[7:] == sorted(told[7:], reverse=True), "from there on it only falls"


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
