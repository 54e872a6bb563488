"""The training of the instant cloak's network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tools.train.instant import CROPS, State, allowed, batch, change, drawn_ahead, errors
from tools.train.instant_painter import Painter

ELSEWHERE = torch.device("meta")  # a device whose tensors meet no other's, as a GPU's


def test_the_network_and_its_lessons_go_where_the_teachers_are(tmp_path):
    """`make instant` uses a GPU where there is one, and there everything has to lie on it."""
    drawn = batch(np.random.default_rng(0)).to(ELSEWHERE)
    state = State(tmp_path, ELSEWHERE)
    assert {p.device for p in state.net.parameters()} == {ELSEWHERE}
    for plane in (change(state.net, drawn), drawn.target):
        assert plane.device == ELSEWHERE


def test_it_goes_on_where_it_was_stopped(tmp_path):
    state = State(tmp_path, torch.device("cpu"))
    with torch.no_grad():
        state.net.skip.fill_(0.5)
    state.step = 7
    state.keep()
    again = State(tmp_path, torch.device("cpu"))
    assert again.step == 7
    assert again.net.skip.item() == 0.5


def test_what_other_processes_draw_ahead_is_what_each_step_would_draw():
    ahead = drawn_ahead(0, 3, 1)
    found = [next(ahead) for _ in range(2)]
    ahead.close()
    for step, drawn in enumerate(found, 3):
        own = batch(np.random.default_rng([0, step]))
        for one, other in zip(drawn.planes(), own.planes(), strict=True):
            assert torch.equal(one, other)
        assert (drawn.far, drawn.near) == (own.far, own.near)


def test_each_crop_is_drawn_on_as_strongly_as_it_may_be_seen():
    drawn, net = batch(np.random.default_rng(1)), Painter()
    with torch.no_grad():
        whole = change(net, drawn)
        eyes = drawn.eyes()
        share = allowed(eyes, drawn, whole)
        spent = errors(eyes, drawn, share * whole)
    assert share.shape == (CROPS, 1, 1, 1)
    assert spent.tolist() == pytest.approx([1] * CROPS, abs=0.2)
