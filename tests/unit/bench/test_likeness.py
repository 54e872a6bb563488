"""Each distance is 0 between a set and itself, and as large as the change that was made."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from bench.likeness import cells, colours, directions, distances, frechet, spectrum
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

PICTURES = torch.cat([to_tensor(tiny.art(64, 64, seed)) for seed in range(3)]) * 0.8 + 0.1


def _normal(mean: float, deviation: float, seed: int) -> torch.Tensor:
    noise = torch.randn(20_000, 2, generator=Generator().manual_seed(seed))
    return mean + deviation * noise


def test_no_set_is_far_from_itself(tmp_path):
    for distance in distances(tiny.encoders(tmp_path)[1]).values():
        assert distance(PICTURES, PICTURES) == pytest.approx(0, abs=1e-4)


def test_frechet_is_the_distance_of_the_means_and_of_the_deviations():
    # two coordinates: 2 * (3 - 0)^2 + 2 * (2 - 1)^2
    assert frechet(_normal(0, 1, 1), _normal(3, 2, 2)) == pytest.approx(20, rel=0.05)


def test_every_latent_cell_is_a_sample(tmp_path):
    found = cells(tiny.encoders(tmp_path)[1], PICTURES)
    assert found.shape == (3 * 2 * 2, tiny.LATENT)


def test_lighter_by_nine_levels_moves_luma_by_nine_and_neither_colour():
    assert colours(PICTURES, PICTURES + 9 / 255) == pytest.approx(3, abs=0.05)


def test_stripes_turned_round_share_no_direction():
    stripes = (torch.arange(64) // 4 % 2).float().expand(1, 3, 64, 64)
    assert directions(stripes, stripes.transpose(-2, -1)) == pytest.approx(100, abs=0.1)


def test_twice_the_contrast_is_six_decibels():
    assert spectrum(PICTURES, PICTURES * 2) == pytest.approx(6.02, abs=0.01)
