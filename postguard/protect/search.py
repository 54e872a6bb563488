"""The search for the best quality whose file fits: pure, on (quality, size) pairs.

libjpeg's quantisers grow with `200 - 2 * quality`, and a file's size falls as a power of that, so
size is interpolated linearly in both logarithms; the sizes of WebP and AVIF follow the same curve
well enough. Two or three trials usually meet the limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

_NEAR = 0.985  # a file this close to the limit is taken
_TYPICAL_SLOPE = -0.65  # d log size / d log quantiser of paintings at 4:4:4
_MOST = 8  # trials: where halving is needed to end within them, it is halved


class Span(NamedTuple):
    """Which qualities to look among; the defaults are JPEG's.

    On real art, SSIMULACRA2 prefers 0.8 of the sides at equal bytes below quality 70 (flat) to 50
    (heavy texture), by 1 to 8 points; a floor of 60 gives up at most 3 on either.

    Attributes:
        top: above, files grow by a third for errors that nobody sees.
        floor: below, blocks show in flat areas: fewer pixels look better.
        aim: after pixels were given up.
    """

    top: int = 95
    floor: int = 60
    aim: int = 77


JPEG = Span()


def next_quality(
    trials: Mapping[int, int], room: int, span: Span = JPEG, first: int | None = None
) -> int | None:
    """Return the quality to try next, or None when the best of `trials` is the answer.

    Args:
        trials: size in bytes for each quality tried, without what does not depend on quality.
        room: the most bytes.
        first: where to begin; None: at the top.
    """
    if not trials:
        return span.top if first is None else first
    fitting = [q for q, size in trials.items() if size <= room]
    low = max(fitting, default=span.floor - 1)
    high = min((q for q, size in trials.items() if size > room), default=span.top + 1)
    near_enough = bool(fitting) and trials[low] >= _NEAR * room
    if high - low <= 1 or near_enough:
        return None
    if len(trials) + math.ceil(math.log2(high - low)) >= _MOST:
        return (low + high) // 2
    return min(max(math.floor(_predicted(trials, room)), low + 1), high - 1)


def best(trials: Mapping[int, int], room: int) -> int | None:
    """Return the highest quality tried that fits, or None."""
    return max((q for q, size in trials.items() if size <= room), default=None)


def size_at(quality: int, trials: Mapping[int, int]) -> float:
    """Return the size expected at `quality`, from the trials nearest to it."""
    at, slope = _line(sorted(trials.items(), key=lambda trial: abs(trial[0] - quality)))
    return math.exp(math.log(at[1]) + slope * (_log_step(quality) - _log_step(at[0])))


def climb(trials: Mapping[int, int], quality: int, room: float, span: Span = JPEG) -> int:
    """Return the highest quality, from `quality` on, that should take at most `room` bytes."""
    while quality < span.top and size_at(quality + 1, trials) <= room:
        quality += 1
    return quality


def shrink(trials: Mapping[int, int], room: int, span: Span = JPEG) -> float:
    """Return the factor for both sides after which a file that is too big at every quality
    should fit at `span.aim`; in (0, 0.95]."""
    return min(math.sqrt(room / size_at(span.aim, trials)), 0.95)


def _predicted(trials: Mapping[int, int], room: int) -> float:
    """Return the quality at which the size should meet `room`."""
    at, slope = _line(sorted(trials.items(), key=lambda trial: abs(math.log(trial[1] / room))))
    step = _log_step(at[0]) + math.log(room / at[1]) / slope
    return 100 - math.exp(min(step, 5)) / 2


def _line(nearest: list[tuple[int, int]]) -> tuple[tuple[int, int], float]:
    """Return a point and the slope through it and the second nearest, if that falls."""
    (q, size), *others = nearest
    for other, its_size in others:
        slope = math.log(size / its_size) / (_log_step(q) - _log_step(other))
        if slope < 0:
            return (q, size), slope
    return (q, size), _TYPICAL_SLOPE


def _log_step(quality: int) -> float:
    """The logarithm of libjpeg's quantiser scale in per cent, for qualities from 50 on."""
    return math.log(max(1, 200 - 2 * quality))
