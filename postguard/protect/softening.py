"""A slight blur off the lines: faint texture, which models read, goes; lines stay sharp."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from postguard.imaging import Picture, to_image

_RADIUS = 1.0  # of the blur, in pixels
_LINE = (2, 6)  # of 255: what the blur takes from a pixel of faint texture, and from one of a line
_BESIDE = 2  # pixels beside a line that are kept as sharp as it


def softened(picture: Picture) -> NDArray[np.uint8]:
    """Return the pixels, blurred where there is no line; nothing seeps in from what is
    transparent."""
    image = to_image(Picture(picture.pixels))
    if picture.alpha is None:
        soft = _blurred(image)
        return np.asarray(Image.composite(soft, image, _off_lines(image, soft)))
    # Weighed by the alpha, so that the black outside draws no rim.
    soft = _blurred(to_image(picture).convert("RGBa")).convert("RGBA").convert("RGB")
    pixels = np.array(Image.composite(soft, image, _off_lines(image, soft)))
    pixels[picture.alpha == 0] = 0
    return pixels


def _blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(_RADIUS))


def _off_lines(image: Image.Image, soft: Image.Image) -> Image.Image:
    """Return (H, W) how far a pixel is from being a line's: 255 off the lines, 0 on them. A line
    may be one of colour alone."""
    red, green, blue = ImageChops.difference(image, soft).split()
    taken = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return Image.fromarray(_spread(np.array(taken))).point(_shares())


def _spread(taken: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the greatest value within `_BESIDE` pixels, written over the input; Pillow's
    MaxFilter takes ten times as long."""
    for axis in (taken, taken.T):
        for _ in range(_BESIDE):
            before = axis.copy()
            np.maximum(axis[1:], before[:-1], out=axis[1:])
            np.maximum(axis[:-1], before[1:], out=axis[:-1])
    return taken


@cache
def _shares() -> list[int]:
    faint, line = _LINE
    return [round(255 * min(max((line - v) / (line - faint), 0), 1)) for v in range(256)]
