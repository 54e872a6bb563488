"""The texture is secret, fine, and on the grid that WebP codes the served picture on."""

from __future__ import annotations

import numpy as np
import pytest

from postguard.cloak.instant.weave import CELL, basket, grain, secret, signs

FLAT = np.full((96, 128), 0.5, np.float32)


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (17, 3), (100, 130)])
def test_a_texture_has_the_size_of_any_picture_and_lies_between_black_and_white(size):
    texture = secret(np.full(size, 0.5, np.float32), chance())
    assert texture.shape == size
    assert 0 <= texture.min() <= texture.max() <= 1


def test_two_seeds_give_textures_that_have_nothing_in_common():
    for draw in (basket, grain):
        one, other = (draw((256, 256), chance(seed)) for seed in (1, 2))
        assert abs(likeness(one, other)) < 0.1


def test_no_shift_or_mirror_of_one_texture_is_the_other():
    one, other = (basket((192, 192), chance(seed)) - 0.5 for seed in (1, 2))
    spectrum = np.fft.rfft2(one)
    most = max(
        np.abs(np.fft.irfft2(spectrum * np.conj(np.fft.rfft2(look)))).max()
        for look in (other, other[::-1], other[:, ::-1], other.T)
    )
    assert most < 0.5 * float((one * one).sum())


def test_flat_colour_gets_stripes_whose_blocks_of_four_pixels_each_have_one_sign():
    texture = secret(FLAT, chance()) - 0.5
    blocks = texture.reshape(24, 4, 32, 4).transpose(0, 2, 1, 3).reshape(-1, 16)
    assert np.all((blocks > 0).all(1) | (blocks < 0).all(1))


def test_each_cell_in_flat_colour_is_laid_by_chance():
    texture = secret(FLAT, chance()) > 0.5
    cells = texture.reshape(6, CELL, 8, CELL).transpose(0, 2, 1, 3).reshape(-1, CELL * CELL)
    assert len({cell.tobytes() for cell in cells}) == 4  # two ways to run, two to begin


def test_what_is_busy_gets_a_finer_grain():
    busy = chance(3).random((128, 128), dtype=np.float32)
    texture = secret(busy, chance()) - 0.5
    spectrum = np.abs(np.fft.fft2(texture)) ** 2
    rows, columns = np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128), indexing="ij")
    finer = spectrum[np.hypot(rows, columns) > 0.16].sum()
    assert finer > 0.85 * spectrum.sum()


def test_one_place_of_the_grain_tells_nothing_of_the_next():
    texture = grain((256, 256), chance()) - 0.5
    spectrum = np.abs(np.fft.fft2(texture)) ** 2
    alike = np.fft.fftshift(np.fft.ifft2(spectrum).real) / float((texture * texture).sum())
    away = np.hypot(*np.ogrid[-128:128, -128:128])
    assert np.abs(alike[away > 6]).max() < 0.03


def test_how_cells_are_turned_is_secret_too_and_fifty_posts_share_nothing_of_it():
    turned = [signs((64, 80), chance(seed)) for seed in range(50)]
    cells = turned[0].reshape(4, CELL, 5, CELL).transpose(0, 2, 1, 3).reshape(20, -1)
    assert {*np.unique(turned)} == {-1, 1}
    assert np.all(cells == cells[:, :1])
    assert np.abs(np.mean(turned, 0)).mean() < 0.2


def test_no_part_of_a_texture_is_drawn_from_the_bits_of_another():
    rng = chance()
    grown = secret(FLAT, rng), signs((96, 128), rng)
    again = chance()
    first, second, third = again.spawn(3)
    assert np.array_equal(grown[0], basket((96, 128), first))
    assert np.array_equal(grain((8, 8), second), grain((8, 8), chance().spawn(2)[1]))
    assert np.array_equal(
        grown[1][::CELL, ::CELL], 2 * third.integers(0, 2, (6, 8), dtype=np.int8) - 1
    )
