"""A picture with what is drawn into it, kept small: it is enlarged strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.pixels import Pixels

Plane = NDArray[np.float32]
Place = tuple[slice, slice]
_OPAQUE = np.float32(1 / 255)
_STRIP = 1 << 18  # pixels: its planes stay in the cache


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn is never changed; a share of it is.

    Attributes:
        pixels: (H,W,3) uint8.
        alpha: (H,W) uint8; None: opaque everywhere.
        change: (h,w) float32 in 1/255, within 127, at the picture's size or smaller.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8] | None
    change: Plane

    def finished(self, share: float) -> Pixels:
        """Return the picture with `share` of the change, rounded and clipped, (H,W,3) uint8."""
        height, width = self.pixels.shape[:2]
        result = np.empty_like(self.pixels)
        drawn = Image.fromarray(self.change)
        for rows in _strips(width, height):
            change = self._enlarged(drawn, rows) * np.float32(share)
            if self.alpha is not None:
                change *= self.alpha[rows] * _OPAQUE
            steps = np.rint(change, out=change).astype(np.int8)
            _move(self.pixels[rows], steps, result[rows])
        return result

    def windows(self, places: Sequence[Place]) -> Sheet:
        """Return parts of it, as wide as each other, as one sheet: one below the other."""
        drawn = Image.fromarray(self.change)
        alpha = None if self.alpha is None else np.concatenate([self.alpha[p] for p in places])
        change = np.concatenate([self._part(drawn, place) for place in places])
        return Sheet(np.concatenate([self.pixels[place] for place in places]), alpha, change)

    def _part(self, drawn: Image.Image, place: Place) -> Plane:
        rows, columns = place
        box = columns.start, rows.start, columns.stop, rows.stop
        size = columns.stop - columns.start, rows.stop - rows.start
        return _resized(drawn, size, box, (self.pixels.shape[0], self.pixels.shape[1]))

    def _enlarged(self, drawn: Image.Image, rows: slice) -> Plane:
        height, width = self.pixels.shape[:2]
        if self.change.shape == (height, width):
            return self.change[rows]
        box = 0, rows.start, width, rows.stop
        return _resized(drawn, (width, rows.stop - rows.start), box, (height, width))


def _strips(width: int, height: int) -> Iterator[slice]:
    rows = max(_STRIP // width, 1)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _move(pixels: Pixels, steps: NDArray[np.int8], into: Pixels) -> None:
    """Write (h,w,3) `pixels` moved by (h,w) `steps`, clipped, in 8 bits all the way."""
    each = steps.repeat(3, axis=1).reshape(pixels.shape)  # in line with them in memory: far faster
    up, down = (np.maximum(way, 0).view(np.uint8) for way in (each, -each))
    np.minimum(pixels, 255 - up, out=into)
    into += up
    np.maximum(into, down, out=into)
    into -= down


def _resized(
    drawn: Image.Image,
    size: tuple[int, int],
    box: tuple[int, int, int, int],
    whole: tuple[int, int],
) -> Plane:
    """Return (columns, rows) `size` of the part `box` of a plane that is spread over `whole`."""
    across, down = drawn.width / whole[1], drawn.height / whole[0]
    part = box[0] * across, box[1] * down, box[2] * across, box[3] * down
    return np.asarray(drawn.resize(size, Image.Resampling.BICUBIC, part), np.float32)
