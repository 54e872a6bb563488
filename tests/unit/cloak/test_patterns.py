"""The halftone is secret, follows the picture, and stays in range."""

from __future__ import annotations

import torch
from torch import Generator

from postguard.cloak.patterns import halftone
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

X = to_tensor(tiny.art(64, 80))


def test_the_same_seed_draws_the_same_halftone_and_another_seed_another():
    one, same, other = (halftone(Generator().manual_seed(s)).draw(X) for s in (5, 5, 6))
    assert torch.equal(one, same)
    assert float((one - other).abs().mean()) > 0.05


def test_a_target_stays_in_range_and_keeps_half_of_the_picture():
    target = halftone(Generator().manual_seed(1)).draw(X)
    assert 0 <= float(target.min()) <= float(target.max()) <= 1
    rest = target - 0.5 * X
    assert torch.allclose(rest[:, 0], rest[:, 1], atol=1e-6)
    assert float(rest.std()) > 0.1
