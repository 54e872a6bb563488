"""What goes wrong in a campaign, drawn from its seed: no two requests share a draw, and the same
seed gives the same mishap to the same request of the same server."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What may happen to one request."""

    OUTAGE = "outage"  # refused, and every connection after it for minutes
    RESET = "reset"  # the connection ends before the work
    HANG = "hang"  # no work, and silence until the client gives up
    SWALLOW = "swallow"  # the work is done; silence until the client gives up
    DROP = "drop"  # the work is done; the connection ends without an answer
    CUT = "cut"  # the work is done; half of the answer comes
    ERROR = "error"  # 429 or 5xx instead of the work
    ERROR_AFTER = "error after work"  # 5xx although the work was done
    LATE = "late"  # the connection ends, and the request arrives a while later all the same
    TWICE = "twice"  # the request arrives twice; the first answer is given
    SLOW = "slow"  # a delay that the client bears


@dataclass(frozen=True)
class Mishap:
    """One fault: `seconds` are of the campaign's time; `status` is what an error answers."""

    kind: Kind
    status: int = 0
    seconds: float = 0.0


# How often each is drawn. Silence costs the campaign true seconds, so it is rarer.
WEIGHTS = {
    Kind.OUTAGE: 1,
    Kind.RESET: 3,
    Kind.HANG: 1,
    Kind.SWALLOW: 1,
    Kind.DROP: 4,
    Kind.CUT: 4,
    Kind.ERROR: 6,
    Kind.ERROR_AFTER: 3,
    Kind.LATE: 3,
    Kind.TWICE: 4,
    Kind.SLOW: 1,
}
# Seconds: how long an outage lasts, how much later a lost request arrives (what lies between a
# client and its server forgets a connection after a minute or two), how long a 429 asks to wait.
SPANS = {Kind.OUTAGE: (20, 2400), Kind.LATE: (1, 90), Kind.ERROR: (30, 900)}
REFUSALS = (429, 500, 502, 503, 504)
FAILURES = (500, 502, 503, 504)
# How far a clock is off when it was set wrongly: an hour (summer time), a day, a moment.
STEPS = (-86_400, -3600, -90, 0, 0, 0, 60, 3600)


@dataclass(frozen=True)
class Plan:
    """All that goes wrong: the shares of requests, writes and turns at which something does, and
    how often the power goes at each checkpoint, spread over the way of all `posts`.

    Attributes:
        each_writer: every function that writes finds the disk full the first time.
    """

    seed: int
    posts: int
    requests: float = 0.1
    kills: int = 1
    writes: float = 0.001
    turns: float = 0.002
    each_writer: bool = False

    def at_request(self, server: str, number: int) -> Mishap | None:
        """What happens to a server's request of this number."""
        draw = self._draw("request", server, number)
        if draw.random() >= self.requests:
            return None
        (kind,) = draw.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))
        statuses = FAILURES if kind is Kind.ERROR_AFTER else REFUSALS
        return Mishap(kind, draw.choice(statuses), draw.uniform(*SPANS.get(kind, (0, 0))))

    def kills_at(self, life: int, passing: int) -> bool:
        """Whether the power goes at this passing of a checkpoint that has kills left."""
        return self._draw("kill", life, passing).random() < min(0.5, 8 / self.posts)

    def full_at(self, life: int, write: int) -> int:
        """How many writes fail from this one on, since the disk is full; mostly none."""
        draw = self._draw("full", life, write)
        return draw.randint(1, 12) if draw.random() < self.writes else 0

    def step_at(self, life: int, turn: int) -> int | None:
        """The seconds that the PC's clock is set wrong by from this turn on; None: left alone."""
        draw = self._draw("step", life, turn)
        return draw.choice(STEPS) if draw.random() < self.turns else None

    def _draw(self, *what: object) -> random.Random:
        return random.Random(f"{self.seed} {what}")


def checkpoints(methods: Sequence[str]) -> list[str]:
    """The places where the power may go: before and after each of these calls."""
    return [f"{when} {method}" for method in methods for when in ("before", "after")]
