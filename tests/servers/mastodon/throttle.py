"""Rate limits in fixed windows, counted always and enforced when a test wants it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.servers.mastodon.wire import RefusedError


@dataclass(frozen=True)
class Rate:
    """How many calls in how many seconds."""

    limit: int
    seconds: int


# As recorded and documented for Mastodon 4.6.
RATES = {
    "calls": Rate(300, 300),
    "media": Rate(30, 1800),
    "statuses": Rate(300, 10_800),
    "deletions": Rate(30, 1800),
}


def kind_of(method: str, path: str) -> str:
    """Which of the rates a call counts against, besides that of all calls."""
    if method == "POST" and path in ("/api/v1/media", "/api/v2/media"):
        return "media"
    if method == "POST" and path == "/api/v1/statuses":
        return "statuses"
    if method == "DELETE" and path.startswith("/api/v1/statuses/"):
        return "deletions"
    return "calls"


@dataclass
class Throttle:
    """The counts of one server, for each caller and window."""

    rates: dict[str, Rate] = field(default_factory=lambda: dict(RATES))
    enforced: bool = False
    _counts: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def count(self, caller: str, method: str, path: str, now: datetime) -> dict[str, str]:
        """Count a call and return the headers that tell what is left.

        Raises:
            RefusedError: 429 with those headers, when limits are enforced and none is left.
        """
        kind = kind_of(method, path)
        spent = [self._spend(each, caller, now) for each in dict.fromkeys(("calls", kind))]
        headers = self._headers(kind, caller, now)
        if self.enforced and not all(spent):
            raise TooManyError(headers)
        return headers

    def _spend(self, kind: str, caller: str, now: datetime) -> bool:
        rate = self.rates[kind]
        key = (kind, caller, int(now.timestamp()) // rate.seconds)
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] <= rate.limit

    def _headers(self, kind: str, caller: str, now: datetime) -> dict[str, str]:
        rate = self.rates[kind]
        window = int(now.timestamp()) // rate.seconds
        left = max(0, rate.limit - self._counts[kind, caller, window])
        # Mastodon gives the end of the window the fraction of the present second.
        reset = datetime.fromtimestamp((window + 1) * rate.seconds, UTC)
        shown = reset.replace(microsecond=now.microsecond).isoformat(timespec="microseconds")
        return {
            "X-RateLimit-Limit": str(rate.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": shown.replace("+00:00", "Z"),
        }


class TooManyError(RefusedError):
    """429, with the headers that say when to come back."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(429, "Too many requests")
        self.headers = headers
