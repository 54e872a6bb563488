"""The count of logins, kept for every process of a PC."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postguard.errors import Retryable
from postguard.networks.bluesky.turns import BUDGET, Turns
from tests.contract.stages import FakeClock

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(("kept", "which"), [(True, 0), (False, 0), (False, 1)])
def test_no_window_ever_holds_more_than_its_budget(tmp_path: Path, kept: bool, which: int) -> None:
    """However the logins come, and whoever tries them; the wait that is told is just enough."""
    clock, folder = FakeClock(NOW), tmp_path if kept else None
    turns = Turns(folder, "bsky", clock)
    most, window = BUDGET[which]
    gap = 0 if which == 0 else (BUDGET[0][1] / BUDGET[0][0]).total_seconds() + 1
    for _ in range(most):
        turns.count_login()
        clock.wait(gap)
    again = Turns(tmp_path, "bsky", clock) if kept else turns
    with pytest.raises(Retryable) as raised:
        again.count_login()
    assert raised.value.after == window - timedelta(seconds=gap * most)
    clock.wait(raised.value.after.total_seconds() - 1)
    with pytest.raises(Retryable):
        again.count_login()
    clock.wait(1)
    again.count_login()


@pytest.mark.parametrize("damage", ["", "{}", '["x"]', "[1e99, -1]"])
def test_a_damaged_count_shuts_nobody_out(tmp_path: Path, damage: str) -> None:
    """The server still counts."""
    (tmp_path / "bsky.logins").write_text(damage)
    Turns(tmp_path, "bsky", FakeClock(NOW)).count_login()


def test_a_clock_that_was_set_back_shuts_nobody_out(tmp_path: Path) -> None:
    """What was counted in the future is no login of today."""
    clock = FakeClock(NOW + timedelta(days=300))
    turns = Turns(tmp_path, "bsky", clock)
    for _ in range(BUDGET[0][0]):
        turns.count_login()
    clock.at = NOW
    turns.count_login()


def test_two_accounts_have_a_budget_each(tmp_path: Path) -> None:
    """The server counts by account."""
    clock = FakeClock(NOW)
    first = Turns(tmp_path, "first", clock)
    for _ in range(BUDGET[0][0]):
        first.count_login()
    Turns(tmp_path, "second", clock).count_login()
