"""Sizes are changed alike on every device."""

from __future__ import annotations

import pytest
import torch

from postguard.cloak.tensors import _multiplied, unclamped


@pytest.mark.parametrize("size", [(20, 33), (64, 90), (7, 128), (1, 1)])
def test_a_gpu_resizes_as_the_processor_does(size):
    x = torch.rand(1, 3, 40, 66, generator=torch.Generator().manual_seed(0)) - 0.5
    torch.testing.assert_close(_multiplied(x, size), unclamped(x, size), atol=1e-5, rtol=0)
