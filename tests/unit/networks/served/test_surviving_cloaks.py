"""What is left of a cloak is measured on the file that is served, beside what it had changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from postguard.model import Rendition
from postguard.networks.served.surviving import Job, measure, sent
from tests.servers.static import StaticHost
from tests.unit.networks.served.making import LIMITS, Drawing, protect, survives

CLOAK = {"step": "cloak"}
SMALL = {"step": "downscale", "long_side": 480}
CLOAKED = (SMALL, {"step": "notice"}, CLOAK)
NOTHING = pytest.approx(0, abs=0.08)


@pytest.fixture(scope="module")
def made(original: Path) -> Rendition:
    """The fox with its marks and a cloak."""
    return protect(original, original.parent / "cloaked", recipe=CLOAKED, engine=Drawing())


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(4))


def test_the_file_that_was_sent_has_all_of_its_cloak(host: StaticHost, made: Rendition) -> None:
    url = host.says(made.path.read_bytes(), Content_Type=made.mime)
    (found,) = measure(Job((sent(url, made, None),), 200))
    assert found.cloak == pytest.approx(1)
    assert found.chance == NOTHING


def test_most_of_a_cloak_is_left_where_the_picture_was_coded_anew(
    host: StaticHost, made: Rendition
) -> None:
    found = survives(host, sent("", made, None), lambda image: image)
    assert found.cloak is not None
    assert 0.5 < found.cloak < 1
    assert found.chance == NOTHING


def test_a_smaller_size_takes_what_is_finer_than_its_pixels(
    host: StaticHost, made: Rendition
) -> None:
    def third(image: Image.Image) -> Image.Image:
        return image.resize((image.width // 3, image.height // 3), Image.Resampling.LANCZOS)

    whole = survives(host, sent("", made, None), lambda image: image)
    found = survives(host, sent("", made, None), third)
    assert found.cloak is not None
    assert whole.cloak is not None
    assert 0.1 < found.cloak < 0.6 * whole.cloak


def test_nothing_is_left_of_a_cloak_that_was_blurred_away(
    host: StaticHost, made: Rendition
) -> None:
    """Although it was drawn along lines of the art, which the blur takes away as well."""
    assert survives(host, sent("", made, None), blurred).cloak == NOTHING


def test_a_picture_without_its_cloak_has_nothing_of_it_however_it_was_blurred(
    host: StaticHost, made: Rendition, original: Path, tmp_path: Path
) -> None:
    bare = protect(original, tmp_path / "bare", recipe=CLOAKED[:-1])
    what = replace(sent("", made, None), path=made.path)
    for radius in (0, 1, 2, 6):
        with Image.open(bare.path) as image:
            image.load()
            found = survives(
                host, what, lambda _, i=image, r=radius: i.filter(ImageFilter.GaussianBlur(r))
            )
        assert found.cloak == NOTHING, radius


def test_what_the_encoding_took_of_a_cloak_is_not_found_in_a_picture_without_one(
    host: StaticHost, original: Path, tmp_path: Path
) -> None:
    """The file that was sent holds three quarters of it: the rest is no part of its art."""
    tight = replace(LIMITS, image_bytes=18_000)
    made = protect(original, tmp_path / "made", tight, CLOAKED, Drawing())
    bare = protect(original, tmp_path / "bare", tight, CLOAKED[:-1])
    what = sent("", made, None)
    assert 0.5 < what.kept < 0.9
    assert (bare.width, bare.height) == (made.width, made.height)
    with Image.open(bare.path) as image:
        image.load()
    assert survives(host, what, lambda _: image).cloak == NOTHING
    again = survives(host, what, lambda shown: shown, "JPEG").cloak
    assert again is not None
    assert again > 0.6


def test_a_crop_hides_where_the_cloak_lies(host: StaticHost, made: Rendition) -> None:
    def cropped(image: Image.Image) -> Image.Image:
        return image.crop((0, 0, image.width, image.height * 3 // 4))

    found = survives(host, sent("", made, None), cropped)
    assert (found.cloak, found.chance) == (None, None)


def test_the_cloak_is_found_in_a_file_that_was_shrunk_and_has_a_strip_below_the_art(
    host: StaticHost, original: Path, tmp_path: Path
) -> None:
    """The file of the change is as large as the picture was before it had to fit."""
    recipe = (SMALL, {"step": "notice", "place": "footer"}, {"step": "noise"}, CLOAK)
    tight = replace(LIMITS, image_bytes=9_000)
    made = protect(original, tmp_path / "made", tight, recipe, Drawing())
    what = sent("", made, None)
    assert what.change is not None
    with Image.open(what.change) as change:
        assert change.width > made.width
    found = survives(host, what, lambda image: image)
    assert found.cloak is not None
    assert found.cloak > 0.4
    assert survives(host, what, blurred).cloak == pytest.approx(0, abs=0.15)


def test_without_the_file_of_the_change_nothing_is_said(
    host: StaticHost, made: Rendition, original: Path, tmp_path: Path
) -> None:
    """It was made by an earlier version, or has no cloak, or somebody took the file away."""
    plain = protect(original, tmp_path / "plain", recipe=CLOAKED[:-1])
    assert sent("", plain, None).change is None
    gone = replace(sent("", made, None), change=tmp_path / "gone.png")
    for what in (sent("", plain, None), gone):
        found = survives(host, what, lambda image: image)
        assert (found.cloak, found.chance, found.problem) == (None, None, "")


def test_a_cloak_that_changed_next_to_nothing_cannot_be_followed(
    host: StaticHost, original: Path, tmp_path: Path
) -> None:
    made = protect(original, tmp_path / "made", recipe=CLOAKED, engine=Drawing(0.1))
    assert survives(host, sent("", made, None), lambda image: image).cloak is None
