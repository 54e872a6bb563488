"""Clock jumps are told from the passing of time, by pure comparison of two looks."""

from datetime import UTC, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postguard.system.clock import (
    TOLERANCE,
    Jump,
    JumpKind,
    Pulse,
    Reading,
    SystemClock,
    jumps,
    read_clocks,
)

START = Reading(wall=1_800_000_000.0, awake=100.0, boot=250.0)


def after(*, awake: float, slept: float = 0, stepped: float = 0, boot: bool = True) -> Reading:
    return Reading(
        wall=START.wall + awake + slept + stepped,
        awake=START.awake + awake,
        boot=250.0 + awake + slept if boot else None,
    )


@given(st.floats(0, 1e6))
def test_time_that_only_passes_is_no_jump(seconds):
    assert jumps(START, after(awake=seconds)) == ()


@given(st.floats(0, 1e5), st.integers(3, 10**6))
def test_a_sleep_is_told_with_its_length(awake, slept):
    (jump,) = jumps(START, after(awake=awake, slept=slept))
    assert jump.kind is JumpKind.RESUMED
    assert abs(jump.amount - timedelta(seconds=slept)) < timedelta(milliseconds=1)


@given(st.integers(3, 10**6), st.sampled_from([1, -1]))
def test_a_set_clock_is_told_with_its_direction(seconds, sign):
    (jump,) = jumps(START, after(awake=30, stepped=sign * seconds))
    assert jump.kind is JumpKind.STEPPED
    assert abs(jump.amount - timedelta(seconds=sign * seconds)) < timedelta(milliseconds=1)


def test_a_sleep_with_a_wrong_clock_afterwards_is_both():
    assert jumps(START, after(awake=30, slept=3600, stepped=-60)) == (
        Jump(JumpKind.RESUMED, timedelta(hours=1)),
        Jump(JumpKind.STEPPED, timedelta(minutes=-1)),
    )


def test_the_slow_correction_of_network_time_is_no_jump():
    assert jumps(START, after(awake=30, stepped=0.5)) == ()
    assert jumps(START, after(awake=30, stepped=-TOLERANCE.total_seconds())) == ()


def test_without_a_boot_clock_a_leap_forward_counts_as_a_sleep_and_back_as_a_step():
    assert jumps(START, after(awake=30, slept=3600, boot=False)) == (
        Jump(JumpKind.RESUMED, timedelta(hours=1)),
    )
    assert jumps(START, after(awake=30, stepped=-3600, boot=False)) == (
        Jump(JumpKind.STEPPED, timedelta(hours=-1)),
    )


def test_a_pulse_compares_with_the_look_before_and_tells_each_jump_once():
    looks = iter([START, after(awake=30, slept=3600), after(awake=60, slept=3600)])
    pulse = Pulse(lambda: next(looks))
    assert [j.kind for j in pulse.look()] == [JumpKind.RESUMED]
    assert pulse.look() == ()


def test_the_clocks_of_this_pc_agree_over_a_moment():
    assert jumps(read_clocks(), read_clocks()) == ()


def test_the_system_clock_has_a_zone_and_waits():
    clock = SystemClock()
    before = clock.now()
    clock.wait(0.01)
    assert before.tzinfo is UTC
    assert clock.now() - before >= timedelta(milliseconds=9)
