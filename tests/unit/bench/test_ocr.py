"""The notice reads back in the 600 px that a feed shows, behind a platform, in both languages.

Tesseract wants letters of 30 px and more: what it is given is the notice's part of that view,
enlarged three times.
"""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ocr import ART, MOST, distance, posted, readings
from postguard.imaging import Picture

WORST = ["bluesky"]  # inside 1000 pixels: the least is left there; the bench asks all three


def models() -> set[str]:
    """What this tesseract can read."""
    if shutil.which("tesseract") is None:
        return set()
    asked = ["tesseract", "--list-langs"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    return set(told.stdout.split())


needs_a_reader = pytest.mark.skipif(
    not {"jpn", "eng"} <= models(), reason="tesseract with jpn and eng is not here"
)


def rough() -> Picture:
    """Brush strokes all over, so that no place is calm."""
    rng = np.random.default_rng(3)
    cells = rng.integers(0, 256, (40, 60, 3), np.uint8)
    pixels = cells.repeat(20, 0).repeat(20, 1)
    return Picture(pixels ^ rng.integers(0, 32, pixels.shape, np.uint8))


@needs_a_reader
@pytest.mark.parametrize(("langs", "place"), [("ja", "auto"), ("en", "footer")])
def test_it_is_read_on_the_roughest_ground(langs, place):
    (reading,) = readings("rough", rough(), place, langs, WORST)
    assert reading.share <= MOST, reading


@needs_a_reader
@pytest.mark.skipif(not ART.is_dir(), reason="../shared/art is not here")
@pytest.mark.parametrize("langs", ["ja", "en"])
def test_it_is_read_on_real_art(langs):
    (reading,) = readings("art", posted(ART / "safe-landing.jpg"), "auto", langs, WORST)
    assert reading.share <= MOST, reading


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_the_distance_counts_edits(one, other, third):
    assert distance(one, other) == distance(other, one)
    assert distance(one, third) <= distance(one, other) + distance(other, third)
    assert distance(one, one + "x") == 1
    assert (distance(one, other) == 0) == (one == other)
