"""A slight blur off the lines: faint texture, which models read, goes; lines stay sharp."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture, to_image

_REACH = 2  # pixels that the blur reaches; its deviation is 1
_LINE = (2, 6)  # of 255: what the blur takes from a pixel of faint texture, and from one of a line
_BESIDE = 2  # pixels beside a line that are kept as sharp as it
_STRIP = 1 << 16  # pixels: what is made of them stays in the cache
_ALL = 256  # the share of a pixel that is softened wholly

Bytes = NDArray[np.uint8]
Shares = NDArray[np.int16]


def softened(picture: Picture) -> Bytes:
    """Return the pixels, blurred where there is no line; nothing seeps in from what is
    transparent."""
    made = np.empty_like(picture.pixels)
    halo, step = _REACH + _BESIDE, max(1, _STRIP // picture.width)
    for top in range(0, picture.height, step):
        first, end = max(0, top - halo), min(top + step, picture.height)
        rows = slice(first, end + halo)
        alpha = None if picture.alpha is None else picture.alpha[rows]
        part = _softened(picture.pixels[rows], alpha)
        made[top:end] = part[top - first : end - first]
    return made


def _softened(pixels: Bytes, alpha: Bytes | None) -> Bytes:
    soft = _blurred(pixels) if alpha is None else _blurred_within(pixels, alpha)
    share, made = _off_lines(pixels, soft), np.empty_like(pixels)
    for channel in range(3):
        # Where there is any share, the change is so small that 16 bits hold their product.
        change = soft[..., channel].astype(np.int16) - pixels[..., channel]
        change *= share
        change += _ALL // 2
        change >>= 8
        made[..., channel] = pixels[..., channel] + change
    if alpha is not None:
        made[alpha == 0] = 0
    return made


def _blurred(values: Bytes) -> Bytes:
    """Return (h, w, channels) through the window 1, 4, 6, 4, 1 each way; the border's pixels go
    on beyond it."""
    height, width, channels = values.shape
    room = np.pad(values, ((_REACH, _REACH), (_REACH, _REACH), (0, 0)), mode="edge")
    flat = room.reshape(height + 2 * _REACH, -1).astype(np.uint16)
    tall = _windowed([flat[i : i + height] for i in range(5)])
    count = width * channels
    wide = _windowed([tall[:, i : i + count] for i in range(0, 5 * channels, channels)])
    wide += 1 << 7  # at most 65,408
    wide >>= 8
    return wide.astype(np.uint8).reshape(values.shape)


def _windowed(parts: list[NDArray[np.uint16]]) -> NDArray[np.uint16]:
    far, near, here, after, last = parts
    total: NDArray[np.uint16] = near + after
    total <<= 2
    total += far
    total += last
    total += 6 * here
    return total


def _blurred_within(pixels: Bytes, alpha: Bytes) -> Bytes:
    """Return the pixels blurred, weighed by the alpha, so that the black outside draws no rim."""
    image = to_image(Picture(pixels, alpha)).convert("RGBa")
    soft = _blurred(np.asarray(image))
    bands = [Image.fromarray(np.ascontiguousarray(soft[..., i])) for i in range(4)]
    return np.asarray(Image.merge("RGBa", bands).convert("RGBA").convert("RGB"))


def _off_lines(pixels: Bytes, soft: Bytes) -> Shares:
    """Return (h, w) how far a pixel is from being a line's: `_ALL` off the lines, 0 on them. A
    line may be one of colour alone."""
    taken = np.maximum(pixels, soft)
    taken -= np.minimum(pixels, soft)
    strongest = np.maximum(np.maximum(taken[..., 0], taken[..., 1]), taken[..., 2])
    room = np.pad(strongest, _BESIDE)
    return np.take(_shares(), _widest(_widest(room).T).T)


def _widest(values: Bytes) -> Bytes:
    """Return the greatest of each five rows."""
    two = np.maximum(values[:-1], values[1:])
    four = np.maximum(two[:-2], two[2:])
    return np.maximum(four[:-1], values[4:])


@cache
def _shares() -> Shares:
    faint, line = _LINE
    share = (line - np.arange(256)) / (line - faint)
    return np.rint(_ALL * np.clip(share, 0, 1)).astype(np.int16)
