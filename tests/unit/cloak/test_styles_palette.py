"""A palette is given to a picture whole: its colours come near, its gradients stay whole."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from postguard.cloak.styles.charcoal import PALETTE as CHARCOAL
from postguard.cloak.styles.colours import hexes, to_lab, to_rgb
from postguard.cloak.styles.oil import PALETTE as OIL
from postguard.cloak.styles.palette import distance, samples, transfer
from postguard.cloak.styles.pointillist import PALETTE as POINTILLIST
from postguard.cloak.styles.watercolour import PALETTE as WATERCOLOUR
from postguard.cloak.styles.woodcut import PALETTE as WOODCUT
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

X = to_tensor(tiny.art(64, 80))
PALETTES = [CHARCOAL, OIL, POINTILLIST, WATERCOLOUR, WOODCUT]
every_palette = pytest.mark.parametrize(
    "palette", PALETTES, ids=["charcoal", "oil", "pointillist", "watercolour", "woodcut"]
)


def seeded(seed=0):
    return Generator().manual_seed(seed)


def gap(x, palette):
    """How far the colours of a picture are from a palette (sliced Wasserstein, OKLab)."""
    return distance(samples(x, seeded(1)), palette.draw(4096, seeded(2)), seeded(3))


@every_palette
def test_transport_brings_the_colours_to_the_palette(palette):
    x = X[:, [2, 0, 1]] ** 1.5
    before, after = gap(x, palette), gap(transfer(x, palette, seeded()), palette)
    assert before > 0.05
    assert after < 0.4 * before


@every_palette
def test_flat_colour_stays_flat_and_takes_a_colour_near_the_palettes_middle(palette):
    flat = torch.full((1, 3, 8, 8), 0.5)
    found = to_lab(transfer(flat, palette, seeded()))
    assert float(found.flatten(2).std(2).max()) < 1e-4
    middle = palette.draw(4096, seeded(2)).mean(0)
    assert float((found[0, :, 0, 0] - middle).norm()) < 0.1


@every_palette
def test_a_gradient_is_not_torn(palette):
    """No step of a gradient of 256 grays becomes a step that would be seen as an edge."""
    gradient = torch.linspace(0, 1, 256).view(1, 1, 1, 256).expand(1, 3, 4, 256)
    found = to_lab(transfer(gradient, palette, seeded()))
    assert float((found[..., 1:] - found[..., :-1]).norm(dim=1).max()) < 0.03


def test_the_seed_decides_the_transport():
    one, same, other = (transfer(X, OIL, seeded(s)) for s in (5, 5, 6))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_palettes_have_a_weight_for_each_colour_and_lie_apart():
    assert all(len(p.colours) == len(p.weights) for p in PALETTES)
    drawn = [p.draw(2048, seeded(i)) for i, p in enumerate(PALETTES)]
    apart = [distance(a, b, seeded()) for i, a in enumerate(drawn) for b in drawn[:i]]
    assert min(apart) > 0.02


def test_the_distance_of_colours_is_how_far_they_are_moved():
    one = torch.rand(500, 3, generator=seeded())
    assert distance(one, one.flip(0), seeded()) == 0
    moved = one + torch.tensor([0.3, 0.0, 0.0])
    assert distance(one, moved, seeded(), axes=4000) == pytest.approx(0.3 / 3**0.5, rel=0.05)


def test_oklab_is_the_published_one_and_can_be_undone():
    white, red = hexes("ffffff", "ff0000")[0, :, :, 0].T
    assert torch.allclose(white, torch.tensor([1.0, 0.0, 0.0]), atol=1e-3)
    assert torch.allclose(red, torch.tensor([0.628, 0.225, 0.126]), atol=1e-3)
    assert torch.allclose(to_rgb(to_lab(X)), X, atol=1e-3)
