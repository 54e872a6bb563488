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
`reference`, however many candidates are compared with it. Both pictures pass in strips of rows,
at all scales at once, so that they stay in the processor's cache and take no memory to speak of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from postguard.imaging.ssimulacra2.blur import Band, Blur, Gathered, Plane
from postguard.imaging.ssimulacra2.opsin import Pixels, xyb_rows, xyb_rows_of
from postguard.imaging.ssimulacra2.weights import CHANNELS, FEATURES, MAX_SCALES, weights_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SMALLEST = 8
"""The shortest side, in pixels, that has a score."""

_NEGLIGIBLE = 0.002
_C2 = np.float32(0.0009)
_ONE = np.float32(1)
_Strip = tuple[int, Band, Plane]


def ssimulacra2(before: Pixels, after: Pixels) -> float:
    """The SSIMULACRA2 score of `after`, seen beside `before`.

    100 is identical, about 90 imperceptible even when the two are flicked between, 80 hardly
    distinguishable side by side, 70 high quality, 50 medium, 30 low; very strong changes are
    negative, without a lower bound. No more than some strips of rows is held of either picture.

    Args:
        before: sRGB pixels (H, W, 3) in 8 bits, each side at least 8 px.
        after: the same size.

    Raises:
        ValueError: the pictures are not of this kind, or differ in size.
    """
    return score_of(distance(features(before, after)))


def features(before: Pixels, after: Pixels) -> NDArray[np.float64]:
    """What the weights weigh, (channels, scales, 6); 0 for planes that are left out.

    Raises:
        ValueError: as `ssimulacra2`.
    """
    _check(before)
    _check_alike(before.shape, after)
    scales = _scales(before.shape)
    return _features(_known(_strips(before, scales), scales), _strips(after, scales), scales)


def reference(before: Pixels) -> Reference:
    """Prepares one unprotected picture for comparison with many candidates.

    Args:
        before: sRGB pixels (H, W, 3) in 8 bits, each side at least 8 px.

    Raises:
        ValueError: `before` is not such a picture.
    """
    _check(before)
    scales = _scales(before.shape)
    return Reference(before.shape, scales, list(_known(_strips(before, scales), scales)))


def coarse_reference(light: Plane, finest: int, size: tuple[int, int]) -> CoarseReference:
    """Prepares one unprotected picture for comparison at its coarser scales alone.

    The two scales before the third take three quarters of the time and make a tenth of the sum.

    Args:
        light: linear light (3, h, w) of the scale `finest`, the first that is compared.
        size: height and width of the whole picture, at the scale 0.
    """
    scales = _scales(size, finest)
    strips = _strips_of(light, scales, finest)
    return CoarseReference(finest, scales, list(_known(strips, scales)))


@dataclass(frozen=True)
class Reference:
    """One unprotected picture, ready to be compared: about 24 bytes for each of its pixels."""

    shape: tuple[int, ...]
    scales: Sequence[_Scale]
    known: Sequence[_Known]

    def score(self, after: Pixels) -> float:
        """The score of `after` (H, W, 3), as `ssimulacra2` gives it.

        Raises:
            ValueError: `after` is not an 8-bit picture of the same size.
        """
        return score_of(distance(self.features(after)))

    def features(self, after: Pixels) -> NDArray[np.float64]:
        """What the weights weigh, as `features` gives it.

        Raises:
            ValueError: `after` is not an 8-bit picture of the same size.
        """
        _check_alike(self.shape, after)
        return _features(self.known, _strips(after, self.scales), self.scales)


@dataclass(frozen=True)
class CoarseReference:
    """The coarser scales of one unprotected picture, ready to be compared."""

    finest: int
    scales: Sequence[_Scale]
    known: Sequence[_Known]

    def features(self, light: Plane) -> NDArray[np.float64]:
        """What the weights weigh of a candidate, given as the reference was; 0 for the scales
        before `finest`, which whoever asks knows from elsewhere."""
        strips = _strips_of(light, self.scales, self.finest)
        return _features(self.known, strips, self.scales)


@dataclass(frozen=True)
class _Scale:
    """One scale: the channels that matter there, how they are blurred, and how many pixels there
    are."""

    channels: Sequence[int]
    blur: Blur
    area: int


def _scales(shape: tuple[int, ...], finest: int = 0) -> list[_Scale]:
    """The scales, six at most, that are at least 8 px on each side; before `finest` no channel
    matters."""
    height, width = shape[:2]
    sizes = [(-(-height >> scale), -(-width >> scale)) for scale in range(MAX_SCALES)]
    sizes = [size for size in sizes if min(size) >= SMALLEST]
    weighed = weights_of(len(sizes)).swapaxes(0, 1)
    weighed[:finest] = 0
    return [_scale(size, weights) for size, weights in zip(sizes, weighed, strict=True)]


def _scale(size: tuple[int, int], weights: NDArray[np.float64]) -> _Scale:
    channels = [c for c in range(CHANNELS) if weights[c].sum() >= _NEGLIGIBLE]
    return _Scale(channels, Blur(size), size[0] * size[1])


