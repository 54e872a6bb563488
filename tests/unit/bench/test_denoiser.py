"""The small denoiser learns what it is shown, and the seed decides everything."""

from __future__ import annotations

import torch
from torch import Generator

from bench.denoiser import WINDOW, Denoiser, Training, sampled, trained


def _seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _net() -> Denoiser:
    torch.manual_seed(0)
    return Denoiser(torch.randn(8, 4, 20, 20, generator=_seeded(1)), width=8)


def _stripes() -> torch.Tensor:
    """(8,4,20,20): columns that go up and down, with a little noise."""
    wave = torch.tensor([1.0, -1.0]).repeat(10).expand(8, 4, 20, 20)
    return wave + 0.1 * torch.randn(8, 4, 20, 20, generator=_seeded(2))


def _striped(z: torch.Tensor) -> float:
    """Return how strongly neighbouring columns oppose each other: 1 as in the stripes, 0 none."""
    return -float((z[..., 1:] * z[..., :-1]).mean() / z.pow(2).mean())


def test_what_it_makes_takes_after_what_it_learnt_from():
    net = _net()
    learnt = trained(net, _stripes(), Training(40, 2e-2, batch=4), _seeded(3))
    before, after = (_striped(sampled(n, 4, _seeded(4))) for n in (net, learnt))
    assert abs(before) < 0.1
    assert after > 0.25


def test_learning_leaves_the_net_it_began_with_as_it_was():
    net = _net()
    was = [p.clone() for p in net.parameters()]
    trained(net, _stripes(), Training(2, 5e-3, batch=2), _seeded(3))
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), was, strict=True))


def test_the_seed_decides_what_is_learnt_and_made():
    plan = Training(3, 5e-3, batch=2)
    nets = [trained(_net(), _stripes(), plan, _seeded(s)) for s in (5, 5, 6)]
    one, same, other = (sampled(n, 2, _seeded(7)) for n in nets)
    assert one.shape == (2, 4, WINDOW, WINDOW)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
