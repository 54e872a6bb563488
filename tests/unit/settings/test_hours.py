"""Hours of the day, as the artist writes them."""

from __future__ import annotations

from datetime import time

import pytest

from postguard.settings.values import Hours


@pytest.mark.parametrize(
    ("rule", "within", "without"),
    [
        ("22:00-08:00", ["22:00", "23:59", "00:00", "07:59"], ["08:00", "12:00", "21:59"]),
        ("9:30 - 17:00", ["09:30", "16:59"], ["09:29", "17:00", "00:00"]),
        ("00:00-00:00", ["00:00", "12:00", "23:59"], []),
    ],
)
def test_they_hold_from_the_first_minute_and_not_at_the_last(rule, within, without):
    hours = Hours.parse(rule)
    assert [at for at in within if not hours.hold(time.fromisoformat(at))] == []
    assert [at for at in without if hours.hold(time.fromisoformat(at))] == []


@pytest.mark.parametrize("rule", ["", "night", "22-08", "22:00", "25:00-08:00", "22:00-08:60"])
def test_what_is_no_time_of_day_is_told(rule):
    with pytest.raises(ValueError, match=r"hours as|not a time of day"):
        Hours.parse(rule)
