"""How much of a server's rate limits is left, by what it said last."""

from datetime import UTC, datetime, timedelta

import pytest

from postguard.errors import Retryable
from postguard.networks.mastodon.budget import LONGEST, Budget, kind_of
from tests.contract.stages import FakeClock

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    """It stands still."""
    return FakeClock(NOW)


@pytest.fixture
def budget(clock: FakeClock) -> Budget:
    """Of one account."""
    return Budget("a.example", clock)


def said(left: int, reset: datetime | str = "2026-11-25T12:05:00.123Z") -> dict[str, str]:
    """The headers of an answer."""
    return {
        "X-RateLimit-Limit": "30",
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(reset),
    }


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/v2/media", "media"),
        ("GET", "/api/v2/media", "calls"),
        ("POST", "/api/v1/statuses", "statuses"),
        ("DELETE", "/api/v1/statuses/1", "deletions"),
        ("GET", "/api/v1/statuses/1", "calls"),
        ("POST", "/api/v1/statuses/1/pin", "calls"),
    ],
)
def test_each_limit_is_counted_apart(method: str, path: str, kind: str) -> None:
    """As Mastodon does."""
    assert kind_of(method, path) == kind


def test_nothing_is_known_before_the_first_answer(budget: Budget) -> None:
    """So nothing waits."""
    budget.need("media", 4)
    assert budget.wait("media") is None


def test_more_than_is_left_waits_for_the_next_window(budget: Budget, clock: FakeClock) -> None:
    """And goes on when it has begun."""
    budget.note("POST", "/api/v2/media", said(3))
    budget.need("media", 3)
    budget.need("statuses")
    with pytest.raises(Retryable) as raised:
        budget.need("media", 4)
    assert raised.value.after == timedelta(minutes=5, milliseconds=123)
    clock.wait(301)
    budget.need("media", 4)


def test_more_than_a_whole_window_holds_is_not_waited_for(budget: Budget) -> None:
    """It would never come; the server says itself what becomes of it."""
    budget.note("POST", "/api/v2/media", said(30))
    budget.need("media", 31)


@pytest.mark.parametrize(
    "headers",
    [{}, said(0) | {"X-RateLimit-Remaining": "many"}, said(0, "soon"), said(0, "9" * 40)],
)
def test_headers_that_say_nothing_are_no_limit(budget: Budget, headers: dict[str, str]) -> None:
    """Relatives of Mastodon send what they like."""
    budget.note("GET", "/api/v1/statuses/1", headers)
    budget.need("calls")


def test_a_server_whose_clock_is_lost_stops_an_account_for_hours_only(budget: Budget) -> None:
    """The longest window that Mastodon has."""
    budget.note("GET", "/", said(0, "2099-01-01T00:00:00Z"))
    assert budget.wait("calls") == LONGEST


def test_a_time_without_a_zone_is_utc(budget: Budget) -> None:
    """As every time of a server is."""
    budget.note("GET", "/", said(0, "2026-11-25T12:01:00"))
    assert budget.wait("calls") == timedelta(minutes=1)
