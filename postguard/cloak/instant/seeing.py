"""How visible a change is, at the picture's size and from half the distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.imaging.ssimulacra2.weights import MAX_SCALES, weights_of
from postguard.imaging.visibility import SMALLEST, distance, error_at, features, score_of

NEARER = 25.0  # points that may be lost from half the distance, beyond those at its own size
_STRIP = 256  # rows that are coded at once
_POSTED = Codec("JPEG", 95, "4:4:4")  # as most posts are coded: see `cloak.holding`


@dataclass(frozen=True, slots=True)
class Promise:
    """What a change may be seen. `floor`: the least SSIMULACRA2.

    At its finest two scales the metric hardly minds what is everywhere the same, as a texture is;
    so the picture is also scored as seen from half the distance (see `cloak.eye`), against a
    floor of its own.
    """

    floor: float

    def spent(self, found: NDArray[np.float64]) -> float:
        """Return how much of it a change takes that has these features; 1 = all."""
        near = _nearer(found) / error_at(self.floor - NEARER)
        return max(distance(found) / error_at(self.floor), near)


def _nearer(found: NDArray[np.float64]) -> float:
    """Return the weighted sum of features (3,scales,6) as of the picture doubled: with every pixel
    doubled, the scale s + 1 holds what the scale s holds now."""
    weights = weights_of(min(found.shape[1] + 1, MAX_SCALES))[:, 1:]
    return float((weights * found[:, : weights.shape[1]]).sum())


@dataclass(frozen=True, slots=True)
class Seen:
    """`score`: SSIMULACRA2; `spent`: how much of the promise is taken, 1 = all."""

    score: float
    spent: float


def seen(before: Pixels, after: Pixels, promise: Promise) -> Seen:
    """Return how visible a change is. A side under 8 px has no score: see `is_scored`."""
    found = features(before, after)
    return Seen(score_of(distance(found)), promise.spent(found))


def seen_posted(before: Pixels, after: Pixels, promise: Promise) -> Seen:
    """Return how visible it is as pixels and as they are posted, whichever is more."""
    plain = seen(before, after, promise)
    coded = seen(_posted(before), _posted(after), promise)
    return Seen(min(plain.score, coded.score), max(plain.spent, coded.spent))


def _posted(pixels: Pixels) -> Pixels:
    """Return a picture as it is posted, coded in strips: blocks of 8 pixels are coded alone."""
    coded = np.empty_like(pixels)
    for top in range(0, len(pixels), _STRIP):
        coded[top : top + _STRIP] = _POSTED(pixels[top : top + _STRIP])
    return coded


def is_scored(pixels: Pixels) -> bool:
    """Return whether the picture is large enough to have a score."""
    return bool(min(pixels.shape[:2]) >= SMALLEST)
