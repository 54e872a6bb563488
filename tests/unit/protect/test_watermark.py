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
from postguard.protect.steps.watermark import Watermark
from postguard.protect.tiling import Wish, lattice, lay_out
from postguard.settings import steps
from tests.unit.protect.conftest import busy, cut_out, pictures, plain, scene_of

TEXT = "© {year} {name}"
NO_FONTS = Lettering(lambda characters: [])


def watermark(**options):
    words = options if {"logo", "preset"} & set(options) else {"text": TEXT, **options}
    return Watermark(steps.Watermark(step="watermark", **words), NO_FONTS)


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
        for measured in ("contrast", "marks", "large"):
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


@settings(max_examples=30, deadline=None)
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


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(300, 3000),
    height=st.integers(300, 3000),
    angle=st.floats(-90, 90),
    spacing=st.floats(0, 5),
)
def test_the_lattice_leaves_no_hole(width, height, angle, spacing):
    """Every point has a mark's centre within a row and a column of it."""
    layout = lay_out((5.0, 1.0), (width, height), Wish(0.06, spacing, angle, 12.0))
    spots = lattice((width, height), layout, generator(b"s", "t"))
    centres = np.array([(s.x, s.y) for s in spots])
    reach = 1.1 * np.hypot(layout.pitch[0] / 2, layout.pitch[1]) + 1
    for share in (0.3, 0.5, 0.7):
        assert np.hypot(*(centres - (share * width, share * height)).T).min() <= reach


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 4000), st.integers(60, 4000), st.floats(0.01, 0.5))
def test_a_legible_layout_has_a_whole_mark_inside_the_picture(width, height, size):
    layout = lay_out((3.0, 1.0), (width, height), Wish(size, 1.0, 28.0, 12.0))
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


def turned(shape, spot):
    """Width and height of the upright box around a mark, by hand."""
    turn = np.radians(spot.angle)
    cos, sin = abs(np.cos(turn)), abs(np.sin(turn))
    return spot.size * (shape[0] * cos + shape[1] * sin), spot.size * (
        shape[0] * sin + shape[1] * cos
    )


@pytest.mark.parametrize("canvas", [(1600, 1000), (1000, 1600), (900, 900), (640, 480)])
@pytest.mark.parametrize("options", [{}, {"strength": "subtle"}, {"preset": "sample"}])
def test_every_crop_of_two_fifths_holds_a_whole_mark(canvas, options):
    """Crops of that area of any side ratio up to 2.5 times the picture's own, at random places."""
    rng = np.random.default_rng(7)
    for seed in ("a", "b", "c"):
        marking = watermark(**options).marking(plain(*canvas, 128), scene_of(seed))
        assert marking.layout.crops
        every = [*marking.spots, *([marking.large] if marking.large else [])]
        boxes = [(s.x, s.y, *turned(marking.layout.shape, s)) for s in every]
        for share in rng.uniform(0.4, 1, 200):
            size = share * canvas[0], 0.4 / share * canvas[1]
            left, top = rng.uniform(0, 1, 2) * (np.array(canvas) - size)
            assert any(
                left <= x - w / 2
                and x + w / 2 <= left + size[0]
                and top <= y - h / 2
                and y + h / 2 <= top + size[1]
                for x, y, w, h in boxes
            )


def test_a_mark_too_wide_for_crops_says_so():
    """One long line cannot be in every crop; the record must not promise it."""
    text = "© Yamada Hanako, please do not repost, edit or train on this drawing"
    _, record = watermark(text=text).apply(plain(500, 500, 60), scene_of())
    assert (record["legible"], record["crops"]) == (True, False)


@pytest.mark.parametrize("corner", [(0.25, 0.3), (0.7, 0.65)])
def test_the_larger_mark_lies_on_the_subject(corner):
    before = plain(1200, 800, (200, 210, 220))
    x, y = int(corner[0] * 1200), int(corner[1] * 800)
    rng = np.random.default_rng(1)
    before.pixels[y - 90 : y + 90, x - 90 : x + 90] = rng.integers(0, 200, (180, 180, 3))
    large = watermark().marking(before, scene_of()).large
    assert large is not None
    assert abs(large.x - x) < 0.15 * 1200
    assert abs(large.y - y) < 0.15 * 800
    _, record = watermark().apply(before, scene_of())
    left, top, width, height = record["large"]
    assert left < x < left + width
    assert top < y < top + height


def test_no_mark_lies_on_the_larger_one():
    marking = watermark().marking(plain(1200, 800, 90), scene_of())
    large, (width, height) = marking.large, marking.layout.shape
    assert large.size > 1.3 * max(s.size for s in marking.spots)
    for spot in marking.spots:
        turn, dx, dy = np.radians(large.angle), spot.x - large.x, spot.y - large.y
        along, across = (
            dx * np.cos(turn) - dy * np.sin(turn),
            dx * np.sin(turn) + dy * np.cos(turn),
        )
        sizes = (large.size + spot.size) / 2
        assert abs(along) >= width * sizes or abs(across) >= height * sizes


def test_strengths_grow_from_subtle_to_sample():
    before = plain(800, 600, 128)
    names = ("subtle", "clear", "sample")
    changes = []
    for name in names:
        after, record = watermark(strength=name).apply(before, scene_of())
        assert record["strength"] == name
        changes.append(change(before, after).mean())
    assert changes[0] * 1.3 < changes[1]
    assert changes[1] * 1.3 < changes[2]


def test_what_is_said_goes_before_the_strength():
    quiet, record = watermark(strength="sample", opacity=0.1, size=0.03).apply(
        plain(800, 600, 128), scene_of()
    )
    loud, _ = watermark(strength="sample").apply(plain(800, 600, 128), scene_of())
    assert record["size"] == 18
    assert change(plain(800, 600, 128), quiet).mean() < change(plain(800, 600, 128), loud).mean()


@pytest.mark.parametrize(
    ("options", "text", "strength"),
    [
        ({"preset": "sample"}, "SAMPLE", "sample"),
        ({"preset": "no-repost"}, "無断転載禁止", "clear"),
        ({"preset": "no-repost", "strength": "subtle"}, "無断転載禁止", "subtle"),
        ({"preset": "sample", "text": "© {name}"}, "© 山田花子", "sample"),
    ],
)
def test_a_preset_brings_text_and_strength_where_they_are_unset(options, text, strength):
    _, record = watermark(**options).apply(plain(600, 400, 50), scene_of())
    assert (record["text"], record["strength"]) == (text, strength)


def test_a_mark_needs_a_text_a_logo_or_a_preset():
    with pytest.raises(ValueError, match="preset"):
        steps.Watermark(step="watermark")
    with pytest.raises(ValueError, match="either"):
        steps.Watermark(step="watermark", text="x", logo="y.png")


def test_two_marks_of_a_picture_are_not_alike():
    """Laid over each other by their centres, they hardly agree."""
    step = watermark(angle=0.0)
    before = plain(1000, 1000, 0)
    after, _ = step.apply(before, scene_of())
    spots = [
        s for s in step.marking(before, scene_of()).spots if 250 < s.x < 750 and 60 < s.y < 940
    ]
    ink = after.pixels[..., 0].astype(float)
    first, *others = (
        ink[round(s.y) - 30 : round(s.y) + 30, round(s.x) - 160 : round(s.x) + 160].ravel()
        for s in spots[:5]
    )
    # Without the bend it is 0.45, with even ink 0.34, and without both 0.63.
    assert np.mean([np.corrcoef(first, other)[0, 1] for other in others]) < 0.31
