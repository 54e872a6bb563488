"""Compares a picture that was sent with what is served of it: how alike, what of its marks stays.

What is left of a mark is the slope with which served pixels follow the sent ones where the mark
is: 1 where nothing was lost, less where it was blurred or blended, about 0 where it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture, flatten, to_image
from postguard.imaging.visibility import SMALLEST, ssimulacra2

_SIDE = 2000  # the longest compared: a score of more pixels says the same and takes minutes
_LEAST_PIXELS = 200  # of a mark, below which nothing can be said of it
_LEAST_POWER = (
    4.0  # mean square of a mark's contrast, in levels, below which there is none to keep
)
_STRONG = 0.5  # of a mark's mean contrast: a pixel that was changed by less is not the mark's
_ABOVE_NOISE = 8.0  # levels of 255 that a noise or cloak hardly reaches

Plane = NDArray[np.float32]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Pair:
    """What was sent and what is served, as (H, W, 3) pixels of one size, the smaller of the two.

    Attributes:
        scale: (across, down) from the sent picture to this size.
    """

    sent: NDArray[np.uint8]
    served: NDArray[np.uint8]
    scale: tuple[float, float]

    @classmethod
    def of(cls, sent: Picture, served: Picture) -> Pair:
        """Bring both to one size; what is transparent lies on white."""
        smaller = min((sent, served), key=lambda p: p.width * p.height)
        shrink = min(1.0, _SIDE / max(smaller.width, smaller.height))
        size = max(1, round(smaller.width * shrink)), max(1, round(smaller.height * shrink))
        scale = size[0] / sent.width, size[1] / sent.height
        return cls(_resized(sent, size), _resized(served, size), scale)

    def likeness(self) -> float | None:
        """Return the SSIMULACRA2 score of what is served; None for a picture too small for one."""
        if min(self.sent.shape[:2]) < SMALLEST:
            return None
        return round(ssimulacra2(self.sent, self.served), 1)

    def kept_within(self, box: Box) -> float | None:
        """Return what of the contrast inside a box (of the sent picture) is left."""
        sent, served = (_luma(p)[self._region(box)] for p in (self.sent, self.served))
        return _slope(sent - sent.mean(), served - served.mean()) if sent.size else None

    def kept_beside(
        self, original: Picture, contrast: float, but: Box | None, *, strip: bool = False
    ) -> float | None:
        """Return what of a watermark is left: of what the recipe changed strongly in the original.

        Args:
            contrast: mean change of the pixels that were marked, in 1/255.
            but: a box that is not the watermark's.
            strip: that box is a strip below the art, of which the original has nothing.
        """
        height, width = self.sent.shape[:2]
        if strip and but is not None:
            height = self._region(but)[0].start
        if height == 0:
            return None
        plain = _luma(_resized(original, (width, height)))
        sent, served = (_luma(pixels[:height]) - plain for pixels in (self.sent, self.served))
        marked = np.abs(sent) >= max(_ABOVE_NOISE, _STRONG * contrast)
        if but is not None:
            marked[self._region(but)] = False
        return _slope(sent[marked], served[marked])

    def _region(self, box: Box) -> tuple[slice, slice]:
        left, top, width, height = box
        across, down = self.scale
        return (
            slice(max(0, round(top * down)), max(0, round((top + height) * down))),
            slice(max(0, round(left * across)), max(0, round((left + width) * across))),
        )


def _slope(sent: Plane, served: Plane) -> float | None:
    power = float((sent.astype(np.float64) ** 2).sum())
    if sent.size < _LEAST_PIXELS or power < _LEAST_POWER * sent.size:
        return None
    return round(float((sent.astype(np.float64) * served).sum()) / power, 3)


def _resized(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    image = to_image(flatten(picture))
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image)


def _luma(pixels: NDArray[np.uint8]) -> Plane:
    return np.asarray(Image.fromarray(pixels).convert("L"), np.float32)
