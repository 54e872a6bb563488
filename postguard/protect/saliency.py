"""Where the eye goes first in a picture: where the larger mark must lie to spoil a copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postguard.imaging import Picture

_SMALL = 96  # long side of the copy that is judged
_SAMPLES = 4  # rows and columns looked at for each of its own
_SURROUND = 0.25  # reach of what a point is compared with, as a share of the long side
_SPOT = 0.06  # reach of what counts as one thing
_CENTRE = 0.6  # how much less a corner counts than the middle: painters place things inside
_VISIBLE = 2.0  # levels of 255

Floats = NDArray[np.float64]


def salient(picture: Picture) -> Floats:
    """Return (h, w) how much each part of a small copy draws the eye, 1 where it does most.

    Colour that differs from its surroundings and from the picture as a whole, and what is drawn
    in detail, weighed towards the middle. What is transparent draws nothing.
    """
    small, seen = _small(picture)
    colours = np.asarray(small, np.float64)
    long = max(small.size)
    mean = (colours * seen[..., None]).sum((0, 1)) / max(float(seen.sum()), 1e-6)
    around = np.asarray(small.filter(ImageFilter.GaussianBlur(_SURROUND * long)), np.float64)
    rare = _share(np.linalg.norm(colours - mean, axis=-1))
    apart = _share(np.linalg.norm(colours - around, axis=-1))
    drawn = _share(_smooth(_edges(colours), _SPOT * long))
    found = _smooth((rare + apart + drawn) * seen, _SPOT * long) * _towards_middle(seen.shape)
    return found / max(float(found.max()), 1e-6)


def focus(picture: Picture, extent: tuple[float, float]) -> tuple[float, float]:
    """Return the centre, in pixels, of the place of `extent` (width, height, in pixels) that
    draws the eye most; all of it lies inside the picture where it fits."""
    found = salient(picture)
    scale = picture.width / found.shape[1], picture.height / found.shape[0]
    width, height = (
        min(n, max(1, round(e / s)))
        for e, s, n in zip(extent, scale, found.shape[::-1], strict=True)
    )
    sums = np.pad(found, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    inside = sums[height:, width:] - sums[:-height, width:]
    inside = inside - sums[height:, :-width] + sums[:-height, :-width]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return (float(left) + width / 2) * scale[0], (float(top) + height / 2) * scale[1]


def _small(picture: Picture) -> tuple[Image.Image, Floats]:
    """Return a small copy, and (h, w) how much of each pixel is seen; what is transparent gets
    the mean colour of the rest."""
    shrink = min(1.0, _SMALL / max(picture.width, picture.height))
    size = max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink))
    thin = np.s_[
        :: max(1, picture.height // (_SAMPLES * size[1])),
        :: max(1, picture.width // (_SAMPLES * size[0])),
    ]
    box = Image.Resampling.BOX
    small = Image.fromarray(np.ascontiguousarray(picture.pixels[thin])).resize(size, box)
    if picture.alpha is None:
        return small, np.ones(size[::-1])
    alpha = Image.fromarray(np.ascontiguousarray(picture.alpha[thin])).resize(size, box)
    seen = np.asarray(alpha, np.float64) / 255
    colours = np.asarray(small, np.float64)
    mean = colours.sum((0, 1)) / max(float(seen.sum()), 1.0)
    filled = np.clip(colours + (1 - seen[..., None]) * mean, 0, 255)
    return Image.fromarray(filled.astype(np.uint8)), seen


def _edges(colours: Floats) -> Floats:
    """Return (h, w) local contrast, its root: many soft lines weigh as much as one hard one."""
    luma = colours.mean(-1)
    down, across = (np.gradient(luma, axis=a) if luma.shape[a] > 1 else 0 * luma for a in (0, 1))
    return np.asarray(np.sqrt(np.hypot(down, across)))


def _smooth(values: Floats, reach: float) -> Floats:
    image = Image.fromarray(values.astype(np.float32))
    # Pillow blurs no floats: shrink and enlarge instead, which is as smooth.
    grid = max(1, round(image.width / reach)), max(1, round(image.height / reach))
    small = image.resize(grid, Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC), np.float64).clip(0)


def _towards_middle(shape: tuple[int, int]) -> Floats:
    y, x = (np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape)
    return np.asarray(1 - _CENTRE * np.minimum(1, np.hypot(y[:, None], x[None, :]) / 1.2))


def _share(values: Floats) -> Floats:
    return values / max(float(values.mean()), _VISIBLE)
