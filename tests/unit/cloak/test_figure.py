"""The figure shows what was measured, at a size to look at, and says what it cannot show."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from PIL import Image, ImageFont

from postguard import language
from postguard.cloak import decoding, figure, grid
from postguard.cloak.architectures import UnknownWeights, _taef2_decoder
from postguard.cloak.encoders import load_encoders
from postguard.cloak.job import Measurement
from postguard.cloak.measure import Trial
from postguard.cloak.places import busiest, flattest
from postguard.protect.lettering import BUNDLED, Lettering
from postguard.system import extras
from tests.unit.cloak import tiny, tiny_diffusion

LOOKS = {"r": 0.123, "signs": -0.001, "shuffled": 0.02}
FOUND = {
    "encoders": ["taef2", "taesana"],
    "gains": {"style": {"bluesky": LOOKS, "mastodon": LOOKS}},
    "ssimulacra2": 65.2,
    "psnr": None,
    "largest_change": 4,
    "flat_largest": None,
    "flat_mean": None,
}


def trial(height: int = 96, width: int = 128) -> Trial:
    before = tiny.art(height, width)
    after = before ^ np.uint8(3)
    return Trial(before, after, {"style": tiny.art(48, 64, seed=7)})


def rows_of(asked: Measurement, shown: Trial) -> list[grid.Row]:
    encoders = load_encoders(asked.models, tiny.plain_cpu())
    redrawn = decoding.redrawn(asked, shown, encoders[0].device)
    return figure.rows(shown, list(decoding.seen(asked, shown, encoders)), redrawn)


def draw(asked: Measurement, shown: Trial, found: dict) -> str:
    encoders = load_encoders(asked.models, tiny.plain_cpu())
    return figure.draw(asked.figure, shown, found, list(decoding.seen(asked, shown, encoders)))


@pytest.fixture
def asked(tmp_path) -> Measurement:
    models = tiny.models(tmp_path / "models")
    tiny.save(models / "taef2_decoder.safetensors", _taef2_decoder(tiny.WIDTH, tiny.LATENT))
    return Measurement(
        before=tmp_path / "a.png",
        after=tmp_path / "b.png",
        targets=tmp_path,
        models=models,
        figure=tmp_path / "figure.png",
    )


def test_a_figure_is_one_whole_picture(asked):
    said = draw(asked, trial(), FOUND)
    assert said == str(asked.figure)
    with Image.open(said) as image:
        image.load()
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert image.width >= 900


def test_the_page_speaks_japanese_in_letters_that_the_font_of_the_package_has(asked):
    language.choose("ja")
    shown = rows_of(asked, trial(700, 1400))
    labels = [panel.label for row in shown[:-1] for panel in row.panels]
    said = [*figure.numbers(FOUND), *(row.head + row.words for row in shown), *labels]
    assert [text for text in said if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", text)] == []
    Lettering(lambda _characters: []).typeface("".join(said), "measure")  # raises for a gap


def test_japanese_has_no_spaces_and_is_wrapped_all_the_same():
    words = "クロークは鍵ではなく、この画像を使う手間を増やすものです。" * 3
    lines = grid._wrapped(words, ImageFont.truetype(BUNDLED, 20), 300)
    assert "".join(lines) == words
    assert len(lines) > 4
    assert not [line for line in lines if line.startswith(("、", "。"))]


def test_only_a_page_in_japanese_is_drawn_in_the_font_of_the_package(asked, monkeypatch):
    fonts = []
    page = grid.page
    monkeypatch.setattr(grid, "page", lambda *given: fonts.append(given[3]) or page(*given))
    for spoken in ("en", "ja"):
        language.choose(spoken)
        draw(asked, trial(), FOUND)
    assert fonts == [None, BUNDLED]


def test_the_difference_is_ten_times_as_strong_around_mid_gray(asked):
    shown = trial()
    (row, *_) = rows_of(asked, shown)
    before, after, difference = (np.asarray(panel.image).astype(int) for panel in row.panels)
    assert np.array_equal(before, shown.before)
    assert np.array_equal(after, shown.after)
    assert np.array_equal(difference, np.clip(128 + 10 * (after - before), 0, 255))


def test_a_large_picture_is_shrunk_whole_and_its_pixels_are_shown_beside(asked):
    shown = trial(700, 1400)
    whole, flat, busy, *_ = rows_of(asked, shown)
    assert {panel.image.size for panel in whole.panels} == {(640, 320)}
    assert {panel.image.size for row in (flat, busy) for panel in row.panels} == {(512, 512)}
    near = np.asarray(flat.panels[0].image)
    left, top = map(int, re.findall(r"\d+", flat.words))
    assert np.array_equal(near[::2, ::2], shown.before[top : top + 256, left : left + 256])
    assert np.array_equal(near[::2, ::2], near[1::2, 1::2])


def test_what_a_model_sees_is_decoded_by_the_decoder_of_the_same_kind(asked):
    """taesana has none here; taef2's own gives its latents back as a picture of the same size."""
    shown = trial(90, 130)
    seen = [row for row in rows_of(asked, shown) if row.head == "What a model sees"]
    assert len(seen) == 1
    assert "taef2" in seen[0].words
    before, after, difference = (np.asarray(panel.image) for panel in seen[0].panels)
    assert before.shape == shown.before.shape
    assert not np.array_equal(before, shown.before)
    assert not np.array_equal(before, after)
    assert difference.std() > 0


