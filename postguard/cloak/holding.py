"""Holds a finished cloak to the visibility that its strength's name promises, on every picture."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from postguard.cloak.device import CPU, out_of_memory
from postguard.cloak.eye import DEGREE, Eye
from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.cloak.sheet import Sheet
from postguard.cloak.tensors import to_tensor
from postguard.imaging.visibility import SMALLEST, reference, score_of

log = logging.getLogger(__name__)

NEAR_ENOUGH = 0.5  # above the floor: the search ends
# As most posts are coded: what is lost differs with and without the cloak, by one to two points.
_POSTED = Codec("JPEG", 95, "4:4:4")
_OFF = 0.1  # points, that the eye may be off by
_LOOKS = 10  # at most: each reads the whole picture once
_CLOSE = 0.02  # of the share: nothing is to be found in between
_STRIDE = 1.5  # times a share, where the floor is far: a budget may end before it
_TINY = 1e-3
_CLIFF = 0.8  # points above the floor
_CLOSER = 0.2  # the same for what is mixed at a cliff
_REST = 0.85  # of the share, for the blocks that do not get the larger one
_PART = 0.9  # of the blocks: where the search for how many get it begins
_MOST = 3.0  # times the change that the optimiser found
_FIRST = 0.93  # of it: coded, it scores two points less than the optimiser saw


def hold(sheet: Sheet, floor: float, device: torch.device = CPU) -> tuple[Pixels, float | None]:
    """Return the largest share of the sheet's change that scores `floor` or more, finished, and
    its SSIMULACRA2, as pixels and as coded; None where the picture is too small to have a score.
    It is finished and scored on `device` or, where that has no memory for it, on the CPU: all else
    is done by then, and would be done again in less.

    A picture whose budget ends before the floor is reached comes back with the whole budget. In
    flat colour a change of 1 in 255 is there or not: where the score falls there by points, as
    many blocks as fit get the larger share, which WebP keeps, and the others less than would fit.
    """
    if min(sheet.size) < SMALLEST:
        return sheet.finished(), None
    try:
        return _held(sheet, floor, device)
    except RuntimeError as exc:  # as torch's own error is
        if device.type == "cpu" or not out_of_memory(exc):
            raise
    log.info("the finished picture is scored on the CPU: the memory of the GPU does not do")
    return _held(sheet, floor, CPU)


def _held(sheet: Sheet, floor: float, device: torch.device) -> tuple[Pixels, float]:
    score = judge(sheet.pixels, device)
    finished = functools.partial(sheet.finished, device=device)
    found = _search(lambda share: score(finished(share)), floor, _MOST, _FIRST)
    if not found.cliff(floor):
        return finished(found.share), found.score
    less, more = (finished(share) for share in (_REST * found.share, found.above))
    mixed = _search(lambda part: score(sheet.mixed(less, more, part)), floor, 1.0, _PART, _CLOSER)
    if mixed.score > found.score:
        return finished(found.share), found.score
    return sheet.mixed(less, more, mixed.share), mixed.score


def judge(pixels: Pixels, device: torch.device = CPU) -> Callable[[Pixels], float]:
    """Return what scores a changed picture beside (H,W,3) `pixels`: the lower SSIMULACRA2 of both,
    as pixels and as they are posted."""
    beside = _on_cpu if device.type == "cpu" else functools.partial(_on_gpu, device=device)
    plain, coded = beside(pixels), beside(_POSTED(pixels))
    return lambda finished: min(plain(finished), coded(_POSTED(finished)))


def _on_cpu(pixels: Pixels) -> Callable[[Pixels], float]:
    return reference(pixels).score


def _on_gpu(pixels: Pixels, device: torch.device) -> Callable[[Pixels], float]:
    """The same score, whole planes at a time: never more than it is, and hardly less."""
    eye = Eye(to_tensor(pixels, device), exact=True)

    @torch.no_grad()
    def score(finished: Pixels) -> float:
        return score_of(float(eye.errors(to_tensor(finished, device))[0])) - _OFF

    return score


@dataclass(frozen=True, slots=True)
class _Held:
    """The share nearest above the floor, its score, and the share nearest under it."""

    share: float
    score: float
    above: float

    def cliff(self, floor: float) -> bool:
        return self.score - floor > _CLIFF and self.above < _MOST


def _search(
    score: Callable[[float], float],
    floor: float,
    most: float,
    first: float = 1.0,
    near: float = NEAR_ENOUGH,
) -> _Held:
    """Search the share in [0, most]; at share 0 it is above the floor, as if by 100.

    `score` falls as the share grows, nearly in proportion to the power 1.25 of it less: the false
    position between the two nearest sides, kept off the ends; halfway, once it has come twice from
    one side, as it does at a cliff.
    """
    low, at_low, high, at_high = 0.0, 100.0, most, None
    share, before = first, None
    for _ in range(_LOOKS):
        found = score(share)
        if found >= floor:
            low, at_low = share, found
        else:
            high, at_high = share, found
        if at_low - floor <= near or high - low < _CLOSE * high:
            break
        again, before = before == (found >= floor), found >= floor
        if at_high is None:
            share = min(low * (_STRIDE if again else _grown(at_low, floor)), high)
        elif again:
            share = (low + high) / 2
        else:
            share = _between(low, at_low, high, at_high, floor + near / 2)
    return _Held(low, at_low, high)


def _grown(score: float, floor: float) -> float:
    """Return by how much the share about meets the floor; a little more, to see its far side."""
    room = (100 - floor) / max(100 - score, _TINY)
    return min(1.02 * math.pow(room, 1 / DEGREE), _STRIDE)


def _between(low: float, at_low: float, high: float, at_high: float, wanted: float) -> float:
    aim = (at_low - wanted) / (at_low - at_high)
    return low + (high - low) * min(max(aim, 0.1), 0.9)
