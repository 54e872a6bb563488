"""The styles that a picture can be drawn towards: the same picture, painted by another hand.

No weights are needed: strokes follow the picture's own forms, and colours come from a palette.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Generator, Tensor

from postguard.cloak.styles.charcoal import charcoal
from postguard.cloak.styles.oil import oil
from postguard.cloak.styles.pointillist import pointillist
from postguard.cloak.styles.watercolour import watercolour
from postguard.cloak.styles.woodcut import woodcut

Style = Callable[[Tensor, Generator], Tensor]  # (1,3,H,W) in [0,1] -> the same shape and range

STYLES: dict[str, Style] = {
    "oil": oil,
    "pointillist": pointillist,
    "woodcut": woodcut,
    "watercolour": watercolour,
    "charcoal": charcoal,
}
