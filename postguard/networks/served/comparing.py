"""Compares a picture that was sent with what is served of it: how alike, what of its marks stays.

What is left of a mark is the slope with which served pixels follow the sent ones where the mark
is: 1 where nothing was lost, less where it was blurred or blended, about 0 where it is gone.

Of a cloak it is the slope with which served pixels follow its change, all over the picture, once
the art is out of them: the art as it was, and as any blurring or sharpening leaves it. A cloak is
drawn along the art's own lines, so a server that blurs those would else seem to keep it: of a
blurred picture without any cloak, the bare slope says that 42 % of one are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postguard.imaging import Picture, flatten, to_image
from postguard.imaging.picture import strips
from postguard.imaging.visibility import SMALLEST, ssimulacra2

_SIDE = 2000  # the longest compared: a score of more pixels says the same and takes minutes
_LEAST_PIXELS = 200  # of a mark, below which nothing can be said of it
_LEAST_POWER = (
    4.0  # mean square of a mark's contrast, in levels, below which there is none to keep
)
_STRONG = 0.5  # of a mark's mean contrast: a pixel that was changed by less is not the mark's
_ABOVE_NOISE = 8.0  # levels of 255 that a noise or cloak hardly reaches
_LEAST_CHANGE = (
    0.1  # mean square of a cloak's change, in levels, below which it is as good as none
)
_MIDDLE = 128  # the gray level that stands for no change in the file that keeps it
_BLURS = (1, 2, 4, 8)  # px: what a server may do to art is about a mixture of these
_RANK = 1e-12  # of the largest: art that is flat is the same in all blurs

Plane = NDArray[np.float32]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a cloak's change.

    Attributes:
        share: of its strength in the file that was sent; what a smaller size takes is lost too.
        chance: the same of its mirror images, which never were in the picture: what is no more
            than this is nothing.
    """

    share: float
    chance: float


@dataclass(frozen=True, slots=True)
class Pair:
    """What was sent and what is served, as (H, W, 3) pixels of one size, the smaller of the two.

    Attributes:
        scale: (across, down) from the sent picture to this size.
        sizes: (width, height) of both, as they were sent and are served.
    """

    sent: NDArray[np.uint8]
    served: NDArray[np.uint8]
    scale: tuple[float, float]
    sizes: tuple[tuple[int, int], tuple[int, int]]

    @classmethod
    def of(cls, sent: Picture, served: Picture) -> Pair:
        """Bring both to one size; what is transparent lies on white."""
        smaller = min((sent, served), key=lambda p: p.width * p.height)
        shrink = min(1.0, _SIDE / max(smaller.width, smaller.height))
        size = max(1, round(smaller.width * shrink)), max(1, round(smaller.height * shrink))
        scale = size[0] / sent.width, size[1] / sent.height
        sizes = (sent.width, sent.height), (served.width, served.height)
        return cls(_resized(sent, size), _resized(served, size), scale, sizes)

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

    def kept_of_change(self, change: Picture, kept: float = 1.0) -> Left | None:
        """Return what is left of a cloak; None where there is as good as none, or where a crop or
        another shape hides where it lies.

        Args:
            change: what it changed in the luma of the picture, as `protect.changes` keeps it.
            kept: share of it that the encoding had left in the file that was sent.
        """
        height, width = self.sent.shape[:2]
        plane = (change.pixels[..., 0].astype(np.float32) - _MIDDLE) * np.float32(kept)
        moved = _fitted(plane, (width, height))
        if not self._whole() or float(np.square(moved).mean()) < _LEAST_CHANGE:
            return None
        served, art = _luma(self.served), _luma(self.sent) - moved
        share, *chances = _slopes(served, moved, art)
        size = self._in_size(plane)
        return Left(round(share * size, 3), round(max(map(abs, chances)) * size, 3))

    def _whole(self) -> bool:
        """Return whether both have one shape, but for what rounding to pixels does."""
        (across, down), (width, height) = self.sizes
        return abs(across * height - down * width) <= across + down

    def _in_size(self, plane: Plane) -> float:
        """Return how strong a change is in the size that is served, as a share of before: what is
        finer than its pixels is gone."""
        sent, served = self.sizes
        if served[0] >= sent[0]:
            return 1.0
        return float(_fitted(plane, served).std() / max(_fitted(plane, sent).std(), 1e-6))

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


def _slopes(served: Plane, change: Plane, art: Plane) -> list[float]:
    """Return the slope of what is served on the change, and on its three mirror images, each
    beside the art as it was and as blurs leave it."""
    mirrored = [change[::-1], change[:, ::-1], change[::-1, ::-1]]
    ground = [np.ones_like(art), art, *(_blurred(art, radius) for radius in _BLURS)]
    changes = [change, *mirrored]
    products, onto = _products([*changes, *ground], served)
    found = []
    for number in range(len(changes)):
        used = [number, *range(len(changes), len(products))]
        fit, *_ = np.linalg.lstsq(products[np.ix_(used, used)], onto[used], rcond=_RANK)
        found.append(float(fit[0]))
    return found


def _products(
    planes: list[Plane], target: Plane
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the inner products of the planes with each other and with the target, strip by
    strip."""
    products, onto = np.zeros((len(planes), len(planes))), np.zeros(len(planes))
    for rows in strips(target.shape[1], target.shape[0]):
        part = np.stack([plane[rows].ravel() for plane in planes]).astype(np.float64)
        products += part @ part.T
        onto += part @ target[rows].ravel()
    return products, onto


def _blurred(plane: Plane, radius: int) -> Plane:
    image = Image.fromarray(np.clip(np.rint(plane), 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.BoxBlur(radius)), np.float32)


def _fitted(plane: Plane, size: tuple[int, int]) -> Plane:
    image = Image.fromarray(plane)
    return np.asarray(
        image.resize(size, Image.Resampling.LANCZOS) if image.size != size else image
    )


def _resized(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    image = to_image(flatten(picture))
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image)


def _luma(pixels: NDArray[np.uint8]) -> Plane:
    return np.asarray(Image.fromarray(pixels).convert("L"), np.float32)
