"""The gallery shows every look that a recipe can have, within the bytes that it may take."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from bench import gallery
from postguard.cloak.runner import LocalEngine
from postguard.imaging import Picture
from postguard.settings import steps

CELL = 60


@pytest.fixture
def fox() -> Picture:
    """A small picture with a soft ground."""
    ramp = np.linspace(40, 220, 320, dtype=np.uint8)
    return Picture(np.repeat(np.tile(ramp, (200, 1))[..., None], 3, axis=2))


def labels(step: str) -> list[str]:
    return [look.label for look in gallery.looks(cloak=True) if look.step == step]


def test_every_strength_and_preset_of_the_watermark_is_shown() -> None:
    strengths, presets = get_args(steps.MarkStrength), get_args(steps.MarkPreset)
    assert labels("watermark") == [*strengths, *(f"preset {name}" for name in presets)]


def test_a_sentence_is_shown_at_each_place_in_each_language_and_in_both() -> None:
    assert len(labels("notice")) == 2 * 3
    assert "footer, ja+en" in labels("notice")


def test_every_look_of_the_noise_is_shown_in_every_strength() -> None:
    assert len(labels("noise")) == len(set(labels("noise"))) == 3 * 3


def test_the_cloak_is_shown_when_asked_for_alone() -> None:
    assert labels("cloak") == ["low", "medium", "high"]
    assert "cloak" not in {look.step for look in gallery.looks(cloak=False)}


@pytest.mark.parametrize(
    "look",
    [look for look in gallery.looks(cloak=False) if look.step in {"downscale", "notice"}],
    ids=lambda look: f"{look.step} {look.label}",
)
def test_each_look_gives_a_whole_picture_and_a_part(look: gallery.Look, fox: Picture) -> None:
    whole, part = gallery.shown(look, "fox", fox, LocalEngine(None), CELL)
    assert max(whole.width, part.width) <= CELL
    assert max(whole.height, part.height) <= CELL
    assert len(look.seconds) == 1


def test_a_sheet_takes_no_more_bytes_than_it_may(tmp_path: Path) -> None:
    busy = Image.effect_noise((CELL, CELL), 80).convert("RGB")
    drawn = gallery.sheet({"clear": [busy] * 4, "sample": [busy] * 4}, CELL)
    gallery.save(drawn, tmp_path / "loose.jpg", 1_000_000)
    loose = (tmp_path / "loose.jpg").stat().st_size
    gallery.save(drawn, tmp_path / "tight.jpg", loose // 2)
    assert (tmp_path / "tight.jpg").stat().st_size <= loose // 2


def test_the_page_tells_what_was_measured_of_each_look() -> None:
    look = gallery.Look("noise", "grain, low", {}, 1600, [0.5, 1.5], [80.0, 81.0], [2.0, 3.0])
    said = gallery.section("noise", [look])
    assert "| grain, low | 80.5 | 2.50 | 1.00 |" in said
    assert "![noise](noise.jpg)" in said


def test_a_sheet_that_is_drawn_alone_leaves_the_rest_of_the_page() -> None:
    first = gallery.page("", ["## Watermark\n\nyesterday\n", "## Noise\n\nstays\n"])
    again = gallery.page(first, ["## Watermark\n\nnew\n", "## Hidden\n\nmore\n"])
    assert "yesterday" not in again
    assert [line[3:] for line in again.splitlines() if line.startswith("## ")] == [
        *("Watermark", "Noise", "Hidden"),
    ]
    assert gallery.page(again, []) == again


def test_the_japanese_page_has_the_figures_of_the_english_one() -> None:
    english = gallery.page("", ["## Noise\n\n| grain, low | 80.5 |\n", "## Grounds\n\nbare\n"])
    japanese = gallery.in_japanese(english, gallery.SIDE)
    assert "## ノイズ（noise）\n\n| grain, low | 80.5 |\n" in japanese
    assert "## 地\n\nbare\n" in japanese


@pytest.mark.parametrize("step", ["downscale", *gallery.VARIED])
def test_every_step_has_its_heading_in_japanese(step: str) -> None:
    page = gallery.page("", [f"## {step.capitalize()}\n\nthis\n"])
    assert f"（{step}）" in gallery.in_japanese(page, gallery.SIDE)


def test_the_page_of_the_docs_says_what_a_new_drawing_would_say() -> None:
    docs = gallery.ROOT / "docs" / "gallery"
    english = (docs / "README.md").read_text(encoding="utf-8")
    assert gallery.page(english, []) == english
    japanese = (docs / "README.ja.md").read_text(encoding="utf-8")
    assert gallery.in_japanese(english, gallery.SIDE) == japanese
