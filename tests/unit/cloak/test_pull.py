"""The loss is the squared ratio: 1 where nothing is gained, 0 at the target."""

from __future__ import annotations

import pytest
import torch

from postguard.cloak.pull import Pull, _statistics
from postguard.cloak.targets import Target
from postguard.cloak.tensors import to_tensor
from postguard.cloak.transforms import View
from tests.unit.cloak import tiny

SIZE = (64, 96)
X = to_tensor(tiny.art(*SIZE))
AIM, OTHER = 1 - X, X.flip(-2)
VIEW = View(SIZE)


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    return tiny.encoders(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("statistics", [0.0, 0.3])
def test_the_loss_is_one_at_the_picture_and_nothing_at_the_target(encoders, statistics):
    pull = Pull(encoders, X, [Target("style", AIM, statistics)])
    assert float(pull.loss(X, VIEW)) == pytest.approx(1, abs=1e-5)
    assert float(pull.loss(AIM, VIEW)) == pytest.approx(0, abs=1e-5)


def test_two_targets_count_alike(encoders):
    both = Pull(encoders, X, [Target("style", AIM), Target("poison", OTHER)])
    alone = [Pull(encoders, X, [Target("poison", t)]).loss(AIM, VIEW) for t in (AIM, OTHER)]
    assert float(both.loss(AIM, VIEW)) == pytest.approx(float(sum(alone)) / 2, rel=1e-4)


def test_statistics_follow_how_colours_are_spread_and_not_where(encoders):
    mirrored = AIM.flip(-1)
    losses = [
        float(Pull(encoders, X, [Target("style", AIM, share)]).loss(mirrored, VIEW))
        for share in (0.0, 0.6)
    ]
    assert losses[1] < 0.8 * losses[0]


def test_an_encoder_counts_as_much_as_its_weight_says(encoders):
    target = [Target("poison", AIM)]
    alone = [float(Pull([e], X, target).loss(OTHER, VIEW)) for e in encoders]
    weighted = Pull(encoders, X, target, {"taef2": 3.0})
    expected = (3 * alone[0] + alone[1]) / 4
    assert float(weighted.loss(OTHER, VIEW)) == pytest.approx(expected, rel=1e-4)


def test_the_denoisers_term_is_added_to_what_is_led_and_not_to_what_is_judged(encoders):
    pull = Pull(encoders, X, [Target("poison", AIM)], denoiser=lambda seen: seen.mean() * 0 + 5)
    assert float(pull.loss(X, VIEW)) == pytest.approx(6, abs=1e-4)
    assert pull.worst(X, [VIEW]) == pytest.approx(1, abs=1e-4)


def test_the_gradient_of_the_statistics_is_finite_where_a_channel_is_flat(encoders):
    flat = torch.full_like(X, 0.5).requires_grad_(True)
    pull = Pull(encoders, X, [Target("style", AIM, 0.3)])
    (gradient,) = torch.autograd.grad(pull.loss(flat, VIEW), flat)
    assert torch.isfinite(gradient).all()


def test_the_statistics_and_their_gradient_are_those_of_torch():
    """On more pixels than are looked at together."""
    made = torch.rand(1, 8, 70, 80, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    stage = made.to(memory_format=torch.channels_last).requires_grad_(True)
    flat = stage.flatten(2)[0]
    plain = torch.cat([flat.mean(1), flat.std(1, correction=0)])
    weights = torch.rand(16, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    torch.testing.assert_close(_statistics(stage), plain)
    ours, theirs = (
        torch.autograd.grad((v * weights).sum(), stage)[0] for v in (_statistics(stage), plain)
    )
    torch.testing.assert_close(ours, theirs)
