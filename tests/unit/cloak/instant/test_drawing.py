"""What the instant cloak promises of any picture: size, floor, ceiling, transparency, gray."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.cloak.instant.drawing import SERVED_PIXELS, cloak, drawn_on, served_size
from postguard.cloak.instant.painter import Painter
from postguard.cloak.instant.weave import signs
from postguard.cloak.platforms import Codec
from postguard.imaging.visibility import SMALLEST, ssimulacra2
from tests.unit.cloak import tiny

SEED, OTHER = "5eed" * 16, "07e4" * 16


def noisy(height: int, width: int, seed: int) -> np.ndarray:
    """Art with whole areas of black, white and noise in it."""
    pixels = tiny.art(height, width, seed).copy()
    rng = np.random.default_rng(seed)
    pixels[: height // 3, : width // 2] = rng.choice([0, 255])
    pixels[height // 2 :, width // 2 :] = rng.integers(0, 256)
    return pixels


@settings(deadline=None, max_examples=25)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    seed=st.integers(0, 99),
    strength=st.sampled_from([(80.0, 20), (65.0, 30), (45.0, 40)]),
)
def test_floor_and_ceiling_hold_on_any_picture(height, width, seed, strength):
    floor, ceiling = strength
    pixels = noisy(height, width, seed)
    found = cloak(pixels, None, SEED, floor, ceiling).pixels
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).max() <= ceiling
    if min(height, width) >= SMALLEST:
        assert ssimulacra2(pixels, found) >= floor
        posted = Codec("JPEG", 95, "4:4:4")
        assert ssimulacra2(posted(pixels), posted(found)) >= floor


def test_something_is_drawn():
    pixels = tiny.art(128, 128)
    assert (cloak(pixels, None, SEED, 65.0, 24).pixels != pixels).mean() > 0.2


@pytest.mark.parametrize("shaded", [3_000_000, 2_000])
def test_nothing_changes_where_alpha_is_zero(shaded, monkeypatch):
    monkeypatch.setattr("postguard.cloak.instant.drawing._SHADED_PIXELS", shaded)
    pixels = tiny.art(100, 120)
    alpha = np.zeros((100, 120), np.uint8)
    alpha[:, ::2] = 255
    changed = (cloak(pixels, alpha, SEED, 45.0, 40).pixels != pixels).any(2)
    assert not changed[:, 1::2].any()
    assert changed[:, ::2].any()


def test_gray_stays_gray():
    gray = tiny.art(80, 80)[..., :1].repeat(3, 2)
    found = cloak(gray, None, SEED, 65.0, 24).pixels
    assert (found != gray).any()
    assert not np.ptp(found, axis=2).any()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    pixels = tiny.art(96, 96)
    one, again, other = (cloak(pixels, None, seed, 65.0, 24) for seed in (SEED, SEED, OTHER))
    assert one.pixels.tobytes() == again.pixels.tobytes()
    assert one.target.tobytes() == again.target.tobytes()
    assert (one.pixels != other.pixels).any(2).mean() > 0.2


def test_what_is_drawn_alike_everywhere_is_turned_with_its_cell():
    """A network that draws a lattice, whatever it is shown, leaves none for an average to find."""
    size = 128, 160
    rough = np.random.default_rng(1).random(size, dtype=np.float32)
    blind, bias = np.zeros((9 * 32, 16), np.float32), np.arange(16, dtype=np.float32) / 16
    lattice = Painter(((blind, bias), (blind[: 9 * 16], bias)), 0.0)
    turned = signs(size, np.random.default_rng(0))
    found = drawn_on(rough, rough, turned, lattice)
    assert np.allclose(found, turned * lattice(rough, rough), atol=1e-5)


def test_flat_colour_gets_next_to_nothing():
    pixels = np.full((160, 160, 3), 120, np.uint8)
    change = np.abs(cloak(pixels, None, SEED, 65.0, 24).pixels.astype(int) - pixels)
    assert 0 < change.max() <= 3
    assert change.mean() < 2


def test_no_edge_of_a_cell_stands_out_in_what_is_drawn():
    pixels = np.full((256, 256, 3), 120, np.uint8)
    change = cloak(pixels, None, SEED, 65.0, 24).pixels[..., 0].astype(float) - 120
    steps = np.abs(np.diff(change, axis=1)).mean(0)
    at_cells, within = steps[15::16].mean(), steps[[i for i in range(255) if i % 8 == 3]].mean()
    assert at_cells < 1.5 * within


def test_the_record_tells_no_secret():
    record = cloak(tiny.art(64, 64), None, SEED, 65.0, 24).record
    assert set(record) == {"ssimulacra2", "over", "share"}
    assert record["ssimulacra2"] >= 65


def test_the_target_is_the_picture_half_dissolved_at_the_served_size():
    pixels = tiny.art(60, 1500)
    target = cloak(pixels, None, SEED, 65.0, 24).target
    assert target.shape == (40, 1000, 3)
    assert 60 < np.abs(target.astype(int) - 127).max() <= 128


@pytest.mark.parametrize("size", [(1, 1), (1, 100_000), (1000, 1600), (1600, 1600), (9000, 9000)])
def test_a_picture_is_drawn_on_as_feeds_serve_it_and_models_read_it(size):
    height, width = served_size(size)
    assert max(height, width) <= 1000
    assert height * width <= SERVED_PIXELS * 1.001


def test_it_needs_no_torch():
    code = (
        "import sys, numpy; from postguard.cloak.instant.engine import InstantEngine; "
        "from postguard.cloak.instant.drawing import cloak; "
        "cloak(numpy.full((64, 64, 3), 90, 'uint8'), None, 'ab' * 32, 65.0, 24); "
        "print({'torch', 'scipy', 'diffusers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
