"""How strong a change may be before it shows more than it was promised to. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

NEAR = 0.5  # points above the floor: the search ends
_POWER = 0.8  # what is lost of the score grows about as this power of the change
_LOOKS = 8  # at most
_CLOSE = 0.01  # of the amount: nothing is to be found in between


@dataclass(frozen=True, slots=True)
class Found:
    """The largest amount that was seen to keep the floor, and its score; None: it has none."""

    amount: float
    score: float | None


def strongest(
    score: Callable[[float], float],
    floor: float,
    *,
    first: float,
    most: float,
    near: float = NEAR,
) -> Found:
    """Return the largest amount in [0, most] that scores `floor` or more, nearly.

    Args:
        score: falls as the amount grows.
        first: the amount to begin with.
        near: how far above the floor is near enough.
    """
    kept, at_kept, over, amount = 0.0, 100.0, most, min(first, most)
    for _ in range(_LOOKS):
        found = score(amount)
        if found >= floor:
            kept, at_kept = amount, found
        else:
            over = amount
        if at_kept - floor <= near or over - kept < _CLOSE * over:
            break
        amount = _next(amount, found, floor + near / 2, (kept, over))
    return Found(kept, at_kept if kept else None)


def _next(amount: float, found: float, aim: float, between: tuple[float, float]) -> float:
    """Return where the power law expects the aim, off the ends of what is known."""
    low, high = between
    guess: float = amount * ((100 - aim) / max(100 - found, 0.5)) ** (1 / _POWER)
    return low + (high - low) * min(max((guess - low) / (high - low), 0.1), 0.9)
