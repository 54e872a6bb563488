"""Times left in round words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.cli import progress, underway
from postguard.model import Progress

UNITS = {"s": 1, "min": 60, "h": 3600}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "a few seconds left"),
        (48.3, "about 50 s left"),
        (57.4, "about 55 s left"),
        (57.6, "about 1 min left"),
        (100, "about 2 min left"),
        (5000, "about 83 min left"),
        (9000, "about 2 h left"),
    ],
)
def test_a_time_left_is_told_in_round_words(seconds, said):
    assert underway.left(seconds) == said


@given(st.floats(5, 1e6))
def test_what_is_told_is_not_far_from_what_is_known(seconds):
    number, unit = re.fullmatch(r"about (\d+) (s|min|h) left", underway.left(seconds)).groups()
    assert int(number) * UNITS[unit] == pytest.approx(seconds, rel=0.5)


def test_the_bar_shows_the_step_and_the_time_that_the_work_tells(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.steps(quiet=False) as show:
        show(Progress(0, "cloak", done=False, fraction=0.4, seconds_left=48.0))
    told = capsys.readouterr().err
    assert "cloak" in told
    assert "about 50 s left" in told


def test_nothing_moves_where_no_terminal_is(capsys):
    with progress.steps(quiet=False) as show:
        show(Progress(0, "cloak", done=False, fraction=0.4, seconds_left=48.0))
    assert capsys.readouterr().err == ""
