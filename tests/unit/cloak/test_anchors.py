"""Every concept of the table has a picture: one of the artist's own, else one that is drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.cloak.anchors import NAMES, UnknownAnchor, anchor
from postguard.cloak.concepts import BUNDLED, read_table

RED, BLUE = (220, 30, 20), (20, 40, 210)


@cache
def drawn(name: str, size: tuple[int, int] = (48, 64), seed: int = 0) -> np.ndarray:
    return anchor(name, size, np.random.default_rng(seed), None)


def chosen(name: str, folder: Path, seed: int = 0) -> np.ndarray:
    return anchor(name, (20, 30), np.random.default_rng(seed), folder)


def plain(path: Path, colour: tuple[int, ...], size: tuple[int, int] = (40, 40)) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(path)
    return path


def is_all(pixels: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels.astype(int) - colour) < 8).all())


def test_every_anchor_that_our_table_names_is_drawn_and_each_drawn_one_is_named():
    assert {entry.anchor for entry in read_table([BUNDLED]) if entry.name} == set(NAMES)
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_an_anchor_has_the_size_asked_for_and_fine_structure_in_every_part(name):
    pixels = drawn(name, (192, 256))
    assert pixels.shape == (192, 256, 3)
    assert pixels.dtype == np.uint8
    gray = pixels.mean(2)
    slopes = np.abs(np.diff(gray, axis=0))[:, :-1] + np.abs(np.diff(gray, axis=1))[:-1]
    parts = [s.mean() for rows in np.array_split(slopes, 4) for s in np.array_split(rows, 4, 1)]
    assert min(parts) > 3


@pytest.mark.parametrize("name", NAMES)
def test_the_same_chance_draws_the_same_anchor_and_another_chance_another(name):
    again = anchor(name, (48, 64), np.random.default_rng(1), None)
    assert np.array_equal(drawn(name, seed=1), again)
    assert np.abs(again.astype(int) - drawn(name, seed=2)).mean() > 8


def test_no_two_anchors_look_alike():
    pictures = [drawn(name, seed=1).astype(int) for name in NAMES]
    for place, one in enumerate(pictures):
        for other in pictures[:place]:
            assert np.abs(one - other).mean() > 15


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 3), (2, 400), (400, 2), (7, 5), (1, 2048), (300, 90), (700, 1000)]
)
def test_an_anchor_is_drawn_at_any_size_and_aspect(size):
    pixels = drawn("cat", size)
    assert pixels.shape == (*size, 3)
    assert size == (1, 1) or pixels.std() > 5


def test_the_largest_size_is_drawn_too():
    assert drawn("castle", (2048, 2048)).shape == (2048, 2048, 3)


def test_a_long_frame_is_filled_with_several_of_the_subject():
    """White paws, whiskers and muzzles are brighter than anything behind them."""
    wide = drawn("cat", (100, 800), seed=5)
    thirds = [(third.min(2) > 190).mean() for third in np.array_split(wide, 3, axis=1)]
    assert min(thirds) > 0.01


@pytest.mark.parametrize("name", ["dog.png", "dog.jpg", "dog.webp", "Dog.JPEG", "dog/any.png"])
def test_the_artists_own_picture_comes_first(tmp_path, name):
    plain(tmp_path / name, RED)
    assert is_all(chosen("dog", tmp_path), RED)
    assert not is_all(chosen("cat", tmp_path), RED)


def test_a_name_of_the_artists_own_works_with_a_picture_and_in_japanese(tmp_path):
    plain(tmp_path / "ペンギン.png", BLUE)
    assert is_all(chosen("ペンギン", tmp_path), BLUE)


def test_of_several_pictures_chance_takes_one(tmp_path):
    plain(tmp_path / "dog.png", RED)
    plain(tmp_path / "dog" / "a.png", BLUE)
    (tmp_path / "dog" / "notes.txt").write_text("mine")
    (tmp_path / "dog" / "._a.png").write_text("litter of another system")
    taken = [chosen("dog", tmp_path, seed) for seed in range(20)]
    assert {(is_all(p, RED), is_all(p, BLUE)) for p in taken} == {(True, False), (False, True)}
    assert all(np.array_equal(p, chosen("dog", tmp_path, s)) for s, p in enumerate(taken))


def test_an_own_picture_is_cut_to_the_aspect_and_not_squeezed(tmp_path):
    striped = np.zeros((90, 30, 3), np.uint8)
    striped[:30], striped[30:60], striped[60:] = RED, (255, 255, 255), BLUE
    Image.fromarray(striped).save(tmp_path / "dog.png")
    assert is_all(chosen("dog", tmp_path)[2:-2], (255, 255, 255))


def test_an_own_picture_that_is_transparent_lies_on_white(tmp_path):
    plain(tmp_path / "dog.png", (*RED, 0))
    assert is_all(chosen("dog", tmp_path), (255, 255, 255))


def test_a_folder_that_is_missing_is_an_empty_one(tmp_path):
    assert np.array_equal(chosen("dog", tmp_path / "none"), drawn("dog", (20, 30)))


def test_a_broken_own_picture_is_named_and_nothing_else_taken_for_it(tmp_path):
    whole = plain(tmp_path / "dog.png", RED).read_bytes()
    (tmp_path / "dog.png").write_bytes(whole[:60])
    with pytest.raises(UnknownAnchor, match=r"dog\.png cannot be used: this file is damaged"):
        chosen("dog", tmp_path)
    (tmp_path / "dog.png").write_text("no picture")
    with pytest.raises(UnknownAnchor, match=r"dog\.png cannot be used: this is not a picture"):
        chosen("dog", tmp_path)


def test_an_anchor_that_nobody_has_says_where_to_put_one(tmp_path):
    with pytest.raises(UnknownAnchor, match=r"for the anchor teapot: put teapot\.png in .*cup"):
        chosen("teapot", tmp_path)
    with pytest.raises(UnknownAnchor, match="in a folder of anchors"):
        drawn("teapot")
