"""Downscale keeps light, colour and transparency, whatever the shape; it never enlarges."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from postguard.imaging import Picture
from postguard.model import Artist, Limits
from postguard.protect.steps import Scene, downscale
from postguard.protect.steps.downscale import (
    Downscale,
    fitting,
    shrink,
    strictest,
    training_advice,
)
from postguard.settings import steps

SIZES = st.tuples(st.integers(1, 12_000), st.integers(1, 12_000))


def linear(values):
    v = np.asarray(values, float) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def srgb(light):
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def noise(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(size=SIZES, long_side=st.integers(64, 4_000))
def test_a_long_side_is_never_exceeded_nor_missed(size, long_side):
    after = fitting(size, long_side, None)
    assert max(after) == min(max(size), long_side)
    assert min(after) >= 1


@given(size=SIZES, megapixels=st.floats(0.01, 400))
def test_megapixels_are_never_exceeded(size, megapixels):
    width, height = fitting(size, None, megapixels)
    assert width <= size[0]
    assert height <= size[1]
    assert width * height <= max(megapixels * 1e6, width, height)


@given(size=SIZES, long_side=st.integers(64, 4_000), megapixels=st.floats(0.01, 400))
def test_of_two_limits_the_stricter_one_counts(size, long_side, megapixels):
    both = fitting(size, long_side, megapixels)
    each = (fitting(size, long_side, None), fitting(size, None, megapixels))
    assert both in each
    assert np.prod(both) == min(np.prod(e) for e in each)


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    share=st.floats(0.02, 1),
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    alpha=st.none() | st.integers(1, 255),
)
@settings(max_examples=60, deadline=None)
def test_a_flat_colour_stays_exactly_that_colour(size, share, colour, alpha):
    pixels = np.full((size[1], size[0], 3), colour, np.uint8)
    cover = None if alpha is None else np.full((size[1], size[0]), alpha, np.uint8)
    target = (max(1, int(size[0] * share)), max(1, int(size[1] * share)))
    small = shrink(Picture(pixels, cover), *target)
    assert small.pixels.shape == (target[1], target[0], 3)
    assert np.abs(small.pixels.astype(int) - colour).max() <= (0 if alpha is None else 1)
    assert alpha is None or (small.alpha == alpha).all()


@pytest.mark.parametrize("size", [(12_000, 40), (40, 12_000), (5_000, 1), (1, 5_000), (1, 1)])
def test_extreme_shapes_work(size):
    picture = Picture(noise(*size))
    after = fitting(size, 1_000, None)
    small = shrink(picture, *after)
    assert (small.width, small.height) == after


def test_it_averages_light_and_not_srgb_values():
    """A checkerboard of black and white gives half of the light: 188, not 128."""
    board = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    small = shrink(Picture(np.repeat(board[..., None], 3, 2).astype(np.uint8)), 16, 16)
    assert np.abs(small.pixels[4:-4, 4:-4].astype(int) - 188).max() <= 1


def test_it_is_lanczos_in_linear_light_within_what_the_source_shows():
    pixels = np.asarray(Image.fromarray(noise(40, 30)).resize((400, 300)))
    small = shrink(Picture(pixels), 150, 112)
    for i in range(3):
        light = Image.fromarray(linear(pixels[..., i]).astype(np.float32))
        expected = srgb(np.asarray(light.resize((150, 112), Image.Resampling.LANCZOS)))
        bounded = np.clip(expected, *seen_around(pixels[..., i], 150, 112))
        assert np.abs(small.pixels[..., i] - bounded).max() <= 1


def seen_around(channel, width, height):
    """The least and the greatest source value in the 3 x 3 cells about each target pixel."""
    ratio = np.array(channel.shape) / (height, width)
    low, high = np.empty((2, height, width))
    for at in np.ndindex(height, width):
        (top, left), (bottom, right) = (np.maximum((np.array(at) + d) * ratio, 0) for d in (-1, 2))
        cells = channel[int(top) : int(bottom), int(left) : int(right)]
        low[at], high[at] = cells.min(), cells.max()
    return low, high


@pytest.mark.parametrize("width", [90, 81, 47, 20, 7])
@pytest.mark.parametrize("covered", [False, True])
def test_a_bright_shape_gets_no_dark_line_around_it(width, covered):
    """A moon in a dusky sky: plain Lanczos in linear light drew a navy ring around it."""
    down, across = np.indices((100, 100)) - 50
    moon = (down**2 + across**2 < 30**2)[..., None]
    pixels = np.where(moon, (253, 244, 222), (114, 107, 121)).astype(np.uint8)
    alpha = np.where(across < 45, 255, 0).astype(np.uint8) if covered else None
    small = shrink(Picture(pixels, alpha), width, width)
    seen = small.pixels if small.alpha is None else small.pixels[small.alpha > 0]
    assert (seen >= (114, 107, 121)).all()
    assert (seen <= (253, 244, 222)).all()


@pytest.mark.parametrize("alpha", [False, True])
def test_strips_leave_no_seams(monkeypatch, alpha):
    """The strip's size is ours to choose, so the same picture must come out of any."""
    cover = noise(300, 500, 1)[..., 0] if alpha else None
    picture = Picture(noise(300, 500), cover)
    whole = shrink(picture, 120, 200)
    monkeypatch.setattr(downscale, "_STRIP", 3_000)
    strips = shrink(picture, 120, 200)
    assert np.abs(strips.pixels.astype(int) - whole.pixels).max() <= 1
    assert not alpha or np.abs(strips.alpha.astype(int) - whole.alpha).max() <= 1


