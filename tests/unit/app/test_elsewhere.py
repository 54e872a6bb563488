from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postguard.app.elsewhere import until

TAKEN = datetime(2026, 11, 25, 12, tzinfo=UTC)
WAIT = timedelta(hours=12)


def test_a_post_waits_for_as_long_as_the_config_says() -> None:
    assert until(TAKEN, WAIT, []) == TAKEN + WAIT


def test_it_never_waits_beyond_the_first_time_that_was_asked_for() -> None:
    early, late = TAKEN + timedelta(hours=3), TAKEN + timedelta(days=2)
    assert until(TAKEN, WAIT, [late, early]) == early
    assert until(TAKEN, WAIT, [late]) == TAKEN + WAIT
