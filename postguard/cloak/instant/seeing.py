"""How visible a change is, at the picture's size and from half the distance."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.instant.sheet import Sheet
from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.imaging.ssimulacra2.opsin import linear
from postguard.imaging.ssimulacra2.weights import MAX_SCALES, weights_of
from postguard.imaging.visibility import (
    SMALLEST,
    coarse_reference,
    distance,
    error_at,
    features,
    reference,
    score_of,
)

Features = NDArray[np.float64]
_KEPT = 1 << 20  # pixels
_SURELY = 1.03  # times what is estimated of a large picture
_COARSE = 2  # the first scale of which the whole of a large picture is asked
# Points that may be lost from half the distance, beyond those at its own size: about the most that
# the optimising cloak loses there (docs/benchmarks.md).
NEARER = 32.0
_STRIP = 256  # rows that are coded at once
# What a step in 1/255 adds to the linear light of each sRGB value.
_SLOPES = np.gradient(linear(np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, 2))[0, :, 0])
_POSTED = Codec("JPEG", 95, "4:4:4")  # as most posts are coded: see `cloak.holding`


@dataclass(frozen=True, slots=True)
class Promise:
    """What a change may be seen. `floor`: the least SSIMULACRA2.

    At its finest two scales the metric hardly minds what is everywhere the same, as a texture is;
    so the picture is also scored as seen from half the distance (see `cloak.eye`), against a
    floor of its own.
    """

    floor: float

    def spent(self, found: Features) -> float:
        """Return how much of it a change takes that has these features; 1 = all."""
        near = _nearer(found) / error_at(self.floor - NEARER)
        return max(distance(found) / error_at(self.floor), near)


def _nearer(found: Features) -> float:
    """Return the weighted sum of features (3,scales,6) as of the picture doubled: with every pixel
    doubled, the scale s + 1 holds what the scale s holds now."""
    weights = weights_of(min(found.shape[1] + 1, MAX_SCALES))[:, 1:]
    return float((weights * found[:, : weights.shape[1]]).sum())


@dataclass(frozen=True, slots=True)
class Seen:
    """`score`: SSIMULACRA2; `spent`: how much of the promise is taken, 1 = all."""

    score: float
    spent: float


Look = Callable[[float], Seen]  # at a share of the change


class Sight:
    """A sheet, ready to be looked at with any share of its change, as pixels and as posted; what
    was seen is remembered."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._plain, self._coded = _compared(sheet.pixels), _compared(_posted(sheet.pixels))
        self._seen: dict[float, tuple[Features, Features]] = {}

    def __call__(self, share: float) -> tuple[Features, Features]:
        """Return the features of both."""
        if share not in self._seen:
            after = self._sheet.finished(share)
            self._seen[share] = self._plain(after), self._coded(_posted(after))
        return self._seen[share]


def judge(sight: Sight, promise: Promise) -> Look:
    """Return what tells how visible a share of the change is, as pixels and as they are posted,
    whichever is more. A side under 8 px has no score: see `is_scored`."""

    def look(share: float) -> Seen:
        found = sight(share)
        sums = max(map(distance, found))
        return Seen(score_of(sums), max(map(promise.spent, found)))

    return look


def judge_large(sheet: Sheet, sample: Sight, promise: Promise) -> Look:
    """Return the same of a very large picture, to a few hundredths of what is promised.

    The whole of it is asked for what is coarse, which is nine tenths of the sum: there a step
    moves linear light as far as the slope at its mean has it. What its two finest scales add, and
    what coding adds to all, is asked of a sample.
    """
    whole = Image.fromarray(sheet.pixels)
    small, luma = np.asarray(whole.reduce(1 << _COARSE)), np.asarray(whole.convert("L"))
    light, slope = linear(small), _SLOPES[small].transpose(2, 0, 1)
    coarse = coarse_reference(light, _COARSE, (sheet.pixels.shape[0], sheet.pixels.shape[1]))
    room = small.transpose(2, 0, 1).astype(np.float32)

    def look(share: float) -> Seen:
        part, posted = sample(share)
        moved = np.clip(sheet.means(share, 1 << _COARSE, luma), -room, 255 - room)
        found = coarse.features(light + slope * moved)
        found[:, :_COARSE] = part[:, :_COARSE]
        sums = distance(found) * _more(distance(posted), distance(part))
        spent = promise.spent(found) * _more(promise.spent(posted), promise.spent(part))
        return Seen(score_of(sums), spent * _SURELY)

    return look


def _more(coded: float, plain: float) -> float:
    return max(coded / plain, 1) if plain > 0 else 1.0


def _compared(before: Pixels) -> Callable[[Pixels], Features]:
    """Return what compares with a picture: a small one's own half is kept for the next time."""
    if before.shape[0] * before.shape[1] > _KEPT:
        return functools.partial(features, before)
    return reference(before).features


def _posted(pixels: Pixels) -> Pixels:
    """Return a picture as it is posted, coded in strips: blocks of 8 pixels are coded alone."""
    coded = np.empty_like(pixels)
    for top in range(0, len(pixels), _STRIP):
        coded[top : top + _STRIP] = _POSTED(pixels[top : top + _STRIP])
    return coded


def is_scored(pixels: Pixels) -> bool:
    """Return whether the picture is large enough to have a score."""
    return bool(min(pixels.shape[:2]) >= SMALLEST)
