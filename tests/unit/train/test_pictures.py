"""Training pictures are drawn by code alone, of many kinds, and are the same for one seed."""

from __future__ import annotations

import numpy as np
import pytest

from tools.train import pictures


@pytest.mark.parametrize("side", [64, 128])
def test_a_picture_has_the_size_that_was_asked_for(side):
    found = pictures.draw(np.random.default_rng(0), side)
    assert found.shape == (side, side, 3)
    assert found.dtype == np.uint8


def test_the_same_seed_draws_the_same_pictures():
    first, second = (np.random.default_rng(7) for _ in range(2))
    for _ in range(6):
        assert np.array_equal(pictures.draw(first, 96), pictures.draw(second, 96))


@pytest.mark.parametrize("scene", [scene for scene, _ in pictures._SCENES])
@pytest.mark.parametrize("side", [16, 150])
def test_every_scene_draws_at_any_size_and_leaves_no_picture_empty(scene, side):
    rng = np.random.default_rng(3)
    for _ in range(3):
        image = scene(rng, side)
        assert (image.mode, image.size) == ("RGB", (side, side))
    drawn = np.stack([np.asarray(scene(rng, side), np.float32) for _ in range(3)])
    assert drawn.std() > 2


def test_no_two_pictures_are_alike():
    rng = np.random.default_rng(1)
    drawn = [pictures.draw(rng, 64).astype(np.float32) for _ in range(12)]
    pairs = [(a, b) for i, a in enumerate(drawn) for b in drawn[:i]]
    assert min(np.abs(a - b).mean() for a, b in pairs) > 5
