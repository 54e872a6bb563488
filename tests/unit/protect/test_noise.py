"""Noise keeps its likeness, lies in its band, is luma only, and comes from the seed alone."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.imaging import Picture
from postguard.imaging.visibility import SMALLEST, ssimulacra2
from postguard.protect.chance import generator
from postguard.protect.looks import BAND, UNIT, pattern
from postguard.protect.softening import softened
from postguard.protect.steps import noise as module
from postguard.protect.steps.cloak import FLOORS
from postguard.protect.steps.noise import Noise
from postguard.protect.strongest import expected, strongest
from postguard.settings import steps
from tests.unit.protect.conftest import busy, cut_out, pictures, plain, scene_of

LOOKS = ("grain", "canvas", "screentone")


def noise(**options):
    return Noise(steps.Noise(step="noise", **options))


def drawn(look, width, height, seed=b"seed"):
    return pattern(look, (width, height), generator(seed, "noise")).astype(float)


def painted(width, height, seed=0):
    """Soft hills of colour with hard lines in them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(20, 60) + y / rng.uniform(20, 60)) for _ in range(3)]
    pixels = np.stack(waves, axis=-1) * 60 + 128
    pixels[(x + 2 * y) % 90 < 3] = 20
    return Picture(np.rint(pixels).astype(np.uint8))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("strength", ["low", "medium", "high"])
def test_the_likeness_that_its_strength_names_is_kept_and_used_up(look, strength):
    picture = painted(300, 220)
    result, record = noise(look=look, strength=strength).apply(picture, scene_of())
    score = ssimulacra2(picture.pixels, result.pixels)
    assert FLOORS[strength] <= score < FLOORS[strength] + 2
    assert record["ssimulacra2"] == pytest.approx(score, abs=0.06)
    assert record["mean_change"] > 0


def test_of_a_large_picture_parts_are_searched_and_the_whole_is_held(monkeypatch):
    """Half of it is empty, so that a likeness of parts is not the likeness of all."""
    picture = painted(400, 300)
    picture.pixels[:, 180:] = 255
    monkeypatch.setattr(module, "_SEARCHED", 10_000)
    result, _ = noise(strength="medium").apply(picture, scene_of())
    assert FLOORS["medium"] <= ssimulacra2(picture.pixels, result.pixels) < 70


@pytest.mark.parametrize("look", LOOKS)
def test_most_of_its_energy_lies_in_the_band_that_encoders_read(look):
    made = drawn(look, 512, 512)
    energy = np.abs(np.fft.fft2(made - made.mean())) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    inside = (frequency >= BAND[0]) & (frequency < BAND[1])
    assert energy[inside].sum() > 0.8 * energy.sum()
    assert made.std() == pytest.approx(UNIT, rel=0.1)
    assert abs(made.mean()) < 0.1 * UNIT


def test_the_looks_differ_and_the_regular_ones_show_their_direction():
    """Threads lie across and upright, dots in rows at 45 degrees, grain in no direction."""

    def peak(look):
        energy = np.abs(np.fft.fft2(drawn(look, 512, 512))) ** 2
        energy[0, 0] = 0
        return energy.max() / energy.sum(), np.unravel_index(energy.argmax(), energy.shape)

    (grain, _), (canvas, _), (dots, at) = (peak(look) for look in LOOKS)
    assert canvas > 10 * grain
    assert dots > 10 * grain
    down, across = (min(v, 512 - v) for v in at)
    assert down == pytest.approx(across, abs=4)


@pytest.mark.parametrize("look", LOOKS)
def test_no_two_artworks_get_the_same_pattern(look):
    """Not shifted either: one clean copy would take the noise off all the others."""
    one, other = (drawn(look, 256, 256, seed) for seed in (b"a", b"b"))
    product = np.fft.fft2(one - one.mean()) * np.conj(np.fft.fft2(other - other.mean()))
    alike = np.fft.ifft2(product).real.max() / (one.std() * other.std() * one.size)
    assert alike < 0.95
    assert np.array_equal(one, drawn(look, 256, 256, b"a"))


def test_it_changes_luma_only():
    before = plain(128, 128, (90, 120, 150))
    after, _ = noise(strength="high").apply(before, scene_of())
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


