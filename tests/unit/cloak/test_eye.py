"""The optimiser's eye sees what SSIMULACRA2 sees, from two distances."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from postguard.cloak import seen
from postguard.cloak.eye import Eye, error_at
from postguard.cloak.tensors import to_tensor
from postguard.imaging.visibility import ssimulacra2
from tests.unit.cloak import tiny

SIZES = [(8, 9), (40, 200), (101, 133), (256, 300)]


def noisy(pixels: np.ndarray, amount: int) -> np.ndarray:
    change = np.random.default_rng(1).integers(-amount, amount + 1, pixels.shape[:2])[..., None]
    return np.clip(pixels + change, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("amount", [2, 6, 20])
def test_the_error_is_that_of_the_public_score(size, amount):
    before = tiny.art(*size)
    after = noisy(before, amount)
    far, _ = Eye(to_tensor(before)).errors(to_tensor(after))
    assert float(far) == pytest.approx(error_at(ssimulacra2(before, after)), rel=0.03, abs=0.05)


def test_from_half_the_distance_it_sees_the_doubled_picture():
    before = tiny.art(120, 150)
    after = noisy(before, 6)
    far, both = Eye(to_tensor(before)).errors(to_tensor(after))
    near = float(2 * both - far)
    doubled = [p.repeat(2, 0).repeat(2, 1) for p in (before, after)]
    finest = error_at(ssimulacra2(*doubled)) - near  # what only the doubled pixels themselves add
    assert near > 3 * float(far)
    assert 0 <= finest < 0.3 * near


def test_a_picture_alike_has_no_error_and_a_gradient_that_is_a_number():
    x = to_tensor(tiny.art(64, 64))
    d = torch.zeros(1, 1, 64, 64, requires_grad=True)
    _, both = Eye(x).errors(x + d)
    (gradient,) = torch.autograd.grad(both, d)
    assert float(both.detach()) < 0.1
    assert torch.isfinite(gradient).all()


def test_its_gradient_is_that_of_its_error():
    x = torch.rand(1, 3, 13, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    eye, near = Eye(x.clone()), (0.9 * x).requires_grad_(True)
    assert torch.autograd.gradcheck(eye.errors, (near,), eps=1e-7, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("size", [(8, 9), (13, 20)])
def test_the_gradient_of_each_feature_is_that_of_the_feature(size):
    """Of all of them: some weigh nothing in a picture as small as the one above."""
    drawn = torch.Generator().manual_seed(2)
    plane, change = (torch.rand(1, 2, *size, dtype=torch.float64, generator=drawn) for _ in "12")
    known = seen.local(plane)
    other = (plane + 0.2 * (change - 0.5)).requires_grad_(True)

    def found(y: torch.Tensor) -> torch.Tensor:
        return seen.features(y, plane, *known)

    assert torch.autograd.gradcheck(found, (other,), eps=1e-7, atol=1e-6, rtol=1e-3)


def test_a_picture_without_a_score_has_no_error():
    x = to_tensor(tiny.art(5, 300))
    far, both = Eye(x).errors(x * 0.5)
    assert float(far) == float(both) == 0


@pytest.mark.parametrize("score", [99.0, 80.0, 65.0, 45.0, 0.0, -50.0])
def test_a_lower_score_is_a_larger_error(score):
    assert 0 < error_at(score) < error_at(score - 1)
