"""The mark shows on any ground, survives every crop, and differs in every artwork."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.protect.chance import generator
from postguard.protect.lettering import Lettering
from postguard.protect.steps.watermark import Layout, Watermark, lattice, lay_out
from postguard.settings import recipes
from tests.unit.protect.conftest import busy, cut_out, pictures, plain, scene_of

TEXT = "© {year} {name}"
NO_FONTS = Lettering(lambda characters: [])


def watermark(**options):
    words = options if "logo" in options else {"text": TEXT, **options}
    return Watermark(recipes.Watermark(step="watermark", **words), NO_FONTS)


def change(before, after):
    return np.abs(after.pixels.astype(int) - before.pixels).max(axis=-1)


def save_logo(path, colour, mode="RGBA"):
    image = Image.new(mode, (120, 80))
    ImageDraw.Draw(image).ellipse((10, 10, 110, 70), fill=colour)
    image.save(path)
    return str(path)


@pytest.mark.parametrize("ground", [0, 40, 128, 200, 255, (255, 255, 0), (0, 0, 255)])
def test_the_mark_shows_on_every_plain_ground(ground):
    before = plain(600, 400, ground)
    after, record = watermark().apply(before, scene_of())
    difference = change(before, after)
    assert difference.max() >= 24  # of 255: two tones that nobody takes for one
    assert 0.02 < (difference > 12).mean() < 0.5
    assert record["legible"]


def test_it_is_light_on_dark_and_dark_on_light_in_one_picture():
    before = plain(600, 400, 0)
    before.pixels[:, 300:] = 255
    after, _ = watermark().apply(before, scene_of())
    assert after.pixels[:, :150].max() > 40
    assert after.pixels[:, 450:].min() < 215


def test_across_stripes_the_outline_carries_the_mark_over():
    """Each mark lies on both tones; in its own tone only the outline can be seen."""
    before = plain(600, 400, 255)
    before.pixels[:, np.arange(600) // 60 % 2 == 0] = 0
    after, _ = watermark(opacity=0.4, size=0.2).apply(before, scene_of())
    stripes = change(before, after).reshape(400, 10, 60).max(axis=(0, 2))
    assert stripes.min() > 40


@pytest.mark.parametrize("shape", [(800, 500), (500, 800), (600, 600), (1600, 400)])
def test_every_crop_of_two_fifths_keeps_some_of_the_mark(shape):
    before = plain(*shape, 128)
    after, _ = watermark().apply(before, scene_of())
    marked = change(before, after) > 8
    sums = np.pad(marked.astype(int), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    w, h = (int(0.4 * side) for side in shape)
    windows = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
    assert windows.min() > 200


def test_same_seed_same_bytes_and_another_seed_another_phase():
    before = plain(300, 300, 90)
    one, again, other = (watermark().apply(before, scene_of(s))[0].pixels for s in ("a", "a", "b"))
    assert np.array_equal(one, again)
    assert (one != other).any(axis=-1).mean() > 0.02


def test_nothing_secret_is_in_the_record():
    """Two seeds, one record: it tells nothing about where the marks lie."""
    before = plain(300, 300, 128)
    records = [watermark().apply(before, scene_of(seed))[1] for seed in ("a", "b")]
    for record in records:
        for measured in ("contrast", "marks"):
            record.pop(measured)
    assert records[0] == records[1]


def test_marks_of_one_picture_are_not_alike():
    """What is alike can be averaged and subtracted; these marks sway and breathe."""
    before = plain(1200, 400, 0)
    after, _ = watermark(angle=0, size=0.1, spacing=0).apply(before, scene_of())
    levels = np.unique(after.pixels[after.pixels > 45])
    assert len(levels) > 8


def test_year_and_name_are_filled_in():
    _, record = watermark().apply(plain(400, 400, 50), scene_of(name="Ærø"))
    assert record["text"] == "© 2026 Ærø"


def test_a_name_that_is_asked_for_must_be_there():
    with pytest.raises(StepFailed, match=r"\[artist\]"):
        watermark().apply(plain(400, 400, 50), scene_of(name=""))


def test_a_mark_too_faint_to_be_seen_is_no_mark():
    with pytest.raises(StepFailed, match="opacity"):
        watermark(opacity=0.005).apply(plain(400, 400, 50), scene_of())


@pytest.mark.parametrize("size", [(1, 1), (12, 12), (5, 900)])
def test_a_picture_too_small_for_a_legible_mark_says_so(size):
    _, record = watermark().apply(plain(*size, 60), scene_of())
    assert record["legible"] is False
    assert "too small" in record["note"]


@pytest.mark.parametrize(("size", "angle"), [((12_000, 40), 0.0), ((40, 12_000), 90.0)])
def test_on_a_long_strip_the_marks_lie_along_it(size, angle):
    before = plain(*size, 60)
    after, record = watermark().apply(before, scene_of())
    assert (record["legible"], record["angle"]) == (True, angle)
    marked = change(before, after).max(axis=0 if size[0] > size[1] else 1) > 8
    pieces = marked[: len(marked) // 20 * 20].reshape(20, -1)
    assert pieces.any(axis=1).all()


def test_a_long_text_shrinks_until_it_fits_a_portrait():
    text = "© Yamada Hanako — please do not repost, edit or train on this drawing"
    _, record = watermark(text=text, size=0.2).apply(plain(500, 900, 60), scene_of())
    assert record["legible"]
    assert 12 <= record["size"] < 0.2 * 500


def test_transparent_ground_stays_empty_and_alpha_untouched():
    before = cut_out(500, 400)
    after, _ = watermark().apply(before, scene_of())
    assert np.array_equal(after.alpha, before.alpha)
    assert not after.pixels[before.alpha == 0].any()
    assert change(before, after)[before.alpha == 255].max() > 24


def test_transparent_ground_does_not_count_as_dark():
    """Its colour is stored as black; a mark on the light art inside must still be dark."""
    before = cut_out(500, 400, (250, 250, 250))
    after, _ = watermark(size=0.02, outline=False).apply(before, scene_of())
    assert after.pixels[before.alpha == 255].min() < 225


@pytest.mark.parametrize("colour", ["black", "white", "#e03070"])
@pytest.mark.parametrize("ground", [0, 255])
def test_a_logo_shows_on_ground_of_its_own_colour(tmp_path, colour, ground):
    logo = save_logo(tmp_path / "logo.png", colour)
    before = plain(500, 400, ground)
    after, record = watermark(logo=logo, opacity=0.5, size=0.12).apply(before, scene_of())
    assert change(before, after).max() >= 40
    assert record["logo"] == "logo.png"


def test_a_logo_keeps_its_colours_and_turns_gray_on_gray_art(tmp_path):
    logo = save_logo(tmp_path / "logo.png", "#e03070")
    step = watermark(logo=logo, opacity=1.0, size=0.3, outline=False)
    white = np.full((400, 500, 3), 255, np.uint8)
    coloured, _ = step.apply(Picture(white), scene_of())
    assert (coloured.pixels == (0xE0, 0x30, 0x70)).all(axis=-1).mean() > 0.02
    gray, _ = step.apply(Picture(white, gray=True), scene_of())
    assert (gray.pixels == gray.pixels[..., :1]).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (str, "is not there"),
        (lambda path: save_logo(path, "red", "RGB"), "no transparency"),
        (lambda path: save_logo(path, (0, 0, 0, 0)), "transparent everywhere"),
        (lambda path: path.write_text("not a picture") and str(path), "cannot be used"),
    ],
)
def test_a_logo_that_cannot_be_used_is_explained(tmp_path, make, words):
    logo = make(tmp_path / "logo.png")
    with pytest.raises(StepFailed, match=words):
        watermark(logo=logo).apply(plain(400, 400, 50), scene_of())


@settings(max_examples=60, deadline=None)
@given(picture=pictures())
def test_any_picture_keeps_its_shape_alpha_and_grayness(picture):
    before = picture.pixels.copy()
    try:
        result, record = watermark(opacity=0.5).apply(picture, scene_of())
    except StepFailed:
        # Only where next to nothing of the picture can be seen at all.
        assert picture.alpha is not None
        return
    assert np.array_equal(picture.pixels, before)
    assert result.pixels.shape == picture.pixels.shape
    assert result.alpha is picture.alpha
    assert result.gray == picture.gray
    if picture.gray:
        assert (result.pixels == result.pixels[..., :1]).all()
    if picture.alpha is not None:
        assert not result.pixels[picture.alpha == 0].any()
    json.dumps(record)


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    angle=st.floats(-90, 90),
    spacing=st.floats(0, 5),
)
def test_the_lattice_leaves_no_hole(width, height, angle, spacing):
    """Every corner and the centre have a mark's centre within a row and a column of them."""
    options = recipes.Watermark(step="watermark", text="x", angle=angle, spacing=spacing, size=0.2)
    layout = lay_out((5.0, 1.0), 12.0, (width, height), options)
    spots = lattice((width, height), layout, generator(b"s", "t").random(2))
    reach = np.hypot(layout.pitch[0] / 2, layout.pitch[1])
    for point in ((0, 0), (width, 0), (0, height), (width, height), (width / 2, height / 2)):
        assert np.hypot(*(spots - point).T).min() <= reach + 1


@given(st.integers(60, 4000), st.integers(60, 4000), st.floats(0.01, 0.5))
def test_a_legible_layout_has_a_whole_mark_inside_the_picture(width, height, size):
    options = recipes.Watermark(step="watermark", text="x", size=size)
    layout = lay_out((3.0, 1.0), 12.0, (width, height), options)
    assert isinstance(layout, Layout)
    assert layout.legible
    assert layout.size >= 12
    turn = np.radians(layout.angle)
    across = layout.size * (3 * abs(np.cos(turn)) + abs(np.sin(turn)))
    assert across <= width


def test_busy_ground_is_changed_as_much_as_plain_ground():
    before = busy(600, 400)
    after, record = watermark().apply(before, scene_of())
    assert record["contrast"] > 15
    assert (change(before, after) > 8).mean() > 0.03
