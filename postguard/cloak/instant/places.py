"""Where a picture too large to be looked at whole is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.instant.sheet import Place, Plane, Sheet

SIDE = 256  # px of a window


def by_strength(sheet: Sheet) -> list[Place]:
    """Return windows that cover a sheet, those first in which most is drawn; neighbours overlap
    where its sides are no multiples of theirs.

    Every n-th of them is a fair sample: each stands for those that are about as strong.
    """
    tall, wide = (_starts(side) for side in sheet.pixels.shape[:2])
    size = len(wide), len(tall)
    drawn = _means(np.abs(sheet.change), size)
    if sheet.alpha is not None:
        drawn *= _means(sheet.alpha, size)
    order = np.argsort(-drawn, axis=None, kind="stable")
    return [_place(tall[i // size[0]], wide[i % size[0]]) for i in order]


def _starts(length: int) -> Sequence[int]:
    count = -(-length // SIDE)
    return [i * (length - SIDE) // max(count - 1, 1) for i in range(count)]


def _place(top: int, left: int) -> Place:
    return slice(top, top + SIDE), slice(left, left + SIDE)


def _means(plane: Plane | NDArray[np.uint8], size: tuple[int, int]) -> Plane:
    """Return the mean of each of (columns, rows) equal parts, (rows,columns)."""
    return np.array(Image.fromarray(plane).resize(size, Image.Resampling.BOX), np.float32)
