"""The network in numpy is the one that was trained in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from postguard.cloak.instant.painter import from_weights, painter
from tools.train.instant import weights
from tools.train.instant_painter import Painter


@pytest.fixture
def trained() -> Painter:
    torch.manual_seed(0)
    net = Painter()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    net.load_state_dict({k: v.half().float() for k, v in net.state_dict().items()})
    return net


def planes(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.random((2, height, width), dtype=np.float32)


@torch.no_grad()
def test_numpy_draws_what_torch_draws(trained):
    g, texture = planes(40, 64)
    expected = trained(*(torch.from_numpy(p)[None, None] for p in (g, texture)))[0, 0].numpy()
    mine = from_weights({k: v.numpy() for k, v in weights(trained).items()})
    assert np.allclose(expected, mine(g, texture), atol=1e-5)


@torch.no_grad()
def test_strips_leave_no_seam(trained, monkeypatch):
    g, texture = planes(120, 40)
    mine = from_weights({k: v.numpy() for k, v in weights(trained).items()})
    whole = mine(g, texture)
    monkeypatch.setattr("postguard.cloak.instant.painter._ROWS", 20)
    assert np.allclose(whole, mine(g, texture), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (30, 3)])
def test_any_size_is_drawn_on(size):
    drawn = painter()(*planes(*size))
    assert drawn.shape == size
    assert np.abs(drawn).max() <= 1
