"""Finds how strongly a drawing may stand in its picture, and holds it to that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from postguard.cloak.instant.seeing import Promise, is_scored, seen, seen_posted
from postguard.cloak.instant.sheet import Sheet
from postguard.cloak.pixels import Pixels

_SAMPLED_PIXELS = 400_000  # a larger picture is searched on a sample of it
_SIDE = 256  # px of a window of the sample
_NEAR_ENOUGH = 0.94  # of what is promised: the search ends
_AIM = 0.97
_LOOKS = 8
_DEGREE = 1.25  # visibility grows about with this power of the share
_TRIES = 6  # with the whole picture
_SAFELY = 0.98


@dataclass(frozen=True, slots=True)
class Held:
    """`score`: the SSIMULACRA2 of the whole, as pixels and as coded; None: it has none."""

    pixels: Pixels
    share: float
    score: float | None


def hold(sheet: Sheet, floor: float) -> Held:
    """Return the picture with as much of the change as may be seen, at most all of it.

    The share is searched on a sample; the whole picture, also as it is posted, has the last word.
    """
    if not is_scored(sheet.pixels):
        return Held(sheet.finished(1.0), 1.0, None)
    promise = Promise(floor)
    share = _searched(_sample(sheet), promise)
    for _ in range(_TRIES):
        finished = sheet.finished(share)
        found = seen_posted(sheet.pixels, finished, promise)
        if found.spent <= 1:
            return Held(finished, share, found.score)
        share *= _SAFELY * found.spent ** (-1 / _DEGREE)
    return Held(sheet.pixels, 0.0, 100.0)


def _searched(sheet: Sheet, promise: Promise) -> float:
    """Return about the largest share in [0, 1] that keeps the promise."""
    low, high, share = 0.0, 1.0, 0.5
    for _ in range(_LOOKS):
        spent = seen(sheet.pixels, sheet.finished(share), promise).spent
        if spent <= 1:
            low = share
        else:
            high = share
        if _NEAR_ENOUGH <= spent <= 1 or low == 1:
            break
        wanted = share * (_AIM / max(spent, 1e-3)) ** (1 / _DEGREE)
        share = min(max(wanted, low + 0.05 * (high - low)), high)
    return low


def _sample(sheet: Sheet) -> Sheet:
    """Return windows from all over the picture as one sheet, stacked."""
    height, width = sheet.pixels.shape[:2]
    if height * width <= _SAMPLED_PIXELS or min(height, width) < _SIDE:
        return sheet
    parts = [sheet.window(r, c) for r in _spans(height) for c in _spans(width)]
    alpha = None if sheet.alpha is None else np.concatenate([p.alpha for p in parts])
    pixels = np.concatenate([part.pixels for part in parts])
    return Sheet(pixels, alpha, np.concatenate([part.change for part in parts]))


def _spans(length: int) -> list[slice]:
    """Return the middles of the quarters of a long side; of a shorter one, fewer."""
    count = min(length // _SIDE, 3)
    middles = [(2 * i + 1) * length // (2 * count) for i in range(count)]
    starts = [min(max(m - _SIDE // 2, 0), length - _SIDE) for m in middles]
    return [slice(start, start + _SIDE) for start in starts]