def test_the_middle_tones_get_most_and_nothing_wraps_around():
    steps = np.repeat(np.array([0, 128, 255], np.uint8), 100)
    picture = Picture(np.tile(steps[None, :, None], (100, 1, 3)))
    after, _ = noise(strength="high", soften=False).apply(picture, scene_of())
    change = np.abs(after.pixels[..., 0].astype(int) - steps)
    black, middle, white = (change[:, s].mean() for s in np.split(np.arange(300), 3))
    assert middle > 1.5 * max(black, white)
    assert after.pixels[:, :100].max() < 100
    assert after.pixels[:, 200:].min() > 155


def test_it_fades_with_the_alpha():
    before = cut_out(200, 200)
    after, _ = noise(strength="high").apply(before, scene_of())
    change = np.abs(after.pixels.astype(int) - before.pixels).max(axis=-1)
    faint = (before.alpha > 0) & (before.alpha < 60)
    assert change[before.alpha == 0].max() == 0
    assert change[faint].mean() < 0.4 * change[before.alpha == 255].mean()


def test_softening_keeps_lines_as_sharp_as_they_were_and_takes_faint_texture():
    picture = plain(120, 80, 120)
    picture.pixels[:, 40:] += np.random.default_rng(0).integers(0, 4, (80, 80, 1), np.uint8)
    picture.pixels[:, 20:22] = 10
    soft = softened(picture)
    assert np.array_equal(soft[:, 16:26], picture.pixels[:, 16:26])
    assert soft[:, 60:100].std() < 0.8 * picture.pixels[:, 60:100].std()


def test_softening_draws_no_dark_rim_from_transparent_ground():
    before = cut_out(200, 200)
    soft = softened(before)
    solid = before.alpha > 128
    assert np.abs(soft[solid].astype(int) - before.pixels[solid]).max() <= 3
    assert not soft[before.alpha == 0].any()


def test_a_line_of_colour_alone_stays_sharp():
    picture = plain(60, 60, (100, 100, 100))
    picture.pixels[:, 30:32] = (138, 76, 118)  # as bright as its ground
    assert np.array_equal(softened(picture)[:, 28:34], picture.pixels[:, 28:34])


@given(
    power=st.floats(0.5, 1.5),
    scale=st.floats(0.5, 200),
    first=st.floats(0.1, 20),
    floor=st.sampled_from([80.0, 65.0, 45.0]),
)
def test_a_search_ends_above_its_floor_and_near_it(power, scale, first, floor):
    looks = []

    def score(amount):
        looks.append(amount)
        return 100 - scale * amount**power

    found = strongest(score, floor, first=first, most=32)
    assert len(looks) <= 8
    assert found.amount > 0
    assert found.score == score(found.amount) >= floor


@given(power=st.floats(0.5, 2), lost=st.floats(5, 60), floor=st.sampled_from([80.0, 65.0, 45.0]))
def test_two_looks_tell_where_a_score_is_expected(power, lost, floor):
    """What is lost grows as a power of the amount, `lost` at the first."""
    looks = []

    def score(amount):
        looks.append(amount)
        return 100 - lost * (amount / 2) ** power

    amount = expected(score, floor, first=2, most=1000)
    assert len(looks) <= 2
    assert score(amount) == pytest.approx(floor, abs=0.1 if abs(100 - lost - floor) > 3 else 3)


@settings(max_examples=15, deadline=None)
@given(
    picture=pictures(most=150).filter(lambda p: p.width * p.height < 50_000)
    | st.sampled_from([busy(2_000, 9), busy(9, 2_000)]),
    look=st.sampled_from(LOOKS),
)
def test_any_picture_keeps_its_likeness_shape_alpha_and_grayness(picture, look):
    before = picture.pixels.copy()
    result, record = noise(look=look).apply(picture, scene_of())
    if min(picture.width, picture.height) >= SMALLEST:
        assert ssimulacra2(before, result.pixels) >= FLOORS["low"]
    assert np.array_equal(picture.pixels, before)
    assert result.pixels.shape == picture.pixels.shape
    assert result.alpha is picture.alpha
    assert result.gray == picture.gray
    if picture.gray:
        assert (result.pixels == result.pixels[..., :1]).all()
    if picture.alpha is not None:
        assert not result.pixels[picture.alpha == 0].any()
    assert "seed" not in str(record)


def test_a_large_picture_takes_little_more_than_its_soft_and_its_noisy_copy():
    """What Pillow holds is not counted: blurs of a byte a pixel, before there are copies."""
    picture = Picture(np.tile(painted(500, 500).pixels, (4, 4, 1)))
    tracemalloc.start()
    try:
        noise().apply(picture, scene_of())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    windows = 28 * module._SEARCHED
    assert peak < 2.5 * picture.pixels.nbytes + windows