def _strips(rgb: Pixels, scales: Sequence[_Scale]) -> Iterator[_Strip]:
    return _gathered(xyb_rows(rgb, [scale.channels for scale in scales]), scales)


def _strips_of(light: Plane, scales: Sequence[_Scale], finest: int) -> Iterator[_Strip]:
    return _gathered(xyb_rows_of(light, [scale.channels for scale in scales], finest), scales)


def _gathered(found: Iterable[tuple[int, Plane]], scales: Sequence[_Scale]) -> Iterator[_Strip]:
    """Yield the scale, the place and the planes (n, inputs, w) of each strip of a picture."""
    gathered = [Gathered(scale.blur.strips) for scale in scales]
    for scale, rows in found:
        for strip, planes in gathered[scale].add(rows):
            yield scale, strip, planes


@dataclass(frozen=True)
class _Known:
    """A strip of the reference at one scale: its planes (n, inputs, w), and (n, outputs, w) their
    local mean and their local variance plus C2."""

    planes: Plane
    mean: Plane
    variance: Plane

    def sums(self, theirs: Plane, strip: Band, blur: Blur) -> NDArray[np.float64]:
        """Sums, and sums of fourth powers, of the three maps of each channel, (n, 6).

        Everything is written in the difference of the two pictures: it stays exact where they
        are nearly equal, which the textbook's variances and covariance in 32 bits do not.
        """
        stack = np.empty((3, *theirs.shape), np.float32)
        np.subtract(theirs, self.planes, out=stack[0])
        np.square(stack[0], out=stack[1])
        np.square(theirs, out=stack[2])
        shift, energy, square = blur(strip, stack)
        moved = self.mean + shift
        square -= moved * moved
        square += self.variance
        structure = _structure(shift, energy, square)
        edges = _edges(self.planes[:, strip.core] - self.mean, theirs[:, strip.core] - moved)
        artifact, lost = np.maximum(edges, 0), np.minimum(edges, 0)
        parts = [_sums(part) for part in (structure, artifact, lost)]
        return np.concatenate(
            [np.stack(sums, axis=1) for sums in zip(*parts, strict=True)], axis=1
        )


def _known(before: Iterable[_Strip], scales: Sequence[_Scale]) -> Iterator[_Known]:
    for scale, strip, planes in before:
        mean, variance = scales[scale].blur(strip, np.stack([planes, planes * planes]))
        variance -= mean * mean
        variance += _C2
        yield _Known(planes.copy(), mean, variance)


def _features(
    known: Iterable[_Known], after: Iterable[_Strip], scales: Sequence[_Scale]
) -> NDArray[np.float64]:
    """Compare strip by strip, each as the other in its order."""
    sums = [np.zeros((len(scale.channels), FEATURES)) for scale in scales]
    for ours, (scale, strip, theirs) in zip(known, after, strict=True):
        sums[scale] += ours.sums(theirs, strip, scales[scale].blur)
    found = np.zeros((CHANNELS, len(scales), FEATURES))
    for i, (each, total) in enumerate(zip(scales, sums, strict=True)):
        found[each.channels, i] = total / each.area
    found[..., FEATURES // 2 :] **= 0.25  # means, then 4-norms, of the three maps
    return found


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


def _sums(values: Plane) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each channel's sum of |values| (all of one sign) and sum of their fourth powers."""
    total = np.abs(values.sum(axis=(1, 2)))
    np.square(values, out=values)
    return total, np.einsum("chw,chw->c", values, values)


def distance(features: NDArray[np.float64]) -> float:
    """The weighted sum of features, of which the score is a function."""
    return float((weights_of(features.shape[1]) * features).sum())


def error_at(score: float) -> float:
    """The weighted sum that has `score`, below 100: the curve inverted, by bisection."""
    low, high = 0.0, 1000.0
    while high - low > 1e-6:  # noqa: PLR2004  # far finer than a score shows
        middle = (low + high) / 2
        low, high = (middle, high) if score_of(middle) > score else (low, middle)
    return low


def score_of(total: float) -> float:
    """The score of a weighted sum: the polynomial and power that the original fitted to opinion
    scores."""
    error = 0.9562382616834844 * total
    error = (6.248496625763138e-05 * error - 0.020884521182843837) * error**2 + (
        2.326765642916932 * error
    )
    return 100.0 - 10.0 * error**0.6276336467831387 if error > 0 else 100.0


def _check_alike(shape: tuple[int, ...], after: Pixels) -> None:
    _check(after)
    if after.shape != shape:
        raise ValueError(f"sizes differ: {shape[:2]} before, {after.shape[:2]} after")


def _check(pixels: Pixels) -> None:
    if pixels.dtype != np.uint8 or pixels.shape[2:] != (CHANNELS,):
        raise ValueError(f"needs 8-bit sRGB pixels (H, W, 3), not {pixels.dtype} {pixels.shape}")
    if min(pixels.shape[:2]) < SMALLEST:
        raise ValueError(f"needs at least {SMALLEST} px on each side, not {pixels.shape[:2]}")