def test_a_decoder_with_other_latents_fits_no_encoder(asked):
    other = _taef2_decoder(tiny.WIDTH, tiny.LATENT + 1)
    tiny.save(asked.models / "taef2_decoder.safetensors", other)
    (seen,) = [row for row in rows_of(asked, trial()) if row.head == "What a model sees"]
    assert seen.panels == ()
    assert "no decoder" in seen.words


def test_a_damaged_decoder_is_named(asked):
    path = asked.models / "taef2_decoder.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnknownWeights, match="taef2_decoder"):
        rows_of(asked, trial())


def test_every_target_is_shown_by_its_mode(asked):
    shown = trial()
    two = dataclasses.replace(
        shown, targets={**shown.targets, "poison": np.zeros((9, 9, 3), np.uint8)}
    )
    goals = rows_of(asked, two)[-1]
    assert [panel.label for panel in goals.panels] == ["style", "poison"]
    assert np.asarray(goals.panels[1].image).max() == 0


def test_image_to_image_without_weights_says_what_to_get(asked):
    wants = dataclasses.replace(asked, prompt="a fox")
    with pytest.raises(
        UnknownWeights, match="Stable Diffusion.*" + re.escape(extras.install("sd"))
    ):
        rows_of(wants, trial())
    assert not asked.figure.exists()


def test_image_to_image_redraws_both_from_the_same_noise(asked):
    pytest.importorskip("transformers", reason="prompts need the extra sd")
    tiny_diffusion.save(asked.models / "sd")
    wants = dataclasses.replace(asked, prompt="a fox")
    same = trial(64, 64)
    same = dataclasses.replace(same, after=same.before)
    row = rows_of(wants, same)[-1]
    one, other = (np.asarray(panel.image) for panel in row.panels)
    assert one.shape == same.before.shape
    assert np.array_equal(one, other)
    assert not np.array_equal(one, same.before)


@pytest.mark.parametrize("size", [(1, 1), (5, 900), (700, 3)])
def test_odd_shapes_are_drawn_too(asked, size):
    draw(asked, trial(*size), FOUND | {"ssimulacra2": None})
    with Image.open(asked.figure) as image:
        assert min(image.size) > 500


def test_the_numbers_stand_with_their_controls_and_promise_nothing():
    said = " ".join(figure.numbers(FOUND))
    assert "style, behind Bluesky: what models read moved 12%" in said
    assert "random signs 0%" in said
    assert "shuffled 2%" in said
    assert "SSIMULACRA2 65.2" in said
    assert "PSNR" not in said
    assert "no lock" in said


def test_the_numbers_tell_a_rough_judge_from_encoders():
    assert "Measured on taef2, taesana. " in next(figure.numbers(FOUND))
    alone = next(figure.numbers(FOUND | {"encoders": ["surrogate"]}))
    assert alone.startswith("Measured on postguard's own encoder alone, which is a rough judge. ")


def test_the_flat_place_is_flatter_than_the_busy_one():
    """The picture's right half is rough."""
    pixels = tiny.art(256, 512)
    assert busiest(pixels, 128)[1].start >= 256
    assert flattest(pixels, 128)[1].stop <= 256 + 8


def test_a_place_never_leaves_the_picture():
    for size in ((1, 1), (3, 200), (130, 129)):
        for find in (flattest, busiest):
            rows, columns = find(tiny.art(*size), 64)
            assert tiny.art(*size)[rows, columns].shape[:2] == tuple(min(64, n) for n in size)


def test_a_long_line_breaks_and_widens_nothing():
    narrow = grid.page("title", ["word " * 5], [])
    long = grid.page("title", ["word " * 200], [])
    assert long.width == narrow.width
    assert long.height > narrow.height
