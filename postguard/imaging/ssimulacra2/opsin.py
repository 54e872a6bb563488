"""From sRGB pixels to the XYB planes of SSIMULACRA2, scale by scale.

XYB models the eye's three kinds of cones: linear light is mixed into long, middle and short
(`_MIX`), each goes through a cube root, and X is long against middle, Y their mean, B short less
Y. Constants: `lib/jxl/cms/opsin_params.h` and `ssimulacra2.cc` of libjxl.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from postguard.imaging.ssimulacra2.blur import Plane
from postguard.imaging.ssimulacra2.weights import MAX_SCALES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Pixels = NDArray[np.uint8]

X, Y, B = range(3)

_STEP = 1 << (MAX_SCALES - 1)  # rows at once, or a multiple: even at every scale that is halved
_PIXELS = 1 << 15  # at once, about: fewer cost more in calls than in work
_BIAS = np.float32(0.0037930732552754493)
_MIX = np.array(
    [
        [0.30, 1 - 0.30 - 0.078, 0.078],
        [0.23, 1 - 0.23 - 0.078, 0.078],
        [0.24342268924547819, 0.20476744424496821, 1 - 0.24342268924547819 - 0.20476744424496821],
    ],
    np.float32,
)
_KNEE = 0.04045
_DARK = np.cbrt(_BIAS)
_THIRD = np.float32(1 / 3)
_X_SCALE, _X_ZERO = np.float32(14.0), np.float32(0.42)
_Y_ZERO = np.float32(0.01)
_B_ZERO = np.float32(0.55)


def xyb_rows(rgb: Pixels, wanted: Sequence[Sequence[int]]) -> Iterator[tuple[int, Plane]]:
    """From top to bottom, a scale and its next rows: the planes (n, h, w) that `wanted` names
    there, in its order; nothing of a scale where it names none.

    Every scale is half of the one before, averaged in linear light and rounded up.
    """
    rows = max(_PIXELS // rgb.shape[1] // _STEP, 1) * _STEP
    for top in range(0, len(rgb), rows):
        yield from _scales(linear(rgb[top : top + rows]), wanted, 0)


def xyb_rows_of(
    light: Plane, wanted: Sequence[Sequence[int]], first: int
) -> Iterator[tuple[int, Plane]]:
    """The same from the scale `first` on, of which `light` (3, h, w) is the linear light."""
    step = _STEP >> first
    rows = max(_PIXELS // light.shape[2] // step, 1) * step
    for top in range(0, light.shape[1], rows):
        yield from _scales(light[:, top : top + rows], wanted, first)


def linear(rgb: Pixels) -> Plane:
    """The linear light (3, h, w), 0 to 1, of sRGB pixels."""
    light = np.empty((3, *rgb.shape[:2]), np.float32)
    np.take(_LINEAR, rgb.transpose(2, 0, 1), out=light, mode="clip")
    return light


def _scales(
    light: Plane, wanted: Sequence[Sequence[int]], first: int
) -> Iterator[tuple[int, Plane]]:
    """The planes of rows of linear light that is that of the scale `first`."""
    for scale, channels in enumerate(wanted[first:], first):
        if channels:
            yield scale, _xyb(light, channels)
        if scale + 1 < len(wanted):
            light = _halve(light)


def _xyb(light: Plane, channels: Sequence[int]) -> Plane:
    """The planes of `channels` of linear light (3, h, w)."""
    seen = _responses(light, 3 if B in channels else 2)
    luma = seen[0] + seen[1]
    luma *= np.float32(0.5)
    luma -= _DARK
    planes = np.empty((len(channels), *luma.shape), np.float32)
    for at, channel in enumerate(channels):
        plane, zero = planes[at], _Y_ZERO
        if channel == X:
            np.subtract(seen[0], seen[1], out=plane)
            plane *= _X_SCALE / 2
            zero = _X_ZERO
        elif channel == B:
            np.subtract(seen[2], luma, out=plane)
            zero = _B_ZERO - _DARK
        else:
            plane[:] = luma
        plane += zero
    return planes


def _responses(light: Plane, cones: int) -> Plane:
    """The first of long, middle and short (n, h, w), with their bias, behind the cube root."""
    seen: Plane = np.matmul(_MIX[:cones], light.swapaxes(0, 1)).swapaxes(0, 1)
    seen += _BIAS
    # A quarter of the time of numpy's own cbrt, to a few units in the last place.
    np.log(seen, out=seen)
    seen *= _THIRD
    np.exp(seen, out=seen)
    return seen


def _halve(planes: Plane) -> Plane:
    """Means of 2x2; an odd last row or column stands for the one that is missing."""
    if planes.shape[1] % 2:
        planes = np.concatenate([planes, planes[:, -1:]], axis=1)
    if planes.shape[2] % 2:
        planes = np.concatenate([planes, planes[..., -1:]], axis=2)
    tall = planes[:, 0::2] + planes[:, 1::2]
    return np.asarray((tall[..., 0::2] + tall[..., 1::2]) * np.float32(0.25))


def _linear() -> Plane:
    """Linear light, 0 to 1, of each sRGB value (IEC 61966-2-1)."""
    srgb = np.arange(256) / 255
    return np.where(srgb <= _KNEE, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype("f4")


_LINEAR = _linear()
