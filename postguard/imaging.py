"""Opens anything a painter exports as sRGB pixels; the only module that decodes pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as every step sees them; metadata of the source is gone.

    Attributes:
        pixels: (H, W, 3) uint8, sRGB.
        alpha: (H, W) uint8, 0 = transparent; None: opaque everywhere. Colour under alpha 0 is 0.
        gray: the source had no colour; steps keep R = G = B.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    gray: bool = False

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])
