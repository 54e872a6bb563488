"""Each mode has a target of its own; what must stay secret is not told."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Generator

from postguard.cloak import targets
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

MODES = ("style", "poison", "immunise")
X = to_tensor(tiny.art(96, 128))


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    return tiny.encoders(tmp_path_factory.mktemp("models"))


def draw(encoders, **change):
    job = dataclasses.replace(tiny.job(modes=MODES), **change)
    generator = Generator().manual_seed(int(job.seed[:8], 16))
    return targets.draw(job, X, targets.Hand(encoders, generator))


def test_each_mode_draws_a_target_of_the_pictures_size_far_from_it_and_from_the_others(encoders):
    found = draw(encoders)
    assert [target.mode for target in found] == list(MODES)
    images = [X, *(target.image for target in found)]
    for i, one in enumerate(images):
        assert one.shape == X.shape
        assert 0 <= float(one.min()) <= float(one.max()) <= 1
        for other in images[:i]:
            assert float((one - other).abs().mean()) > 0.02


def test_only_the_style_compares_how_colours_and_strokes_are_spread(encoders):
    assert [bool(target.statistics) for target in draw(encoders)] == [True, False, False]


def test_the_style_is_the_artists_and_no_record_names_it(encoders):
    one, other = (draw(encoders, seed=s * 32)[0] for s in ("5e", "a1"))
    assert one.told == {}
    difference = float((one.image - other.image).abs().mean())
    assert difference < float((one.image - X).abs().mean())


def test_the_poison_follows_what_the_post_says_and_tells_the_concept(encoders):
    cat, nothing = (draw(encoders, alt=alt)[1] for alt in ("A cat sleeps", ""))
    assert cat.told == {"concept": "cat"}
    assert nothing.told == {}


def test_another_seed_draws_other_targets_and_the_same_seed_the_same(encoders):
    one, same, other = (draw(encoders, seed=s * 32) for s in ("5e", "5e", "a1"))
    for a, b, c in zip(one, same, other, strict=True):
        assert torch.equal(a.image, b.image)
        assert not torch.equal(a.image, c.image)
