"""What the coder would drop is foreseen: in flat colour only, and rightly."""

from __future__ import annotations

import numpy as np
import torch

from postguard.cloak.coding import Coder
from postguard.cloak.platforms import BLUESKY_QUALITY, Codec
from postguard.cloak.tensors import luma, to_pixels, to_tensor
from tests.unit.cloak import tiny

WEBP = Codec("WEBP", BLUESKY_QUALITY)
FLAT = torch.full((1, 3, 128, 128), 0.6)


def noise(size: tuple[int, int], seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, 1, *size, generator=generator) * 2.5 / 255


def survived(x: torch.Tensor, d: torch.Tensor) -> float:
    """Return the share of a change that comes out of the real codec, along the change itself."""
    coded, clean = (luma(to_tensor(WEBP(to_pixels(y)))) for y in ((x + d).clamp(0, 1), x))
    return float(((coded - clean) * d).sum() / (d * d).sum())


def test_in_flat_colour_what_is_kept_survives_webp_better_than_what_was_taken_out():
    d = noise((128, 128))
    kept = Coder(FLAT, (128, 128)).kept(d)
    assert 0 < float(kept.norm()) < float(d.norm())
    assert survived(FLAT, kept) > survived(FLAT, d - kept) + 0.1


def test_in_texture_most_is_kept():
    rough = to_tensor(np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8))
    d = noise((128, 128), 1)
    assert float((Coder(rough, (128, 128)).kept(d) - d).norm()) < 0.35 * float(d.norm())


def test_what_was_kept_once_is_kept_again():
    coder = Coder(FLAT, (128, 128))
    once = coder.kept(noise((128, 128)))
    assert torch.allclose(coder.kept(once), once, atol=1e-6)


def test_a_change_may_be_kept_finer_than_it_is_served():
    x = to_tensor(tiny.art(90, 130))
    d = noise((90, 130))
    kept = Coder(x, (45, 65)).kept(d)
    assert kept.shape == d.shape
    assert 0 < float((d - kept).norm()) < float(d.norm())
