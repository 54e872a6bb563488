"""A picture as every step sees it: 8-bit sRGB pixels, and nothing else of the source file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

OPAQUE = 255
STRIP = 1 << 20  # pixels handled at once: small enough to stay in the cache and out of the peak


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as every step sees them; metadata of the source is gone.

    Attributes:
        pixels: (H, W, 3) uint8, sRGB.
        alpha: (H, W) uint8, 0 = transparent; None: opaque everywhere. Colour under alpha 0 is 0.
        gray: the source had no colour; steps keep R = G = B.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    gray: bool = False

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def strips(width: int, height: int) -> Iterator[slice]:
    """Yield slices of rows, of about `STRIP` pixels each, that cover the height in order."""
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def from_image(image: Image.Image) -> Picture:
    """Copy an sRGB image of mode L, LA, RGB or RGBA, strip by strip.

    Colour under alpha 0 is set to 0: it may be a sketch that the artist believes erased.
    """
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if image.mode in {"LA", "RGBA"} else None
    for rows in strips(width, height):
        part = np.asarray(image.crop((0, rows.start, width, rows.stop)))
        if alpha is not None:
            alpha[rows] = part[..., -1]
            part = part[..., :-1]
        pixels[rows] = part.reshape(*part.shape[:2], -1)  # one channel of gray fills all three
    if alpha is not None and alpha.min() == OPAQUE:
        alpha = None
    if alpha is not None:
        _erase_hidden(pixels, alpha)
    return Picture(pixels, alpha, gray=_is_gray(pixels))


def to_image(picture: Picture) -> Image.Image:
    """Return the picture as an RGB image, or RGBA where it has alpha; its `info` is empty."""
    image = Image.fromarray(np.ascontiguousarray(picture.pixels))
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(np.ascontiguousarray(picture.alpha)))
    return image


def flatten(picture: Picture, background: tuple[int, int, int] = (255, 255, 255)) -> Picture:
    """Lay the picture over one colour, as viewers do: blended in sRGB values, rounded.

    A picture without alpha is returned as it is.
    """
    if picture.alpha is None:
        return picture
    pixels = np.empty_like(picture.pixels)
    behind = np.array(background, np.uint16)
    for rows in strips(picture.width, picture.height):
        alpha = picture.alpha[rows, :, None].astype(np.uint16)
        mixed = picture.pixels[rows] * alpha + behind * (255 - alpha) + 127  # at most 65,152
        pixels[rows] = mixed // 255
    gray = picture.gray and len(set(background)) == 1
    return Picture(pixels, None, gray)


def _erase_hidden(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    for rows in strips(pixels.shape[1], pixels.shape[0]):
        hidden = alpha[rows] == 0
        if hidden.any():
            pixels[rows][hidden] = 0


def _is_gray(pixels: NDArray[np.uint8]) -> bool:
    """Return whether no pixel has colour; a coloured picture is known at its first strip."""
    for rows in strips(pixels.shape[1], pixels.shape[0]):
        red, green, blue = (pixels[rows, :, i] for i in range(3))
        if not (np.array_equal(red, green) and np.array_equal(green, blue)):
            return False
    return True
