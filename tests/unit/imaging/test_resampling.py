"""Planes at another size are what Pillow makes of them, in one piece or in parts."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from postguard.imaging.resampling import CUBIC, LANCZOS, part, resized

PILLOW = {LANCZOS: Image.Resampling.LANCZOS, CUBIC: Image.Resampling.BICUBIC}


def plane(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((height, width)).astype(np.float32)


def made(values: np.ndarray, size: tuple[int, int], rows: slice, kernel) -> np.ndarray:
    """The rows of a plane at another size, made of those alone that reach them."""
    taken, down = part(values.shape[0], size[0], rows, kernel)
    _, across = part(values.shape[1], size[1], slice(0, size[1]), kernel)
    return resized(values[taken], down, across, kernel)


@pytest.mark.parametrize("kernel", PILLOW)
@pytest.mark.parametrize("size", [(150, 201), (60, 90), (31, 44), (7, 3), (61, 33)])
def test_it_is_what_pillow_makes(kernel, size):
    values = plane(60, 90)
    ours = made(values, size, slice(0, size[0]), kernel)
    theirs = Image.fromarray(values).resize(size[::-1], PILLOW[kernel])
    assert np.abs(ours - np.asarray(theirs)).max() < 1e-5


@pytest.mark.parametrize("kernel", PILLOW)
@pytest.mark.parametrize("size", [(151, 90), (23, 40)])
def test_parts_are_what_the_whole_has_there(kernel, size):
    values, whole = plane(60, 90), slice(0, size[0])
    parts = [slice(top, min(top + 20, size[0])) for top in range(0, size[0], 20)]
    pieces = [made(values, size, rows, kernel) for rows in parts]
    assert np.abs(np.concatenate(pieces) - made(values, size, whole, kernel)).max() < 1e-5
