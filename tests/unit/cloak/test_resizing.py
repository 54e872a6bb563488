"""Sizes are changed as torch does, alike on every device."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from postguard.cloak import resizing
from postguard.cloak.resizing import Grown, unclamped
from postguard.imaging.resampling import Span

RUNS = resizing._runs
SIZES = [(20, 33), (64, 90), (7, 128), (1, 1), (300, 17)]


def picture(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)) - 0.5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("old", [(40, 66), (5, 290)])
def test_it_resizes_as_torch_does(old, size):
    x = picture(*old)
    known = functional.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False)
    torch.testing.assert_close(unclamped(x, size), known, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_its_gradient_is_torchs(size):
    x = picture(140, 266).requires_grad_(True)
    known = functional.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False)
    slope = torch.rand(known.shape, generator=torch.Generator().manual_seed(1))
    (found,) = torch.autograd.grad(unclamped(x, size), x, slope)
    torch.testing.assert_close(found, *torch.autograd.grad(known, x, slope), atol=1e-5, rtol=0)


def test_a_gpu_does_in_one_product_what_a_processor_does_in_many(monkeypatch):
    x, size = picture(140, 280).requires_grad_(True), (90, 150)
    many = unclamped(x, size)
    slope = torch.rand(many.shape, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(resizing, "_runs", in_one_product)
    one = unclamped(x, size)
    torch.testing.assert_close(one, many, atol=1e-6, rtol=0)
    found, known = (torch.autograd.grad(made, x, slope)[0] for made in (one, many))
    torch.testing.assert_close(found, known, atol=1e-5, rtol=0)


def in_one_product(span: Span, device: torch.device) -> list[resizing._Run]:
    runs = RUNS(span, device)
    assert len(runs) > 1
    return [resizing._joined(runs, span, device)]


@pytest.mark.parametrize("old", [(40, 66), (40, 290), (131, 66), (131, 290), (3, 5)])
def test_a_larger_picture_made_a_few_rows_at_a_time_is_the_whole_one(old):
    x, size = picture(*old), (131, 290)
    strips = [slice(top, min(top + 50, size[0])) for top in range(0, size[0], 50)]
    made = torch.cat([Grown(x, size).rows(rows) for rows in strips], -2)
    known = functional.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False)
    torch.testing.assert_close(made, known, atol=1e-5, rtol=0)
