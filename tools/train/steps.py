"""How many steps a training has time for."""

from __future__ import annotations

import math

_TIMED = 20  # steps after which their time is known


def planned(most: int, first: int, done: int, minutes: float, limit: float) -> int:
    """Return how many steps there will be in all, at most `most`: the `first` ones of earlier runs
    and as many as are done in `limit` minutes, if `done` took `minutes`."""
    if done < _TIMED or math.isinf(limit):
        return most
    return min(most, first + math.ceil(limit * done / minutes))
