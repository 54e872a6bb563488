"""Targets are secret, follow the picture, and are the same drawn whole or in tiles."""

from __future__ import annotations

import torch
from torch import Generator

from postguard.cloak.targets import immunise
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

X = to_tensor(tiny.art(64, 80))


def test_the_same_seed_draws_the_same_halftone_and_another_seed_another():
    one, same, other = (immunise(Generator().manual_seed(s)).draw(X) for s in (5, 5, 6))
    assert torch.equal(one, same)
    assert float((one - other).abs().mean()) > 0.05


def test_a_target_stays_in_range_and_keeps_half_of_the_picture():
    target = immunise(Generator().manual_seed(1)).draw(X)
    assert 0 <= float(target.min()) <= float(target.max()) <= 1
    rest = target - 0.5 * X
    assert torch.allclose(rest[:, 0], rest[:, 1], atol=1e-6)
    assert float(rest.std()) > 0.1


def test_a_tile_of_the_target_is_the_target_of_the_tile():
    halftone = immunise(Generator().manual_seed(2))
    whole = halftone.draw(X, scale=0.5)[..., 16:48, 24:72]
    tile = halftone.draw(X[..., 16:48, 24:72], origin=(16, 24), scale=0.5)
    assert torch.allclose(whole, tile, atol=1e-5)


def test_a_halftone_that_will_be_enlarged_is_drawn_finer_but_never_lost_between_pixels():
    halftone = immunise(Generator().manual_seed(2))
    periods = [halftone.at(scale).period for scale in (1.0, 0.8, 0.5, 0.1)]
    assert periods == sorted(periods, reverse=True)
    assert periods[0] == halftone.period
    assert periods[-1] == 3.5
