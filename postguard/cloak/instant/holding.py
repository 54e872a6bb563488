"""Finds how strongly a drawing may stand in its picture, and holds it to that."""

from __future__ import annotations

import math
from dataclasses import dataclass

from postguard.cloak.instant.places import SIDE, by_strength
from postguard.cloak.instant.seeing import (
    Look,
    Promise,
    Seen,
    Sight,
    is_scored,
    judge,
    judge_large,
)
from postguard.cloak.instant.sheet import Sheet
from postguard.cloak.pixels import Pixels
from postguard.language import gettext

_SMALL = 9 * SIDE**2  # pixels: a larger picture is searched on some of them
_SAMPLED = 5 * SIDE**2  # on so many
_WHOLE = 2_600_000  # pixels: a larger one is checked by an estimate; 1600x1600
_NEAR, _NEAR_SAMPLE, _NEAR_CHECKED = 0.97, 0.88, 0.86  # of what is promised: the search ends
_BETWEEN = 1.22  # times what a sample shows: what is coarser than its squares
_FIRST = 0.5  # of the change: what most pictures of many pixels keep, or near it
_LOOKS = 6
_DEGREE = 1.8  # visibility grows about with this power of the share, where it has to shrink much
_DEGREES = 0.6, 2.5  # found between two looks: else they are too near each other to tell
_TINY = 1e-6
_STRIDE = 0.05  # of what is left between two looks, at least


@dataclass(frozen=True, slots=True)
class Held:
    """`score`: the SSIMULACRA2, as pixels and as coded, of what `over` says; None: it has none."""

    pixels: Pixels
    share: float
    score: float | None
    over: str


def hold(sheet: Sheet, floor: float) -> Held:
    """Return the picture with as much of the change as may be seen, at most all of it.

    The share is searched on a sample of a larger picture; the whole has the last word, also as it
    is posted.
    """
    over, size = gettext("the whole picture"), sheet.pixels.shape[:2]
    if not is_scored(sheet.pixels):
        return Held(sheet.finished(1.0), 1.0, None, over)
    promise, area = Promise(floor), math.prod(size)
    if area <= _SMALL or min(size) < SIDE:
        share, score = _searched(judge(Sight(sheet), promise), 1.0, _NEAR)
        return Held(sheet.finished(share), share, score, over)
    part = _sample(sheet)
    sample = Sight(part)
    share, _ = _searched(_whole(judge(sample, promise)), _FIRST, _NEAR_SAMPLE)
    if area <= _WHOLE:
        look = judge(Sight(sheet), promise)
    else:
        look = judge_large(sheet, sample, promise)
        over = gettext("the whole picture, its finest detail over {count} squares of {side} px")
        over = over.format(count=len(part.pixels) // SIDE, side=SIDE)
    share, score = _searched(look, share, _NEAR_CHECKED)
    return Held(sheet.finished(share), share, score, over)


def _sample(sheet: Sheet) -> Sheet:
    places = by_strength(sheet)
    return sheet.windows(places[:: math.ceil(len(places) * SIDE**2 / _SAMPLED)])


def _whole(look: Look) -> Look:
    """Return about what the whole shows, where a look at a sample is given."""

    def larger(share: float) -> Seen:
        found = look(share)
        return Seen(found.score, found.spent * _BETWEEN)

    return larger


def _searched(look: Look, first: float, near: float) -> tuple[float, float]:
    """Return about the largest share in [0, 1] that keeps the promise, and its score.

    Between two looks visibility is a power of the share; where it is not, the shares that are
    known to keep and to break the promise hold the next between them.
    """
    low, high, score, share, degree = 0.0, 1.0, 100.0, first, _DEGREE
    before: tuple[float, float] | None = None
    for _ in range(_LOOKS):
        found = look(share)
        if found.spent <= 1:
            low, score = share, found.score
        else:
            high = share
        if near <= found.spent <= 1 or low == 1:
            break
        now = math.log(max(share, _TINY)), math.log(max(found.spent, _TINY))
        if before is not None:
            degree = _degree(before, now)
        before = now
        wanted = share * math.exp((math.log((1 + near) / 2) - now[1]) / degree)
        stride = _STRIDE * (high - low)
        share = min(max(wanted, low + stride), high - stride * (high < 1))
    return low, score


def _degree(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the power of the share by which visibility grew between two looks."""
    run = other[0] - one[0]
    if not run:
        return _DEGREE
    return min(max((other[1] - one[1]) / run, _DEGREES[0]), _DEGREES[1])
