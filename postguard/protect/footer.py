"""A strip below the picture that carries the notice and leaves the art whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postguard.imaging import Picture
from postguard.protect.lettering import Typeface
from postguard.protect.plate import compose, seen_contrast
from postguard.protect.steps.downscale import fitting, shrink
from postguard.protect.typesetting import Layout, Size, ink, strip

_QUIET = 0.4  # share of the art's colour that the strip takes: more would catch the eye

Colours = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Footed:
    """A picture with its strip. `art`: its upper part; the very picture where it was not shrunk.
    `contrast`: WCAG contrast of the letters as they stand there."""

    picture: Picture
    art: Picture
    way: Layout
    contrast: float


def set_below(
    picture: Picture,
    text: str,
    face: Typeface,
    sizes: Callable[[int], Iterator[Size]],
    most: tuple[int | None, float | None],
) -> Footed | None:
    """Return the picture with `text` in a strip below it; None where no size fits.

    Args:
        sizes: the sizes to try, for a width.
        most: longest side and megapixels that networks keep: art and strip together stay within
            them, and the art is shrunk for it.
    """
    size = picture.width, picture.height
    while (way := strip(text, face, size, sizes(size[0]))) is not None:
        whole = size[0], size[1] + way.plate[1]
        kept = fitting(whole, *most)
        if kept == whole:
            return _joined(picture, size, way, face)
        share = min(kept[0] / whole[0], kept[1] / whole[1])
        size = max(1, int(size[0] * share)), max(1, int(size[1] * share))
    return None


def _joined(picture: Picture, size: tuple[int, int], way: Layout, face: Typeface) -> Footed:
    art = picture if size == (picture.width, picture.height) else shrink(picture, *size)
    letters = ink(face, way)
    shape = np.ones_like(letters)
    ground = np.zeros((*letters.shape, 3), np.uint8)
    below = compose(ground, shape, letters, local=_quiet(_lowest(art, way.plate[1])), least=1.0)
    alpha = art.alpha
    if alpha is not None:
        alpha = np.concatenate([alpha, np.full(letters.shape, 255, np.uint8)])
    whole = Picture(np.concatenate([art.pixels, below]), alpha, art.gray)
    return Footed(whole, art, way, seen_contrast(below, shape, letters))


def _lowest(art: Picture, rows: int) -> Colours:
    """Return (N, 3) colours that can be seen in the lowest rows, or else anywhere."""
    pixels, alpha = art.pixels, art.alpha
    if alpha is None:
        return pixels[-rows:].reshape(-1, 3)
    lowest = pixels[-rows:][alpha[-rows:] > 0]
    return lowest if len(lowest) else pixels[alpha > 0]


def _quiet(colours: Colours) -> Colours:
    grays = colours.mean(axis=-1, keepdims=True)
    return np.asarray(np.rint(grays + _QUIET * (colours - grays)), np.uint8)
