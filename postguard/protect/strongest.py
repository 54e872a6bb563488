"""How strong a change may be before it shows more than it was promised to. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

NEAR = 0.5  # points above the floor: the search ends
_POWER = 1.1  # what is lost of the score grows about as this power of the change
_POWERS = (0.4, 2.5)  # what is believed of it, once two looks tell it of this picture
_LOOKS = 8  # at most
_CLOSE = 0.01  # of the amount: nothing is to be found in between
_OFF = 0.05  # of what is between two looks: nearer to either there is nothing to be learned
_FAR = 3.0  # points from the aim: nearer, all pictures have the same power
_LEAST = 0.5  # points: less is the noise of rounding

Look = tuple[float, float]  # an amount, and what of 100 it loses


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
    looks: list[Look] = []
    for _ in range(_LOOKS):
        found = score(amount)
        looks.append((amount, max(100 - found, _LEAST)))
        if found >= floor:
            kept, at_kept = amount, found
        else:
            over = amount
        if at_kept - floor <= near or over - kept < _CLOSE * over:
            break
        amount = _next(looks, 100 - floor - near / 2, (kept, over))
    return Found(kept, at_kept if kept else None)


def expected(score: Callable[[float], float], aim: float, *, first: float, most: float) -> float:
    """Return the amount in [0, most] that should score `aim`, after a look or two: enough to
    begin a search with whose looks cost more."""
    looks: list[Look] = []
    amount = first
    for _ in range(2):
        found = score(amount)
        looks.append((amount, max(100 - found, _LEAST)))
        amount = min(_guess(looks, 100 - aim), most)
        if abs(found - aim) < _FAR:
            break
    return amount


def _next(looks: list[Look], aim: float, between: tuple[float, float]) -> float:
    """Return where to look next for the amount that loses `aim`, off the ends of what is known."""
    low, high = between
    share = (_guess(looks, aim) - low) / (high - low)
    return low + (high - low) * min(max(share, _OFF), 1 - _OFF)


def _guess(looks: list[Look], aim: float) -> float:
    """Return where the power law expects to lose `aim`."""
    (amount, lost), *others = sorted(looks, key=lambda look: abs(math.log(look[1] / aim)))
    power = _power((amount, lost), others[0]) if others else _POWER
    guess: float = amount * (aim / lost) ** (1 / power)
    return guess


def _power(one: Look, other: Look) -> float:
    least, most = _POWERS
    found = math.log(one[1] / other[1]) / math.log(one[0] / other[0])
    return min(max(found, least), most)
