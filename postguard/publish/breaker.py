"""How long an account is left alone whose server fails again and again. Pure."""

from __future__ import annotations

from datetime import timedelta

_TOLERATED = 2  # failures in a row that are put down to chance
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


def wait(failures: int, jitter: float) -> timedelta | None:
    """Return how long the account waits after so many failures in a row; None: it goes on.

    One minute after the third, doubling to an hour. After each wait one delivery tries its luck,
    and all the others follow when it got through.

    Args:
        jitter: in [0, 1): spreads the wait over its last quarter, so that the accounts of one
            server do not come back to it together.
    """
    beyond = failures - _TOLERATED
    if beyond <= 0:
        return None
    return min(_FIRST * (1 << min(beyond - 1, 10)), _LONGEST) * (0.75 + jitter / 4)
