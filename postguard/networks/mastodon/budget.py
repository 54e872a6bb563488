"""Keeps one account ahead of its server's rate limits, by what the server last said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from postguard.errors import Retryable
from postguard.language import _
from postguard.ports import Clock

# Mastodon counts these apart (rate-limits.md): uploads, posts and deletions, and all calls.
Kind = Literal["calls", "media", "statuses", "deletions"]
# Its longest window. A server whose clock is lost must not stop an account for good.
LONGEST = timedelta(hours=3)
_STATUSES = re.compile(r"/api/v1/statuses(/[^/]+)?")
_MEDIA = re.compile(r"/api/v[12]/media")


@dataclass(frozen=True, slots=True)
class _Said:
    limit: int
    remaining: int
    reset: datetime


class Budget:
    """What is left of each limit."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._said: dict[Kind, _Said] = {}

    def note(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Remember what an answer says of the limit that its request counts against."""
        try:
            limit, left = (int(headers[f"X-RateLimit-{each}"]) for each in ("Limit", "Remaining"))
            wait = _moment(headers["X-RateLimit-Reset"]) - self._server_time(headers)
        except (KeyError, ValueError, OverflowError):
            return
        reset = self._clock.now() + min(wait, LONGEST)
        self._said[kind_of(method, path)] = _Said(limit, left, reset)

    def need(self, kind: Kind, count: int = 1) -> None:
        """Raise Retryable, with the time to wait, where fewer requests than these are left."""
        said = self._said.get(kind)
        if said is None or said.remaining >= min(count, said.limit):
            return
        wait = said.reset - self._clock.now()
        if wait > timedelta(0):
            raise Retryable(
                _("{host} asks to wait: too many requests").format(host=self._host), wait
            )

    def wait(self, kind: Kind) -> timedelta | None:
        """Return how long the server asked to wait with requests of a kind; None: it did not."""
        said = self._said.get(kind)
        if said is None:
            return None
        return max(said.reset - self._clock.now(), timedelta(0))

    def _server_time(self, headers: Mapping[str, str]) -> datetime:
        """Return the server's own time, whose distance to the reset no wrong clock changes."""
        date = headers.get("Date")
        return self._clock.now() if date is None else parsedate_to_datetime(date)


def kind_of(method: str, path: str) -> Kind:
    """Return which limit a request counts against."""
    if method == "POST" and _MEDIA.fullmatch(path):
        return "media"
    match = _STATUSES.fullmatch(path)
    if match and method == "POST" and not match[1]:
        return "statuses"
    if match and method == "DELETE" and match[1]:
        return "deletions"
    return "calls"


def _moment(text: str) -> datetime:
    """Return the time of a reset: ISO 8601 on Mastodon, seconds since 1970 on GoToSocial."""
    if text.isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
