"""Holds a finished cloak to the visibility that its strength's name promises, on every picture."""

from __future__ import annotations

from collections.abc import Callable

from postguard.cloak.sheet import Sheet
from postguard.cloak.tensors import Pixels
from postguard.cloak.transforms import Codec
from postguard.imaging.visibility import SMALLEST, reference

NEAR_ENOUGH = 0.5  # above the floor: the search ends
# As most posts are coded: what is lost differs with and without the cloak, by one to two points.
_POSTED = Codec("JPEG", 95, "4:4:4")
_LOOKS = 10  # at most: each reads the whole picture once
_MOST = 3.0  # times the change that the optimiser found


def hold(sheet: Sheet, floor: float) -> tuple[Pixels, float | None]:
    """Return the largest share of the sheet's change that scores `floor` or more, finished, and
    its SSIMULACRA2, as pixels and as coded; None where the picture is too small to have a score.

    A picture whose budget ends before the floor is reached comes back with the whole budget.
    """
    if min(sheet.size) < SMALLEST:
        return sheet.finished(), None
    plain, coded = reference(sheet.pixels), reference(_POSTED(sheet.pixels))

    def score(share: float) -> float:
        finished = sheet.finished(share)
        return min(plain.score(finished), coded.score(_POSTED(finished)))

    share, score_there = _search(score, floor)
    return sheet.finished(share), score_there


def _search(score: Callable[[float], float], floor: float) -> tuple[float, float]:
    """Return the (share, score) nearest above the floor; 100 at share 0 is above any.

    `score` falls as the share grows, nearly in proportion to the power 1.25 of it less: the false
    position between the two nearest sides, kept off the ends.
    """
    low, at_low, high, at_high = 0.0, 100.0, _MOST, None
    share = 1.0
    for _ in range(_LOOKS):
        found = score(share)
        if found >= floor:
            low, at_low = share, found
        else:
            high, at_high = share, found
        if at_low - floor <= NEAR_ENOUGH or high - low < 1e-3 * high:
            break
        share = _between(low, at_low, high, at_high, floor)
    return low, at_low


def _between(low: float, at_low: float, high: float, at_high: float | None, floor: float) -> float:
    if at_high is None:
        return min(low * 1.5, high)
    aim = (at_low - floor - NEAR_ENOUGH / 2) / (at_low - at_high)
    return low + (high - low) * min(max(aim, 0.1), 0.9)
