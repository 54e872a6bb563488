"""How visible a change is: SSIMULACRA2, fast enough to search a cloak's strength by it.

The metric is Cloudinary's SSIMULACRA2, version 2.1 (github.com/cloudinary/ssimulacra2, also in
libjxl). At six scales, each half of the one before, and in the three channels of the XYB colour
space, three maps compare the pictures through a Gaussian window: structure (SSIM's error),
artifact (edges that came) and lost detail (edges that went). The mean and the 4-norm of each map
are weighted and summed, and a curve turns the sum into the score. It is held to within 0.5 of
the PyPI package `ssimulacra2`, whose treatment of edges is followed.

Three things make it fast, and a score shows none of them: the window is a matrix product
(`ssimulacra2.blur`); planes whose weights together are under 0.002 (both colour channels at full
size) are left out; and what hangs on the unprotected picture alone is computed once, by
`reference`, however many candidates are compared with it. Strips of rows bound the memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from postguard.imaging.ssimulacra2.blur import Band, Blur, Plane
from postguard.imaging.ssimulacra2.opsin import Pixels, xyb_scales
from postguard.imaging.ssimulacra2.weights import CHANNELS, MAX_SCALES, weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 8
"""The shortest side, in pixels, that has a score."""

_ROWS = 64
_NEGLIGIBLE = 0.002
_C2 = np.float32(0.0009)
_ONE = np.float32(1)


def ssimulacra2(before: Pixels, after: Pixels) -> float:
    """The SSIMULACRA2 score of `after`, seen beside `before`.

    100 is identical, about 90 imperceptible even when the two are flicked between, 80 hardly
    distinguishable side by side, 70 high quality, 50 medium, 30 low; very strong changes are
    negative, without a lower bound.

    Args:
        before: sRGB pixels (H, W, 3) in 8 bits, each side at least 8 px.
        after: the same size.

    Raises:
        ValueError: the pictures are not of this kind, or differ in size.
    """
    return reference(before).score(after)


def reference(before: Pixels, *, rows: int = _ROWS) -> Reference:
    """Prepares one unprotected picture for comparison with many candidates.

    Args:
        before: sRGB pixels (H, W, 3) in 8 bits, each side at least 8 px.
        rows: how many rows of a plane are in work at once: time and memory, not the score.

    Raises:
        ValueError: `before` is not such a picture.
    """
    _check(before)
    weights = weights_of(_scales(before.shape))
    wanted = _wanted(weights)
    scales = [
        {channel: _Known.of(plane, rows) for channel, plane in planes.items()}
        for planes in xyb_scales(before, wanted, rows)
    ]
    return Reference(before.shape, scales, weights, rows)


@dataclass(frozen=True)
class Reference:
    """One unprotected picture, ready to be compared: about 22 bytes for each of its pixels."""

    shape: tuple[int, ...]
    scales: Sequence[dict[int, _Known]]
    weights: NDArray[np.float64]
    rows: int

    def score(self, after: Pixels) -> float:
        """The score of `after` (H, W, 3), as `ssimulacra2` gives it.

        Raises:
            ValueError: `after` is not an 8-bit picture of the same size.
        """
        return score_of(float((self.weights * self.features(after)).sum()))

    def features(self, after: Pixels) -> NDArray[np.float64]:
        """What the weights weigh, (channels, scales, 6); 0 for planes that are left out.

        Raises:
            ValueError: `after` is not an 8-bit picture of the same size.
        """
        _check(after)
        if after.shape != self.shape:
            raise ValueError(f"sizes differ: {self.shape[:2]} before, {after.shape[:2]} after")
        wanted = [frozenset(known) for known in self.scales]
        found = np.zeros(self.weights.shape)
        for scale, planes in enumerate(xyb_scales(after, wanted, self.rows)):
            for channel, plane in planes.items():
                found[channel, scale] = self.scales[scale][channel].features(plane)
        return found


@dataclass(frozen=True)
class _Known:
    """One plane (h, w) of the reference, its local mean, and its local variance plus C2."""

    plane: Plane
    mean: Plane
    variance: Plane
    blur: Blur

    @classmethod
    def of(cls, plane: Plane, rows: int) -> _Known:
        blur = Blur(plane.shape, rows)
        mean, variance = np.empty_like(plane), np.empty_like(plane)
        for strip in blur.strips:
            values = plane[strip.inputs]
            blurred, squared = blur(strip, np.stack([values, values * values]))
            squared -= blurred * blurred
            squared += _C2
            mean[strip.outputs], variance[strip.outputs] = blurred, squared
        return cls(plane, mean, variance, blur)

    def features(self, other: Plane) -> NDArray[np.float64]:
        """The six numbers that the weights weigh: means, then 4-norms, of the three maps."""
        sums = np.zeros((2, 3))
        for strip in self.blur.strips:
            sums += self._strip(other, strip)
        sums /= other.size
        sums[1] **= 0.25
        return sums.ravel()

    def _strip(self, other: Plane, strip: Band) -> NDArray[np.float64]:
        """Sums, and sums of fourth powers, of the three maps in one strip.

        Everything is written in the difference of the two pictures: it stays exact where they
        are nearly equal, which the textbook's variances and covariance in 32 bits do not.
        """
        theirs = other[strip.inputs]
        change = theirs - self.plane[strip.inputs]
        shift, energy, square = self.blur(
            strip, np.stack([change, change * change, theirs * theirs])
        )
        mean = self.mean[strip.outputs]
        moved = mean + shift
        square -= moved * moved
        square += self.variance[strip.outputs]
        structure = _structure(shift, energy, square)
        edges = _edges(self.plane[strip.outputs] - mean, theirs[strip.core] - moved)
        artifact, lost = np.maximum(edges, 0), np.minimum(edges, 0)
        return np.array([_sums(part) for part in (structure, artifact, lost)]).T


def _structure(shift: Plane, energy: Plane, variances: Plane) -> Plane:
    """SSIM's error, 1 - (1 - m²)(2 cov + C2) / (var + var' + C2), at least 0.

    With m the shift of the local mean and e the local energy of the change, the numerator is the
    denominator less (e - m²), which gives m² + (1 - m²)(e - m²) / denominator.
    """
    light = shift * shift
    energy -= light
    energy /= variances
    energy *= _ONE - light
    energy += light
    return np.maximum(energy, 0, out=energy)


def _edges(ours: Plane, theirs: Plane) -> Plane:
    """(1 + |theirs|) / (1 + |ours|) - 1: above 0 where an edge came, under 0 where one went."""
    ours, theirs = np.abs(ours, out=ours), np.abs(theirs, out=theirs)
    theirs -= ours
    ours += _ONE
    theirs /= ours
    return theirs


def _sums(values: Plane) -> tuple[float, float]:
    """The sum of |values| (all of one sign) and the sum of their fourth powers."""
    total = abs(float(values.sum()))
    np.square(values, out=values)
    return total, float(np.square(values, out=values).sum())


def score_of(total: float) -> float:
    """The score of a weighted sum: the polynomial and power that the original fitted to opinion
    scores."""
    error = 0.9562382616834844 * total
    error = (6.248496625763138e-05 * error - 0.020884521182843837) * error**2 + (
        2.326765642916932 * error
    )
    return 100.0 - 10.0 * error**0.6276336467831387 if error > 0 else 100.0


def error_at(score: float) -> float:
    """The weighted sum that has `score`, below 100: the curve inverted, by bisection."""
    low, high = 0.0, 1000.0
    while high - low > 1e-6:  # noqa: PLR2004  # far finer than a score shows
        middle = (low + high) / 2
        low, high = (middle, high) if score_of(middle) > score else (low, middle)
    return low


def _scales(shape: tuple[int, ...]) -> int:
    """How many of the six scales are at least 8 px on each side."""
    short = min(shape[:2])
    return sum(-(-short >> scale) >= SMALLEST for scale in range(MAX_SCALES))


def _wanted(weights: NDArray[np.float64]) -> list[frozenset[int]]:
    """The channels of each scale that can change the score."""
    matters = weights.sum(axis=2) >= _NEGLIGIBLE
    return [
        frozenset(channel for channel in range(CHANNELS) if matters[channel, scale])
        for scale in range(weights.shape[1])
    ]


def _check(pixels: Pixels) -> None:
    if pixels.dtype != np.uint8 or pixels.shape[2:] != (CHANNELS,):
        raise ValueError(f"needs 8-bit sRGB pixels (H, W, 3), not {pixels.dtype} {pixels.shape}")
    if min(pixels.shape[:2]) < SMALLEST:
        raise ValueError(f"needs at least {SMALLEST} px on each side, not {pixels.shape[:2]}")
