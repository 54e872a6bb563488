"""A picture with what is drawn into it, kept small: it is enlarged strip by strip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.pixels import Pixels
from postguard.imaging.picture import strips

Plane = NDArray[np.float32]
_OPAQUE = np.float32(1 / 255)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn is never changed; a share of it is.

    Attributes:
        pixels: (H,W,3) uint8.
        alpha: (H,W) uint8; None: opaque everywhere.
        change: (h,w) float32 in 1/255, at the picture's size or smaller.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8] | None
    change: Plane

    def finished(self, share: float) -> Pixels:
        """Return the picture with `share` of the change, rounded and clipped, (H,W,3) uint8."""
        height, width = self.pixels.shape[:2]
        result = np.empty_like(self.pixels)
        drawn = Image.fromarray(self.change)
        for rows in strips(width, height):
            change = self._enlarged(drawn, rows)
            change = change * np.float32(share)
            if self.alpha is not None:
                change *= self.alpha[rows] * _OPAQUE
            steps = np.rint(change).astype(np.int16)
            plus = self.pixels[rows] + steps[..., None]
            result[rows] = np.clip(plus, 0, 255, out=plus)
        return result

    def window(self, rows: slice, columns: slice) -> Sheet:
        """Return a part of it, to look at."""
        height, width = self.pixels.shape[:2]
        box = columns.start, rows.start, columns.stop, rows.stop
        size = columns.stop - columns.start, rows.stop - rows.start
        change = _resized(Image.fromarray(self.change), size, box, (height, width))
        alpha = None if self.alpha is None else self.alpha[rows, columns]
        return Sheet(self.pixels[rows, columns], alpha, change)

    def _enlarged(self, drawn: Image.Image, rows: slice) -> Plane:
        height, width = self.pixels.shape[:2]
        if self.change.shape == (height, width):
            return self.change[rows]
        box = 0, rows.start, width, rows.stop
        return _resized(drawn, (width, rows.stop - rows.start), box, (height, width))


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
