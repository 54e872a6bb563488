"""The budget is small where a change would be seen, and nothing where nothing is."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.cloak.budget import FLOOR, REACH, budget
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

CEILING = 10 / 255


@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 9),
    ceiling=st.integers(1, 30),
)
def test_the_budget_is_never_negative_and_never_above_the_ceiling(height, width, seed, ceiling):
    found = budget(to_tensor(tiny.art(height, width, seed)), ceiling / 255)
    assert found.shape == (1, 1, height, width)
    assert 0 <= float(found.min()) <= float(found.max()) <= ceiling / 255 * (1 + 1e-6)


def test_flat_colour_gets_little_and_texture_gets_all():
    flat = torch.full((1, 3, 32, 32), 0.5)
    rough = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert float(budget(flat, CEILING).max()) <= FLOOR * CEILING * 1.01
    assert float(budget(rough, CEILING).min()) > 0.9 * CEILING


def test_a_line_on_flat_colour_gets_no_halo():
    paper = torch.full((1, 3, 40, 40), 0.6)
    drawn = paper.clone()
    drawn[..., 19:21] = 0.0
    change = (budget(drawn, CEILING) - budget(paper, CEILING)).abs()[0, 0, 20]
    beside = torch.cat([change[: 19 - 4], change[21 + 4 :]])
    assert float(beside.max()) < 0.15 * CEILING


def test_nothing_may_change_under_alpha_zero():
    alpha = torch.ones(1, 1, 32, 32)
    alpha[..., :16] = 0
    found = budget(to_tensor(tiny.art(32, 32)), CEILING, alpha)
    assert float(found[..., :16].max()) == 0
    assert float(found[..., 16:].min()) > 0


@pytest.mark.parametrize("edge", [0, 20, 57])
def test_a_strip_read_with_its_reach_has_the_same_budget_as_the_whole(edge):
    x = to_tensor(tiny.art(64, 48))
    top, bottom = max(edge - REACH, 0), min(edge + 7 + REACH, 64)
    strip = budget(x[:, :, top:bottom], CEILING)[:, :, edge - top : edge - top + 7]
    assert torch.allclose(strip, budget(x, CEILING)[:, :, edge : edge + 7], atol=1e-6)
