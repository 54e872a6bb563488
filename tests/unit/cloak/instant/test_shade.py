"""The limits in numpy are those that the optimising cloak has in torch."""

from __future__ import annotations

import numpy as np
import pytest

from postguard.cloak.budget import FLOOR, budget
from postguard.cloak.instant.shade import FLAT, light, limits
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (70, 41)])
def test_numpy_and_torch_give_a_pixel_the_same_limit(size):
    pixels = tiny.art(*size)
    expected = budget(to_tensor(pixels), 24.0)[0, 0].numpy()
    found = limits(light(pixels), 24.0)
    assert np.allclose(expected, found, atol=0.15)  # in 1/255: float32's rounding of a variance


def test_limits_found_in_strips_are_those_of_the_whole(monkeypatch):
    g = light(tiny.art(90, 64))
    whole = limits(g, 24.0)
    monkeypatch.setattr("postguard.cloak.instant.shade._ROWS", 64 * 7)
    assert np.allclose(whole, limits(g, 24.0), atol=1e-4)


def test_flat_colour_gets_little_and_texture_all():
    assert FLAT == FLOOR
    flat = np.full((40, 40), 0.5, np.float32)
    rough = np.random.default_rng(0).random((40, 40), dtype=np.float32)
    assert limits(flat, 24.0).max() <= 24 * FLAT * 1.01
    assert limits(rough, 24.0).min() > 20
