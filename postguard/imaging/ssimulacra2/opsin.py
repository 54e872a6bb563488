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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Pixels = NDArray[np.uint8]

X, Y, B = range(3)

_BIAS = 0.0037930732552754493
_MIX = np.array(
    [
        [0.30, 1 - 0.30 - 0.078, 0.078],
        [0.23, 1 - 0.23 - 0.078, 0.078],
        [0.24342268924547819, 0.20476744424496821, 1 - 0.24342268924547819 - 0.20476744424496821],
    ],
    np.float32,
)
_KNEE = 0.04045
_DARK = np.float32(np.cbrt(_BIAS))
_X_SCALE, _X_ZERO = np.float32(14.0), np.float32(0.42)
_Y_ZERO = np.float32(0.01)
_B_ZERO = np.float32(0.55)


def xyb_scales(
    rgb: Pixels, wanted: Sequence[frozenset[int]], rows: int
) -> Iterator[dict[int, Plane]]:
    """The XYB planes (h, w) of `rgb` at each scale, of the channels that `wanted` names there.

    Every scale is half of the one before, averaged in linear light and rounded up. Only one
    scale lives at a time; `rows` rows of it are in work at once.
    """
    height, width = rgb.shape[:2]
    cones = _seen_in(rgb)
    for scale, channels in enumerate(wanted):
        deeper = scale + 1 < len(wanted)
        planes, half = _scale(cones, (height, width), channels, rows, deeper=deeper)
        yield planes
        del planes
        height, width = half.shape[1:]
        cones = _strips_of(half)


def _seen_in(rgb: Pixels) -> Callable[[int, int], Plane]:
    return lambda first, last: _cones(rgb[first:last])


def _strips_of(cones: Plane) -> Callable[[int, int], Plane]:
    return lambda first, last: cones[:, first:last]


def _scale(
    cones: Callable[[int, int], Plane],
    size: tuple[int, int],
    channels: frozenset[int],
    rows: int,
    *,
    deeper: bool,
) -> tuple[dict[int, Plane], Plane]:
    """The wanted planes of one scale, and the cones (3, h, w) of the next if there is a deeper."""
    height, width = size
    step = rows + rows % 2
    planes = {channel: np.empty(size, np.float32) for channel in channels}
    shape = (3, -(-height // 2), -(-width // 2)) if deeper else (3, 0, 0)
    half = np.empty(shape, np.float32)
    for first in range(0, height, step):
        last = min(first + step, height)
        strip = cones(first, last)
        if deeper:
            half[:, first // 2 : -(-last // 2)] = _halve(strip)
        _write_xyb(planes, strip, slice(first, last))
    return planes, half


def _cones(rgb: Pixels) -> Plane:
    """Long, middle and short (3, h, w), with their bias, of sRGB pixels (h, w, 3)."""
    height, width = rgb.shape[:2]
    cones = np.empty((3, height, width), np.float32)
    np.matmul(_MIX, _LINEAR[rgb].swapaxes(1, 2), out=cones.swapaxes(0, 1))
    cones += np.float32(_BIAS)
    return cones


def _write_xyb(planes: dict[int, Plane], cones: Plane, rows: slice) -> None:
    if not planes:
        return
    long, middle = np.cbrt(cones[0]), np.cbrt(cones[1])
    if X in planes:
        planes[X][rows] = (long - middle) * (_X_SCALE / 2) + _X_ZERO
    luma = (long + middle) * np.float32(0.5) - _DARK
    if Y in planes:
        planes[Y][rows] = luma + _Y_ZERO
    if B in planes:
        planes[B][rows] = np.cbrt(cones[2]) - _DARK - luma + _B_ZERO


def _halve(cones: Plane) -> Plane:
    """Means of 2x2; an odd last row or column stands for the one that is missing."""
    odd = [(0, length % 2) for length in cones.shape[1:]]
    if any(end for _, end in odd):
        cones = np.pad(cones, [(0, 0), *odd], mode="edge")
    tall = cones[:, 0::2] + cones[:, 1::2]
    return np.asarray((tall[..., 0::2] + tall[..., 1::2]) * np.float32(0.25))


def _linear() -> Plane:
    """Linear light, 0 to 1, of each sRGB value (IEC 61966-2-1)."""
    srgb = np.arange(256) / 255
    return np.where(srgb <= _KNEE, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype("f4")


_LINEAR = _linear()
