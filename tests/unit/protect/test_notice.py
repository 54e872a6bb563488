"""The notice can be read wherever the picture is shown, and covers as little as it can."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Limits
from postguard.protect.lettering import Lettering
from postguard.protect.plate import CONTRAST, compose, contrast, luminance, rounded, seen_contrast
from postguard.protect.steps.notice import Notice, sentences
from postguard.settings import steps
from postguard.settings.notices import NOTICES
from tests.unit.protect.conftest import busy, cut_out, plain, scene_of

LIMITS = Limits("bluesky-1", 300, 2_000, 4, 1_000_000, side=2_000)
NO_FONTS = Lettering(lambda characters: [])


def notice(**options):
    return Notice(steps.Notice(step="notice", **options), NO_FONTS)


def plate_of(picture, record):
    left, top, width, height = record["at"]
    return picture.pixels[top : top + height, left : left + width]


def measured(picture, record):
    """WCAG contrast of the letters (the most frequent of the two extremes) against the plate's
    worst pixel, from nothing but the result."""
    values = luminance(plate_of(picture, record))
    inner = values[len(values) // 8 : -len(values) // 8, 8:-8]
    low, high = float(inner.min()), float(inner.max())
    dark_letters = (inner < (low + high) / 2).mean() < 0.5
    letters = low if dark_letters else high
    ground = values[2, len(values[0]) // 4 : -len(values[0]) // 4]  # above the first line
    return float(contrast(np.float32(letters), ground).min())


GROUNDS = {
    "white": plain(900, 600, 255),
    "black": plain(900, 600, 0),
    "middle": plain(900, 600, 119),
    "yellow": plain(900, 600, (255, 240, 0)),
    "blue": plain(900, 600, (10, 20, 230)),
    "busy": busy(900, 600),
}


@pytest.mark.parametrize("ground", GROUNDS)
def test_the_contrast_measured_on_the_result_is_enough_for_any_eye(ground):
    result, record = notice().apply(GROUNDS[ground], scene_of(langs=("ja", "en")))
    assert measured(result, record) >= CONTRAST
    assert record["contrast"] == pytest.approx(measured(result, record), rel=0.1)


@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    other=st.tuples(*[st.integers(0, 255)] * 3),
    data=st.integers(0, 99),
)
@settings(deadline=None)
def test_a_plate_reads_on_art_of_any_two_colours(colour, other, data):
    mixed = np.random.default_rng(data).random((40, 80, 1)) < 0.5
    art = np.where(mixed, np.array(colour, np.uint8), np.array(other, np.uint8))
    shape, letters = rounded(80, 40, 6), np.zeros((40, 80), np.float32)
    letters[15:25, 20:60:5] = 1
    plate = compose(art, shape, letters, local=art.reshape(-1, 3))
    assert seen_contrast(plate, shape, letters) >= CONTRAST


@pytest.mark.parametrize("size", [(600, 400), (1200, 800), (600, 1100), (2000, 1500), (1500, 500)])
def test_shown_600_pixels_wide_capitals_are_at_least_14_high(size):
    picture = plain(*size, 200)
    result, record = notice(size=0.01, text="HHHHH").apply(picture, scene_of())
    plate = luminance(plate_of(result, record))
    letters = np.abs(plate - np.median(plate)) > 0.3
    rows = np.flatnonzero(letters[:, 12:-12].any(axis=1))
    assert (rows[-1] - rows[0] + 1) * 600 / size[0] >= 14 - 600 / size[0]
    assert record["cap_height"] * 600 / size[0] >= 13.95


@pytest.mark.parametrize(
    ("langs", "expected"),
    [(("ja",), ["ja"]), (("en", "ja"), ["en", "ja"]), (("de",), ["en"]), (("ja-JP",), ["ja"])],
)
def test_it_speaks_the_artists_languages_and_else_english(langs, expected):
    assert sentences(langs) == [NOTICES[lang] for lang in expected]
    _, record = notice().apply(plain(900, 600, 60), scene_of(langs=langs))
    for lang in expected:
        assert NOTICES[lang].replace(" ", "") in "".join(record["text"].split())


def test_options_go_before_the_artists_languages():
    _, record = notice(langs=("ja",)).apply(plain(900, 600, 60), scene_of(langs=("en",)))
    assert "AI学習" in record["text"]
    assert "training" not in record["text"]


def test_own_words_replace_the_sentences():
    _, record = notice(text="無断転載禁止").apply(plain(900, 600, 60), scene_of())
    assert record["text"] == "無断転載禁止"


def test_a_glyph_that_no_font_has_is_named():
    with pytest.raises(StepFailed, match=r"notice: .*🚫"):
        notice(text="🚫 AI").apply(plain(900, 600, 60), scene_of())


def test_a_figure_in_an_empty_field_is_not_covered():
    picture = plain(900, 600, (120, 170, 240))
    picture.pixels[470:570, 120:180] = (60, 20, 20)
    _, record = notice(text="無断転載禁止").apply(picture, scene_of())
    left, top, width, height = record["at"]
    clear = left > 180 or left + width < 120 or top > 570 or top + height < 470
    assert clear


def test_the_calm_side_of_a_picture_is_taken():
    picture = busy(900, 600)
    picture.pixels[:, :400] = (200, 210, 220)
    _, record = notice(text="No AI").apply(picture, scene_of())
    assert record["at"][0] + record["at"][2] <= 400


@pytest.mark.parametrize("size", [(160, 160), (12_000, 40), (40, 12_000), (200, 100), (100, 400)])
@pytest.mark.parametrize("langs", [("ja",), ("en",), ("ja", "en")])
def test_small_and_extreme_shapes_still_get_a_legible_one(size, langs):
    picture = plain(*size, 90)
    result, record = notice().apply(picture, scene_of(langs=langs))
    assert record["cap_height"] >= 9
    assert record["covers"] <= 0.5
    assert (result.pixels != picture.pixels).any()


def test_on_a_tall_strip_it_reads_along_the_strip():
    picture = plain(40, 12_000, 90)
    result, record = notice().apply(picture, scene_of())
    rows, columns = np.nonzero((result.pixels != picture.pixels).any(axis=-1))
    assert record["turned"]
    assert rows.max() - rows.min() > 5 * (columns.max() - columns.min())


@pytest.mark.parametrize("size", [(1, 1), (40, 40), (80, 80)])
def test_a_picture_too_small_for_any_is_refused_with_what_to_do(size):
    with pytest.raises(StepFailed, match="leave the notice out"):
        notice().apply(plain(*size, 90), scene_of())


def test_opaque_art_and_alpha_around_are_left_alone():
    picture = plain(900, 600, (90, 90, 90))
    alpha = np.full((600, 900), 255, np.uint8)
    alpha[:100] = 0
    picture.pixels[:100] = 0
    before = Picture(picture.pixels, alpha)
    after, record = notice().apply(before, scene_of())
    assert record["made_opaque"] is False
    assert np.array_equal(after.alpha, alpha)
    assert not after.pixels[:100].any()
    assert record["at"][1] >= 100


def test_art_cut_out_of_its_ground_gets_an_opaque_plate_beside_it():
    before = cut_out(700, 700)
    after, record = notice(text="No AI training").apply(before, scene_of())
    left, top, width, height = record["at"]
    region = np.s_[top : top + height, left : left + width]
    outside = np.ones_like(before.alpha, bool)
    outside[region] = False
    assert record["made_opaque"] is True
    assert after.alpha[region][height // 2, 2:-2].min() == 255
    assert np.array_equal(after.alpha[outside], before.alpha[outside])
    assert (before.alpha[region] > 0).mean() < 0.2
    assert not after.pixels[after.alpha == 0].any()
    assert measured(after, record) >= CONTRAST


def test_gray_stays_gray():
    result, _ = notice().apply(plain(700, 500, 77), scene_of())
    assert result.gray
    assert (result.pixels == result.pixels[..., :1]).all()


def test_only_the_plate_is_changed_and_the_source_not_at_all():
    picture = busy(800, 600)
    kept = picture.pixels.copy()
    result, record = notice().apply(picture, scene_of())
    assert np.array_equal(picture.pixels, kept)
    left, top, width, height = record["at"]
    result.pixels[top : top + height, left : left + width] = 0
    kept[top : top + height, left : left + width] = 0
    assert np.array_equal(result.pixels, kept)
    json.dumps(record)


@pytest.mark.parametrize("size", [(1500, 150), (3_000, 200), (120, 120), (900, 60)])
@pytest.mark.parametrize("langs", [("ja",), ("en",), ("ja", "en")])
def test_it_reads_in_a_feed_before_anything_else(size, langs):
    """Shorter words, more lines, a strip below: letters of 9 px are what nobody is promised."""
    result, record = notice().apply(plain(*size, 90), scene_of(langs=langs))
    assert record["cap_at_600"] >= 14
    if record["place"] == "footer":
        assert "strip below" in record["warning"]
        assert np.array_equal(result.pixels[: size[1]], plain(*size, 90).pixels)


def test_a_shape_that_has_no_room_for_the_promise_says_so():
    _, record = notice().apply(plain(3_000, 40, 90), scene_of(langs=("ja",)))
    assert record["cap_at_600"] < 14
    assert "letters are" in record["warning"]
    assert "less than the 14" in record["warning"]


def test_a_sentence_that_was_left_out_is_told():
    _, record = notice().apply(plain(1_500, 150, 90), scene_of(langs=("ja", "en")))
    assert record["text"] == NOTICES["ja"]
    assert "first of its sentences only" in record["warning"]
    assert "warning" not in notice().apply(plain(900, 600, 90), scene_of())[1]


@pytest.mark.parametrize("langs", [("ja",), ("en",), ("ja", "en")])
@pytest.mark.parametrize("size", [(1_600, 1_000), (900, 1_600), (400, 300), (120, 1_500)])
def test_a_footer_leaves_the_art_whole(size, langs):
    picture = busy(*size)
    result, record = notice(place="footer").apply(picture, scene_of(langs=langs))
    left, top, width, height = record["at"]
    assert np.array_equal(result.pixels[: size[1]], picture.pixels)
    assert (left, top, width, top + height) == (0, size[1], size[0], result.height)
    assert record["cap_at_600"] >= 14
    assert record["contrast"] == pytest.approx(measured(result, record), rel=0.1)
    assert record["contrast"] >= CONTRAST
    assert record["covers"] == 0
    assert "warning" not in record


@pytest.mark.parametrize("limits", [(1_000, None), (None, 400_000), (1_000, 300_000)])
def test_a_footer_stays_within_what_the_networks_keep_and_its_letters_as_large(limits):
    side, pixels = limits
    tall = replace(scene_of(), limits=(replace(LIMITS, side=side, pixels=pixels), LIMITS))
    result, record = notice(place="footer").apply(busy(700, 1_000), tall)
    assert max(result.width, result.height) <= (side or 2_000)
    assert result.width * result.height <= (pixels or 4e6)
    assert record["shrunk_to"] == [result.width, record["at"][1]]
    assert result.width / record["at"][1] == pytest.approx(0.7, rel=0.01)
    assert record["cap_at_600"] >= 14


def test_a_footer_below_art_cut_out_is_opaque_and_leaves_its_alpha():
    before = cut_out(700, 700)
    after, record = notice(place="footer").apply(before, scene_of())
    assert np.array_equal(after.alpha[:700], before.alpha)
    assert (after.alpha[700:] == 255).all()
    assert measured(after, record) >= CONTRAST


def test_a_footer_of_gray_art_has_no_colour():
    result, _ = notice(place="footer").apply(plain(700, 500, 77), scene_of())
    assert result.gray
    assert (result.pixels == result.pixels[..., :1]).all()


def test_words_that_nobody_could_see_are_refused():
    with pytest.raises(StepFailed, match="no character that can be seen"):
        notice(text="\u200b\u2060").apply(plain(900, 600, 60), scene_of())


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    both=st.booleans(),
    place=st.sampled_from(["auto", "footer"]),
)
def test_any_size_gives_a_notice_inside_the_picture_or_a_reason(width, height, both, place):
    picture = plain(width, height, 140)
    langs = ("ja", "en") if both else ("en",)
    try:
        result, record = notice(place=place).apply(picture, scene_of(langs=langs))
    except StepFailed:
        assert min(width, height) < 160
        return
    below = record["at"][3] if record["place"] == "footer" else 0
    assert result.pixels.shape == (height + below, width, 3)
    left, top, wide, tall = record["at"]
    across, down = result.width, result.height
    if record["turned"]:
        across, down = down, across
    assert left >= 0
    assert top >= 0
    assert left + wide <= across
    assert top + tall <= down
