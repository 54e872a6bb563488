"""Strokes run along the forms, and the Kuwahara filter paints over grain but not over edges."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from postguard.cloak.styles.flow import along, flow
from postguard.cloak.styles.kuwahara import kuwahara
from postguard.cloak.styles.texture import noise


def seeded(seed=0):
    return Generator().manual_seed(seed)


def stripes(degrees, size=(80, 80)):
    """(1,3,H,W): waves whose crests run at an angle to the rows, y downward."""
    y, x = torch.meshgrid(*(torch.arange(float(n)) for n in size), indexing="ij")
    turn = math.radians(degrees)
    wave = torch.sin((y * math.cos(turn) - x * math.sin(turn)) * 2 * math.pi / 10)
    return (0.5 + 0.4 * wave).expand(1, 3, *size)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_the_flow_runs_along_the_crests(degrees):
    found = flow(stripes(degrees), 3.0, seeded(), wander=40)
    right, down = found.tangent()[0, :, 40, 40]
    turn = math.radians(degrees)
    assert abs(float(right * math.cos(turn) + down * math.sin(turn))) > 0.99
    assert float(found.anisotropy[0, 0, 40, 40]) > 0.9


def test_where_the_picture_is_flat_the_flow_wanders_by_the_seed():
    flat = torch.full((1, 3, 200, 200), 0.5)
    one, other = (flow(flat, 3.0, seeded(s), wander=60).double for s in (1, 2))
    assert float((one - other).abs().mean()) > 0.3
    assert float(one.flatten(2).std(2).mean()) > 0.2
    assert float((one[..., 1:] - one[..., :-1]).abs().max()) < 0.4


def test_smeared_grain_is_long_along_the_flow_and_short_across_it():
    way = flow(stripes(0), 3.0, seeded(), wander=40)
    smeared = along(noise(way.anisotropy, 4.0, seeded()), way, 24.0)
    lengthwise = (smeared[..., 6:] * smeared[..., :-6]).mean()
    across = (smeared[..., 6:, :] * smeared[..., :-6, :]).mean()
    assert float(smeared.std()) == pytest.approx(1, abs=0.01)
    assert float(lengthwise) > 0.4 > abs(float(across)) * 2


def test_the_filter_paints_over_grain_and_keeps_an_edge():
    x = torch.full((1, 3, 48, 64), 0.3)
    x[..., 32:] = 0.7
    rough = x + 0.05 * torch.randn(x.shape, generator=seeded())
    painted = kuwahara(rough, flow(rough, 3.0, seeded(), wander=40), 5.0)
    assert float((painted - x)[..., :26].std()) < 0.4 * 0.05
    assert float((painted[..., 34] - painted[..., 29]).mean()) > 0.37


def test_bands_of_a_large_picture_meet_without_a_seam(monkeypatch):
    """What lies in one band must not depend on where the bands begin."""
    x = torch.rand(1, 3, 50, 40, generator=seeded())
    way = flow(x, 3.0, seeded(), wander=40)
    whole = kuwahara(x, way, 5.0)
    monkeypatch.setattr("postguard.cloak.styles.kuwahara._BAND", 7 * 40)  # its size is no setting
    assert torch.allclose(kuwahara(x, way, 5.0), whole, atol=1e-6)
