"""Views show the optimiser what chains do to the posted file."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from postguard.cloak.platforms import MASTODON_PIXELS, Codec, chains
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.cloak.transforms import View, looks
from tests.unit.cloak import tiny


@pytest.mark.parametrize("codec", [Codec("JPEG", 75), Codec("WEBP", 80)])
def test_a_codec_view_shows_the_decoded_picture_and_lets_the_gradient_through(codec):
    pixels = tiny.art(40, 56)
    x = to_tensor(pixels).requires_grad_(True)
    seen = View((40, 56), codec)(x)
    assert np.array_equal(to_pixels(seen), codec(pixels))
    assert not np.array_equal(codec(pixels), pixels)
    (gradient,) = torch.autograd.grad(seen.sum(), x)
    assert torch.equal(gradient, torch.ones_like(gradient))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (40, 12_000), (17_000, 3), (1600, 1200)])
def test_chains_keep_to_what_each_platform_serves(size):
    served = {c.name: c(np.zeros((*size, 3), np.uint8)).shape for c in chains(size)}
    assert served["png"][:2] == size
    assert max(served["bluesky"]) <= 1000
    assert served["mastodon"][0] * served["mastodon"][1] <= MASTODON_PIXELS
    assert ("bluesky-full" in served) == (max(size) > 1000)
    assert all(min(shape) >= 1 for shape in served.values())


def test_mastodon_shrinks_only_above_its_pixels():
    named = {c.name: c for c in chains((2880, 5120))}
    scale = named["mastodon"].scale
    assert scale**2 * 2880 * 5120 == pytest.approx(MASTODON_PIXELS)


def test_the_optimiser_sees_blueskys_size_and_is_checked_behind_its_codec():
    size = (600, 1400)
    served = max(chains(size)[3](np.zeros((*size, 3), np.uint8)).shape)
    seen = looks(size, 1e9)
    assert served == max(seen.served.size) == 1000
    assert any(
        c.codec and c.codec.kind == "WEBP" and c.size == seen.served.size for c in seen.checks()
    )


def test_the_optimiser_looks_roughly_first_and_never_at_more_than_it_may():
    seen = looks((2000, 2000), 250_000)
    assert seen.served.size == seen.whole.size == (500, 500)
    assert seen.rough.size == (250, 250)
    assert [seen.at(done, 10) for done in (0, 9)] == [seen.rough, seen.whole]


def test_a_picture_that_the_feed_shrinks_is_seen_as_a_whole_file_too():
    seen = looks((1000, 1600), 700_000)
    assert seen.served.size == (625, 1000)
    assert seen.whole.size == (661, 1058)
    assert {seen.at(done, 14) for done in range(14)} == {seen.rough, seen.served, seen.whole}


def test_a_picture_that_no_platform_shrinks_is_seen_as_it_is():
    seen = looks((200, 300), 700_000)
    assert seen.rough == seen.served == seen.whole
    assert seen.served.size == (200, 300)
