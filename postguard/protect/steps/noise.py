"""Fine luma noise over the whole picture, after an optional slight blur.

The pass band (about 0.05 to 0.25 cycles per pixel) is where encoders read brush strokes and edges:
finer noise would be lost in the platform's JPEG, coarser noise would show as blotches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postguard.imaging import Picture, to_image
from postguard.imaging.picture import strips
from postguard.model import Json
from postguard.protect.chance import generator
from postguard.protect.steps import Scene
from postguard.settings import recipes

FINE, COARSE = 1.0, 3.75  # radii of the two blurs; measured: 88 % of the energy in BAND
BAND = (0.05, 0.25)  # cycles per pixel
_RAW_DEVIATION = 19.12  # of the difference of the two blurs of uniform random bytes, measured
_GRID = 7  # every 7th pixel each way is enough to measure what was done


class Noise:
    """Add noise of deviation `amount` (in 1/255) to R, G and B alike; same seed, same bytes."""

    def __init__(self, options: recipes.Noise) -> None:
        self._options = options

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the noisy picture and the deviation that was really reached.

        Noise fades with the alpha, to none where it is 0; black and white clip it.
        """
        soft = _blurred(picture, self._options.blur) if self._options.blur else picture.pixels
        grain = _grain(picture.width, picture.height, scene.seed, self._options.amount)
        pixels = _add(soft, grain, picture.alpha)
        record: dict[str, Json] = {
            "amount": self._options.amount,
            "blur": self._options.blur,
            "band": list(BAND),
            "measured": _deviation(soft, pixels),
        }
        return Picture(pixels, picture.alpha, picture.gray), record


def _blurred(picture: Picture, radius: float) -> NDArray[np.uint8]:
    """Blur the colour; with alpha weighed by it, so that nothing dark seeps in from outside."""
    blur = ImageFilter.GaussianBlur(radius)
    if picture.alpha is None:
        return np.asarray(to_image(picture).filter(blur))
    image = to_image(picture).convert("RGBa").filter(blur).convert("RGBA").convert("RGB")
    pixels = np.array(image)
    pixels[picture.alpha == 0] = 0
    return pixels


def _grain(width: int, height: int, seed: bytes, amount: float) -> NDArray[np.int8]:
    """Return (H, W) band-limited noise of deviation `amount`, as the difference of two blurs."""
    white = generator(seed, "noise").bytes(width * height)
    image = Image.frombytes("L", (width, height), white)
    fine, coarse = (np.asarray(image.filter(ImageFilter.GaussianBlur(s))) for s in (FINE, COARSE))
    grain = np.empty((height, width), np.int8)
    # One look-up for each of the 511 differences: no floats at the picture's size.
    table = np.arange(-255, 256) * (amount / _RAW_DEVIATION)
    steps = np.clip(np.rint(table), -127, 127).astype(np.int8)
    for rows in strips(width, height):
        grain[rows] = steps[fine[rows].astype(np.int16) - coarse[rows] + 255]
    return grain


def _add(
    pixels: NDArray[np.uint8], grain: NDArray[np.int8], alpha: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """Return pixels + grain, clipped; a strip at a time."""
    result = np.empty_like(pixels)
    for rows in strips(pixels.shape[1], pixels.shape[0]):
        part = grain[rows].astype(np.int16)
        if alpha is not None:
            part = part * alpha[rows] // 255
        for channel in range(3):
            total = pixels[rows, :, channel] + part
            result[rows, :, channel] = np.clip(total, 0, 255, out=total)
    return result


def _deviation(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    change = after[::_GRID, ::_GRID].astype(np.int16) - before[::_GRID, ::_GRID]
    return round(float(change.std()), 2)
