"""Keeps what a cloak changed in a picture, beside its renditions: with it, what of the cloak is
left in the picture as a network serves it can be measured later.

It never leaves this PC: whoever had it could take the cloak out again. The change of luma is kept
alone, for that is what networks leave of a cloak, and in steps of its own mean size, which halves
the file: the slope that is measured with it differs by less than a hundredth.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture, flatten, open_picture
from postguard.imaging.picture import strips
from postguard.system import files

_MIDDLE = 128  # the gray level that stands for no change
_NAMED = 12  # hex digits of its digest
_ANY = 1e6  # megapixels: these pictures were made here


@dataclass(frozen=True, slots=True)
class Change:
    """The file of one artwork's change, before it is written. `name`: as its record has it."""

    name: str
    data: bytes

    @classmethod
    def of(cls, before: Picture, after: Picture, position: int) -> Change:
        """Return what makes `after` of `before`, both of one size."""
        out = io.BytesIO()
        image = Image.fromarray(_in_steps(_luma_change(before, after)))
        # Of a few levels that repeat nothing but runs this is the least, in a thirtieth of the
        # time that zlib's best takes.
        image.save(out, "PNG", compress_type=zlib.Z_RLE)
        digest = hashlib.sha256(out.getvalue()).hexdigest()[:_NAMED]
        return cls(f"{position + 1}-cloak-{digest}.png", out.getvalue())

    def kept(self, finished: bytes, without: bytes) -> float:
        """Return what a file holds of it after its encoding, as a share: the slope of how it
        differs from the same file without the cloak."""
        with_it, bare = _gray(finished), _gray(without)
        change = _gray(self.data) - _MIDDLE
        if change.shape != bare.shape:
            size = bare.shape[1], bare.shape[0]
            change = np.asarray(Image.fromarray(change).resize(size, Image.Resampling.LANCZOS))
        power = float(np.square(change, dtype=np.float64).sum())
        follows = float(((with_it - bare) * change).sum(dtype=np.float64))
        return round(follows / power, 3) if power else 0.0

    def keep(self, folder: Path) -> None:
        """Write it whole, readable for its owner only."""
        files.write_whole(folder / self.name, self.data)


def _gray(data: bytes) -> NDArray[np.float32]:
    """Return the luma of a file of our own, as it is seen on white."""
    shown = flatten(open_picture(data, max_megapixels=_ANY))
    return np.asarray(Image.fromarray(shown.pixels).convert("L"), np.float32)


def _luma_change(before: Picture, after: Picture) -> NDArray[np.int16]:
    """Return the change of luma (H, W) as it is seen; what is transparent, on white."""
    change = np.empty((before.height, before.width), np.int16)
    for rows in strips(before.width, before.height):
        change[rows] = _luma(after, rows) - _luma(before, rows)
    return change


def _luma(picture: Picture, rows: slice) -> NDArray[np.int16]:
    alpha = None if picture.alpha is None else picture.alpha[rows]
    shown = flatten(Picture(picture.pixels[rows], alpha))
    return np.asarray(Image.fromarray(shown.pixels).convert("L"), np.int16)


def _in_steps(change: NDArray[np.int16]) -> NDArray[np.uint8]:
    step = max(1, int(np.sqrt(np.square(change, dtype=np.float32).mean())))
    levels = _MIDDLE + np.rint(change / np.float32(step)) * step
    return np.asarray(levels.clip(0, 255), np.uint8)
