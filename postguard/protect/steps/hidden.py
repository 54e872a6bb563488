"""The hidden mark, as weak as it can be and still be read behind what networks do to a picture.

It is tried on the picture at 1000 px, saved as WebP at 80 (the harder of that and JPEG at 75), and
made stronger until it is read there with room to spare. A picture too flat to carry it unseen is
left as it is, and the record says so.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture, flatten, to_image
from postguard.imaging.picture import strips
from postguard.language import _, marked
from postguard.model import Json
from postguard.protect import hidden
from postguard.protect.hidden import Reading
from postguard.protect.steps import Scene
from postguard.settings import steps

# Shares of the texture that hides it.
_STRENGTHS = (0.17, 0.2, 0.24, 0.28, 0.34, 0.4, 0.48, 0.56, 0.68, 0.8)
_SHOWN, _QUALITY = 1_000, 80
# In standard deviations; a crop of 40 % keeps 0.63 of both, and 5 and 3.5 are enough to read.
_PILOT, _MARGIN = 8.0, 6.0
_NO_POST = marked("it carries a post's number, and a file by itself has none; nothing was drawn")
_SMALL = marked("the picture is too small to carry it; nothing was drawn")
_FLAT = marked("the picture is too flat to carry it unseen; nothing was drawn")


class Hidden:
    """Draw the post's number so that only the artist's key reads it."""

    def __init__(self, options: steps.Hidden) -> None:
        """There is nothing to set: the picture itself says how strong it must be."""

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the marked picture, with how strong the mark is and how well it reads."""
        if not scene.post:
            return picture, {"carried": False, "note": _(_NO_POST)}
        if max(picture.width, picture.height) < hidden.CHIPS:
            return picture, {"carried": False, "note": _(_SMALL)}
        key = bytes.fromhex(scene.kit.artist_seed)
        mark = hidden.field(_gray(picture), scene.post, key)
        small = _small(picture)
        for number, strength in enumerate(_STRENGTHS, start=1):
            scene.on_fraction(number / (len(_STRENGTHS) + 1))
            shown = Picture(hidden.added(small, mark, strength))
            reading = hidden.read(_served(shown), key)
            if reading.post == scene.post and _clear(reading):
                pixels = hidden.added(picture, mark, strength)
                record = _record(picture.pixels, pixels, strength, reading)
                return Picture(pixels, picture.alpha, picture.gray), record
        return picture, {"carried": False, "note": _(_FLAT)}


def _clear(reading: Reading) -> bool:
    return reading.pilot >= _PILOT and reading.margin >= _MARGIN


def _record(
    before: NDArray[np.uint8], after: NDArray[np.uint8], strength: float, reading: Reading
) -> dict[str, Json]:
    return {
        "carried": True,
        "strength": strength,
        "psnr": _psnr(before, after),
        "read_behind": f"WebP {_QUALITY} at {_SHOWN} px",
        "deviations": round(min(reading.pilot, reading.margin), 1),
    }


def _psnr(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Return 10 log10(255² / mean squared change), in dB."""
    total = 0.0
    for rows in strips(before.shape[1], before.shape[0]):
        change = after[rows].astype(np.int16) - before[rows]
        total += float(np.square(change, dtype=np.float64).sum())
    return round(10 * float(np.log10(255**2 * before.size / max(total, 1e-9))), 1)


def _gray(picture: Picture) -> Image.Image:
    return to_image(flatten(picture)).convert("L")


def _small(picture: Picture) -> Picture:
    """Return the picture as it is shown, without alpha."""
    image = to_image(flatten(picture))
    image.thumbnail((_SHOWN, _SHOWN), Image.Resampling.LANCZOS, reducing_gap=3)
    return Picture(np.asarray(image))


def _served(picture: Picture) -> Image.Image:
    file = io.BytesIO()
    to_image(picture).save(file, "WEBP", quality=_QUALITY, method=2)
    with Image.open(file, formats=["WEBP"]) as image:
        return image.convert("L")
