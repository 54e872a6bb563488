"""Purifiers keep the size, do the same to every picture, and IMPRESS does what it is meant to."""

from __future__ import annotations

import numpy as np
import pytest

from bench.cleaning import SIMPLE, Impress, autoencoder
from bench.purifiers import behind, gains
from bench.squares import Cloaked
from postguard.cloak.architectures import _taef2_decoder
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

ART = tiny.art(48, 64)
HALFTONE = np.repeat(np.indices((48, 64)).sum(0)[..., None] % 2 * 255, 3, 2).astype(np.uint8)
MADE = Cloaked(
    ART, np.clip(ART + np.where(HALFTONE, 5, -5), 0, 255).astype(np.uint8), to_tensor(HALFTONE)
)


@pytest.mark.parametrize("name", SIMPLE)
def test_a_purifier_keeps_the_size_and_treats_the_same_picture_the_same(name):
    once, again = SIMPLE[name](ART), SIMPLE[name](ART)
    assert once.shape == ART.shape
    assert once.dtype == np.uint8
    assert np.array_equal(once, again)
    assert np.array_equal(once, ART) == (name == "none")


def test_the_bilateral_filter_takes_noise_out_of_flat_colour_and_keeps_edges():
    edge = np.zeros((48, 64, 3), np.uint8) + 40
    edge[:, 32:] = 210
    found = SIMPLE["noise, bilateral"](edge).astype(int)
    assert found[:, :28].std() < 0.05 * 255 / 2
    assert found[:, 31].mean() < 60
    assert found[:, 32].mean() > 190


def test_impress_ends_nearer_to_what_the_autoencoder_gives_back(tmp_path):
    encoders = tiny.encoders(tmp_path)
    tiny.save(tmp_path / "taef2_decoder.safetensors", _taef2_decoder(tiny.WIDTH, tiny.LATENT))
    impress = Impress(autoencoder(tmp_path, encoders), steps=12, rate=0.02)
    found = impress(ART)
    assert found.shape == ART.shape
    assert impress.losses[-1] < 0.9 * impress.losses[0]


def test_the_clean_picture_gains_nothing_and_the_target_everything(tmp_path):
    encoders = tiny.encoders(tmp_path)
    assert gains(ART, ART, MADE, encoders) == pytest.approx([0, 0], abs=1e-6)
    assert gains(ART, HALFTONE, MADE, encoders) == pytest.approx([1, 1], abs=1e-3)


def test_behind_no_purifier_the_clean_picture_is_unspoilt(tmp_path):
    left = behind(SIMPLE["none"], MADE, tiny.encoders(tmp_path))
    assert left.kept == pytest.approx(100)
    assert left.gain == pytest.approx(np.mean(left.gains))


def test_the_controls_change_as_much_as_the_cloak():
    ours, signs, shuffled = (
        p.astype(int) - ART for p in (MADE.after, MADE.signs(), MADE.shuffled())
    )
    inside = (ART > 5) & (ART < 250)
    assert np.array_equal(np.abs(signs)[inside], np.abs(ours)[inside])
    assert 0.3 < (signs == ours).mean() < 0.7
    assert np.abs(shuffled).sum() == pytest.approx(np.abs(ours).sum(), rel=0.02)
    assert not np.array_equal(shuffled, ours)
