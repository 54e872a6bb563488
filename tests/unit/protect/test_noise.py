"""Noise lies in its band and at its strength, is luma only, and comes from the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from postguard.protect.steps.noise import BAND, Noise
from postguard.settings import recipes
from tests.unit.protect.conftest import busy, cut_out, pictures, plain, scene_of


def noise(**options):
    return Noise(recipes.Noise(step="noise", **options))


@pytest.mark.parametrize("amount", [1.0, 3.0, 12.0])
def test_the_deviation_is_what_was_asked_for(amount):
    result, record = noise(amount=amount).apply(plain(512, 512, 128), scene_of())
    deviation = (result.pixels[..., 0] - 128.0).std()
    assert deviation == pytest.approx(amount, rel=0.1)
    assert record["measured"] == pytest.approx(amount, rel=0.1)


def test_four_fifths_of_its_energy_lie_in_the_band_that_encoders_read():
    result, _ = noise(amount=8).apply(plain(512, 512, 128), scene_of())
    change = result.pixels[..., 0] - 128.0
    energy = np.abs(np.fft.fft2(change - change.mean())) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    inside = (frequency >= BAND[0]) & (frequency < BAND[1])
    assert energy[inside].sum() > 0.8 * energy.sum()


def test_it_changes_luma_only():
    before = plain(128, 128, (90, 120, 150))
    after, _ = noise(amount=6).apply(before, scene_of())
    change = after.pixels.astype(int) - before.pixels
    assert np.array_equal(change[..., 0], change[..., 1])
    assert np.array_equal(change[..., 1], change[..., 2])
    assert change.any()


def test_same_seed_same_bytes_and_another_seed_others():
    picture = busy(64, 48)
    one, again, other = (
        noise().apply(picture, scene_of(seed))[0].pixels for seed in ("a", "a", "b")
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_black_and_white_clip_and_never_wrap_around():
    black, _ = noise(amount=32).apply(plain(64, 64, 0), scene_of())
    white, _ = noise(amount=32).apply(plain(64, 64, 255), scene_of())
    assert black.pixels.max() < 200
    assert white.pixels.min() > 55


def test_it_fades_with_the_alpha():
    before = cut_out(200, 200)
    after, _ = noise(amount=10).apply(before, scene_of())
    change = np.abs(after.pixels.astype(int) - before.pixels).max(axis=-1)
    faint = (before.alpha > 0) & (before.alpha < 60)
    assert change[before.alpha == 0].max() == 0
    assert change[faint].mean() < 0.4 * change[before.alpha == 255].mean()


def test_the_blur_softens_an_edge_and_keeps_flat_colour():
    before = plain(60, 60, (10, 10, 10))
    before.pixels[:, 30:] = 200
    after, _ = noise(amount=0, blur=2).apply(before, scene_of())
    assert 10 < after.pixels[30, 29, 0] < after.pixels[30, 30, 0] < 200
    assert after.pixels[30, 5].tolist() == [10, 10, 10]


def test_the_blur_draws_no_dark_rim_from_transparent_ground():
    before = cut_out(200, 200)
    after, _ = noise(amount=0, blur=3).apply(before, scene_of())
    solid = before.alpha > 128
    assert np.abs(after.pixels[solid].astype(int) - before.pixels[solid]).max() <= 3


@settings(max_examples=40, deadline=None)
@given(picture=pictures())
def test_any_picture_keeps_its_shape_alpha_and_grayness(picture):
    before = picture.pixels.copy()
    result, record = noise(amount=5, blur=0.5).apply(picture, scene_of())
    assert np.array_equal(picture.pixels, before)
    assert result.pixels.shape == picture.pixels.shape
    assert result.alpha is picture.alpha
    assert result.gray == picture.gray
    if picture.gray:
        assert (result.pixels == result.pixels[..., :1]).all()
    if picture.alpha is not None:
        assert not result.pixels[picture.alpha == 0].any()
    assert "seed" not in str(record)
