"""How visible a change is, at the picture's size and from half the distance, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.imaging.ssimulacra2.weights import MAX_SCALES, weights_of
from postguard.imaging.visibility import SMALLEST, Reference, error_at, reference, score_of

NEARER = 20.0  # points that may be lost from half the distance, beyond those at its own size
_POSTED = Codec("JPEG", 95, "4:4:4")  # as most posts are coded: see `cloak.holding`
_BAND_PIXELS = 1 << 20
_LEAST_ROWS = 512  # of a band: so that it has as many scales as the whole


@dataclass(frozen=True, slots=True)
class Promise:
    """What a change may be seen. `floor`: the least SSIMULACRA2.

    At its finest two scales the metric hardly minds what is everywhere the same, as a texture is;
    so the picture is also scored as seen from half the distance (see `cloak.eye`), against a
    floor of its own.
    """

    floor: float

    def spent(self, features: NDArray[np.float64]) -> float:
        """Return how much of it a change takes that has these features; 1 = all."""
        far, near = errors(features)
        return max(far / error_at(self.floor), near / error_at(self.floor - NEARER))


def errors(features: NDArray[np.float64]) -> tuple[float, float]:
    """Return the weighted sums of features (3,scales,6): at the picture's size, and doubled.

    With every pixel doubled, the scale s + 1 holds what the scale s holds now.
    """
    count = features.shape[1]
    far, near = weights_of(count), weights_of(min(count + 1, MAX_SCALES))
    moved = near[:, 1:]
    both = far * features, moved * features[:, : moved.shape[1]]
    return float(both[0].sum()), float(both[1].sum())


class Judge:
    """One unprotected picture, to be compared with candidates in bands of rows.

    `coded`: also as it is posted; what is more visible counts. A side under 8 px has no score.
    """

    def __init__(self, pixels: Pixels, *, coded: bool) -> None:
        self._pixels, self._coded = pixels, coded
        bands = list(_bands(pixels.shape))
        self._known = [self._references(b) for b in bands] if len(bands) == 1 else None

    def spent(self, after: Pixels, promise: Promise) -> float:
        """Return how much of the promise the changed picture takes; 1 = all."""
        return max(promise.spent(features) for features in self._features(after))

    def score(self, after: Pixels) -> float:
        """Return the lower SSIMULACRA2 of both."""
        return min(score_of(errors(features)[0]) for features in self._features(after))

    def _features(self, after: Pixels) -> list[NDArray[np.float64]]:
        """Return (3,scales,6) of the picture, and of it as posted."""
        sums = [np.zeros(()), np.zeros(())]
        for rows in _bands(after.shape):
            known = self._known[0] if self._known else self._references(rows)
            looks = [after[rows], _POSTED(after[rows])] if self._coded else [after[rows]]
            found = [_powers(r.features(y)) for r, y in zip(known, looks, strict=True)]
            share = (rows.stop - rows.start) / after.shape[0]
            sums = [total + share * f for total, f in zip(sums, found, strict=False)]
        return [_powers(total, 1 / 4) for total in sums]

    def _references(self, rows: slice) -> list[Reference]:
        before = self._pixels[rows]
        known = [reference(before)]
        return [*known, reference(_POSTED(before))] if self._coded else known


def _powers(features: NDArray[np.float64], power: float = 4) -> NDArray[np.float64]:
    """Return the features with their 4-norms as means of fourth powers, or back."""
    found = features.copy()
    found[..., 3:] **= power
    return found


def _bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield slices of rows, the last one not shorter than the others."""
    height, width = shape[:2]
    rows = max(_BAND_PIXELS // width, _LEAST_ROWS)
    count = max(height // rows, 1)
    for i in range(count):
        yield slice(height * i // count, height * (i + 1) // count)


def is_scored(pixels: Pixels) -> bool:
    """Return whether the picture is large enough to have a score."""
    return bool(min(pixels.shape[:2]) >= SMALLEST)
