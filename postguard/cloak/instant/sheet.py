"""A picture with what is drawn into it, kept small: it is enlarged strip by strip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.pixels import Pixels
from postguard.imaging.resampling import CUBIC, part, resized

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
        for rows, steps in self._steps(share, _strips(width, height)):
            _move(self.pixels[rows], steps.astype(np.int8), result[rows])
        return result

    def means(self, share: float, side: int, light: NDArray[np.uint8]) -> Plane:
        """Return by how much `share` of the change moves pixels, in 1/255: the means of squares of
        `side` pixels, (ceil(H/side),ceil(W/side)).

        Args:
            light: luma (H,W); no pixel moves beyond black or white. What pure colours have no
                room for in a channel is not cut off here.
        """
        height, width = self.pixels.shape[:2]
        parts = []
        for rows, steps in self._steps(share, _strips(width, height, side)):
            room = light[rows].astype(np.float32)
            np.maximum(steps, -room, out=steps)  # twice as fast as a clip between two planes
            np.minimum(steps, 255 - room, out=steps)
            parts.append(np.asarray(Image.fromarray(steps).reduce(side)))
        return np.concatenate(parts)

    def _steps(self, share: float, strips: Iterable[slice]) -> Iterator[tuple[slice, Plane]]:
        """Yield each strip's steps in whole 1/255, before an edge of the range cuts them off."""
        width = self.pixels.shape[1]
        drawn = _Drawn(self.change, (self.pixels.shape[0], width))
        for rows in strips:
            change = drawn.at((rows, slice(0, width))) * np.float32(share)
            if self.alpha is not None:
                change *= self.alpha[rows] * _OPAQUE
            yield rows, np.rint(change, out=change)

    def windows(self, places: Sequence[Place]) -> Sheet:
        """Return parts of it, as wide as each other, as one sheet: one below the other."""
        drawn = _Drawn(self.change, (self.pixels.shape[0], self.pixels.shape[1]))
        alpha = None if self.alpha is None else np.concatenate([self.alpha[p] for p in places])
        change = np.concatenate([drawn.at(place) for place in places])
        return Sheet(np.concatenate([self.pixels[place] for place in places]), alpha, change)


class _Drawn:
    """A plane that is spread over a (height, width), within its own values: enlarging overshoots
    at hard edges, and would change pixels by more than the ceiling."""

    def __init__(self, plane: Plane, whole: tuple[int, int]) -> None:
        self._plane, self._whole = plane, whole
        self._least, self._most = plane.min(), plane.max()

    def at(self, place: Place) -> Plane:
        """Return the part of it at a place of the whole."""
        size = self._plane.shape
        if size == self._whole:
            return self._plane[place]
        (rows, down), (columns, across) = (
            part(length, whole, wanted, CUBIC)
            for length, whole, wanted in zip(size, self._whole, place, strict=True)
        )
        made = resized(self._plane[rows, columns], down, across, CUBIC)
        return np.clip(made, self._least, self._most, out=made)


def _strips(width: int, height: int, step: int = 1) -> Iterator[slice]:
    """Yield strips of rows, each but the last a multiple of `step`."""
    rows = max(_STRIP // width // step, 1) * step
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _move(pixels: Pixels, steps: NDArray[np.int8], into: Pixels) -> None:
    """Write (h,w,3) `pixels` moved by (h,w) `steps`, clipped, in 8 bits all the way."""
    up = np.maximum(steps, 0)
    each = _in_each_channel(up)
    np.minimum(pixels, ~each, out=into)
    into += each
    each = _in_each_channel(up - steps)
    np.maximum(into, each, out=into)
    into -= each


def _in_each_channel(plane: NDArray[np.int8]) -> Pixels:
    """Return it, of nothing below 0, three times in line with pixels in memory, which makes all
    that follows far faster; Pillow does it in less time than numpy."""
    return np.asarray(Image.merge("RGB", [Image.fromarray(plane.view(np.uint8))] * 3))
