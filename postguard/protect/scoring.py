"""How near the file that leaves comes to the picture it was made of: its SSIMULACRA2.

A large picture is scored over four squares of it, laid side by side: a third of a second whatever
the size. They are the same squares of both pictures, spread along the longer side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postguard.imaging import Picture, flatten, open_picture
from postguard.imaging.visibility import SMALLEST, ssimulacra2
from postguard.language import _
from postguard.model import Json

SIDE = 512
_WHOLE = 4 * SIDE * SIDE  # pixels: up to here nothing is left out
_ALONG = (0.125, 0.375, 0.625, 0.875)  # of the longer side
_ACROSS = (0.25, 0.75, 0.25, 0.75)


def score(written: Picture, data: bytes) -> dict[str, Json] | None:
    """Return the score of a file's pixels and over what it was taken; None: it is too small.

    Args:
        written: the picture as it was handed to the encoder, of the file's size.
    """
    if min(written.width, written.height) < SMALLEST:
        return None
    found = open_picture(data, max_megapixels=1 + written.width * written.height / 1e6)
    before, after = _shown(written), _shown(found)
    over = _("the whole picture")
    if written.width * written.height > _WHOLE:
        before, after = _squares(before), _squares(after)
        over = _("{count} squares of {side} px").format(
            count=len(_ALONG), side=min(SIDE, written.width, written.height)
        )
    return {"score": round(ssimulacra2(before, after), 2), "over": over}


def _shown(picture: Picture) -> NDArray[np.uint8]:
    """Return the pixels as viewers show them; what is transparent, on white."""
    return flatten(picture).pixels


def _squares(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return four squares of the picture as one picture of 2 x 2."""
    height, width = pixels.shape[:2]
    side = min(SIDE, height, width)
    first, second, third, fourth = (
        _square(pixels, side, *((across, along) if height > width else (along, across)))
        for along, across in zip(_ALONG, _ACROSS, strict=True)
    )
    return np.block([[[first], [second]], [[third], [fourth]]])


def _square(pixels: NDArray[np.uint8], side: int, at_x: float, at_y: float) -> NDArray[np.uint8]:
    top, left = round((pixels.shape[0] - side) * at_y), round((pixels.shape[1] - side) * at_x)
    return pixels[top : top + side, left : left + side]