def test_what_is_transparent_does_not_bleed_into_what_is_not():
    pixels = np.zeros((40, 40, 3), np.uint8)
    alpha = np.zeros((40, 40), np.uint8)
    pixels[10:30, 10:30], alpha[10:30, 10:30] = (200, 100, 50), 255
    small = shrink(Picture(pixels, alpha), 13, 13)
    seen = small.pixels[small.alpha > 8].astype(int)
    assert np.abs(seen - [200, 100, 50]).max() <= 2
    assert (small.pixels[small.alpha == 0] == 0).all()


def test_gray_stays_gray():
    gray = np.repeat(noise(200, 100)[..., :1], 3, axis=2)
    small = shrink(Picture(gray, gray=True), 61, 31)
    assert small.gray
    assert (small.pixels == small.pixels[..., :1]).all()


def scene(tmp_path, *limits: Limits) -> Scene:
    return Scene(
        limits=limits,
        artist=Artist("山田花子", "© 山田花子"),
        alt="",
        description="",
        seed=bytes(32),
        year=2026,
        work=tmp_path,
        engine=None,
        on_fraction=lambda _: None,
    )


def test_the_record_tells_both_sizes(tmp_path):
    options = steps.Downscale(step="downscale", long_side=64)
    small, record = Downscale(options).apply(Picture(noise(200, 100)), scene(tmp_path))
    assert (small.width, small.height) == (64, 32)
    assert record["from"] == [200, 100]
    assert record["to"] == [64, 32]


def test_a_picture_that_is_small_enough_is_left_as_it_is(tmp_path):
    options = steps.Downscale(step="downscale", megapixels=1)
    picture = Picture(noise(20, 10))
    same, record = Downscale(options).apply(picture, scene(tmp_path))
    assert same is picture
    assert record["note"] == "already small enough"


def limits(fit, **more):
    return Limits(fit, 300, 2_000, 4, 1_000_000, **more)


BSKY, FEDI = limits("bluesky-1000000", side=2_000), limits("mastodon-16-8", pixels=8_294_400)


@pytest.mark.parametrize(
    ("to", "side"),
    [
        ((BSKY,), 120),
        ((FEDI,), 160),
        ((BSKY, FEDI), 120),
        ((limits("file"),), 120),
        ((), 120),
    ],
)
def test_the_smallest_of_the_networks_that_it_goes_to_counts(to, side, tmp_path):
    """One picture for all: two sizes, each with its own noise, could be averaged."""
    options = steps.Downscale(step="downscale", networks={"bluesky": 120, "mastodon": 160})
    small, record = Downscale(options).apply(Picture(noise(200, 100)), scene(tmp_path, *to))
    assert (small.width, small.height) == (side, side // 2)
    assert ("bluesky is to get it" in record["note"]) == (len(record["networks"]) == 2)


def test_a_network_that_it_does_not_go_to_limits_nothing(tmp_path):
    options = steps.Downscale(step="downscale", networks={"bluesky": 120})
    picture = Picture(noise(200, 100))
    same, record = Downscale(options).apply(picture, scene(tmp_path, FEDI))
    assert same is picture
    assert "networks" not in record


def test_a_network_never_gets_more_than_all_are_to_get(tmp_path):
    options = steps.Downscale(step="downscale", long_side=80, networks={"mastodon": 160})
    small, _ = Downscale(options).apply(Picture(noise(200, 100)), scene(tmp_path, FEDI))
    assert (small.width, small.height) == (80, 40)


def test_what_all_networks_keep_is_the_least_of_each_limit():
    assert strictest((BSKY, FEDI, limits("file"))) == (2_000, 8.2944)
    assert strictest((limits("file"),)) == (None, None)


@pytest.mark.parametrize(
    ("size", "enough"),
    [((1_600, 1_067), True), ((1_024, 1_024), True), ((1_000, 1_000), False), ((800, 600), False)],
)
def test_it_says_when_what_is_posted_is_enough_to_train_on(size, enough):
    advice = training_advice(size)
    assert bool(advice) == enough
    if enough:
        stated = int(re.search(r"less than ([0-9]+)", advice)[1])
        shape = max(size) / min(size)
        assert (stated - 1) ** 2 / shape < 1_024**2 <= (stated + 1) ** 2 / shape
        assert "not useless" in advice


def test_the_advice_is_for_the_size_that_networks_are_given(tmp_path):
    options = steps.Downscale(step="downscale", long_side=1_500)
    picture = Picture(np.zeros((1_500, 1_500, 3), np.uint8))
    _, record = Downscale(options).apply(picture, scene(tmp_path, FEDI))
    assert "1500 × 1500" in record["advice"]
    small = limits("mastodon-16-1", pixels=1_000_000)
    _, record = Downscale(options).apply(picture, scene(tmp_path, FEDI, small))
    assert "advice" not in record
