"""What is left of a picture's protection is measured on the file that is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from postguard.model import Json, Rendition
from postguard.networks.served.surviving import Job, measure, measured, sent
from tests.servers.static import StaticHost
from tests.unit.networks.served.making import LIMITS, RECIPE, protect, survives

IN_A_STRIP = (*RECIPE[:2], {"step": "notice", "place": "footer"})


@pytest.fixture(scope="module")
def made(original: Path) -> Rendition:
    """The fox with a watermark and a notice, as the pipeline writes it."""
    return protect(original, original.parent / "made")


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((500, 375), Image.Resampling.LANCZOS)


def unmarked(image: Image.Image, original: Path) -> Image.Image:
    """What was sent, with the original in place of the art above its strip."""
    with Image.open(original) as art:
        width = image.width
        image.paste(art.convert("RGB").resize((width, round(width * art.height / art.width))))
    return image


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(8))


def test_marks_survive_what_a_network_does_to_every_picture(
    host: StaticHost, made: Rendition, original: Path
) -> None:
    """Smaller and coded anew: not the file that was sent, and yet as good as all is there."""
    found = survives(host, sent("", made, original), smaller)
    assert (found.kind, found.width, found.height, found.same) == ("WebP", 500, 375, False)
    assert found.likeness is not None
    assert 50 < found.likeness < 95
    assert found.notice == pytest.approx(1, abs=0.1)
    assert found.watermark == pytest.approx(1, abs=0.15)


def test_the_very_file_that_was_sent_has_lost_nothing(
    host: StaticHost, made: Rendition, original: Path
) -> None:
    url = host.says(made.path.read_bytes(), Content_Type=made.mime)
    (found,) = measure(Job((sent(url, made, original),), 200))
    assert (found.same, found.notice, found.watermark) == (True, 1.0, 1.0)
    assert found.likeness == pytest.approx(100)
    assert (found.size, found.width) == (made.size, made.width)


def test_what_was_blurred_away_is_gone(host: StaticHost, made: Rendition, original: Path) -> None:
    found = survives(host, sent("", made, original), blurred)
    assert found.notice is not None
    assert found.notice < 0.5
    assert found.watermark is not None
    assert found.watermark < 0.5


def test_a_server_that_serves_the_unmarked_original_is_found_out(
    host: StaticHost, made: Rendition, original: Path
) -> None:
    url = host.says(original.read_bytes())
    (found,) = measure(Job((sent(url, made, original),), 200))
    assert found.watermark == pytest.approx(0, abs=0.1)
    assert found.notice is not None
    assert found.notice < 0.3


def test_above_a_strip_the_watermark_is_told_from_the_art(
    host: StaticHost, original: Path, tmp_path: Path
) -> None:
    """The original has no strip: laid over the whole file it would not lie on itself."""
    made = protect(original, tmp_path / "made", recipe=IN_A_STRIP)
    kept = survives(host, sent("", made, original), lambda image: image)
    bare = survives(host, sent("", made, original), lambda image: unmarked(image, original))
    assert kept.watermark == pytest.approx(1, abs=0.15)
    assert bare.watermark == pytest.approx(0, abs=0.1)


def test_a_notice_that_was_cut_out_is_gone_while_the_watermark_stays(
    host: StaticHost, made: Rendition, original: Path
) -> None:
    what = sent("", made, original)
    assert what.notice is not None
    left, top, width, height = what.notice

    def covered(image: Image.Image) -> Image.Image:
        image = image.copy()
        image.paste((90, 90, 90), (left, top, left + width, top + height))
        return image

    found = survives(host, what, covered, "JPEG")
    assert found.notice == pytest.approx(0, abs=0.1)
    assert found.watermark == pytest.approx(1, abs=0.15)


def test_without_the_original_nothing_is_said_of_the_watermark(
    host: StaticHost, made: Rendition, tmp_path: Path
) -> None:
    for gone in (None, tmp_path / "gone.png"):
        found = survives(host, sent("", made, gone), smaller)
        assert found.watermark is None
        assert found.notice is not None


def test_the_notice_is_found_where_the_step_turned_the_picture_and_the_file_was_shrunk(
    tmp_path: Path,
) -> None:
    """Its place in the record is that of the turned, larger picture."""
    rng = np.random.default_rng(0)
    tall = tmp_path / "tall.png"
    Image.fromarray(rng.integers(0, 256, (800, 64, 3), dtype=np.uint8)).save(tall)
    rendition = protect(tall, tmp_path / "made", replace(LIMITS, image_bytes=16_000), RECIPE[2:])
    steps = rendition.record["steps"]
    assert isinstance(steps, list)
    notice = next(s for s in steps if isinstance(s, dict) and s["step"] == "notice")
    assert notice["turned"]
    what = sent("", rendition, tall)
    assert what.notice is not None
    left, top, width, height = what.notice
    assert height > width
    with Image.open(rendition.path) as image, Image.open(tall) as before:
        assert image.size != (64, 800)
        ours = np.asarray(image.convert("L"), float)
        plain = np.asarray(before.convert("L").resize(image.size, Image.Resampling.BOX), float)
    inside = np.zeros(ours.shape, bool)
    inside[top : top + height, left : left + width] = True
    changed = np.abs(ours - plain)
    assert changed[inside].mean() > 2 * changed[~inside].mean()


@pytest.mark.parametrize("record", [{}, {"steps": None}, {"steps": [None, {"step": "notice"}]}])
def test_a_record_without_marks_has_none_to_measure(
    made: Rendition, record: dict[str, Json]
) -> None:
    what = sent("https://x", replace(made, record=record), None)
    assert (what.notice, what.watermark) == (None, None)


def test_a_picture_that_is_none_says_so(host: StaticHost, made: Rendition) -> None:
    url = host.says(b"\x89PNG but no more")
    (found,) = measure(Job((sent(url, made, None),), 200))
    assert not found.again
    assert "damaged" in found.problem or "not a picture" in found.problem


def test_a_picture_that_is_not_there_yet_is_asked_for_again(
    host: StaticHost, made: Rendition
) -> None:
    url = host.says(b"", 404)
    (found,) = measure(Job((sent(url, made, None),), 200))
    assert found.again
    assert "404" in found.problem


def test_a_protected_file_that_is_being_moved_is_looked_for_again(made: Rendition) -> None:
    gone = replace(made, path=made.path.with_name("gone.jpg"))
    (found,) = measure(Job((sent("https://x", gone, None),), 200))
    assert found.again


def test_a_tiny_picture_has_no_score_and_does_no_harm(host: StaticHost, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (3, 2), 80).save(path)
    dot = Rendition(0, "any", path, "00", "image/png", 3, 2, 70, {"steps": []})
    (found,) = measure(Job((sent(host.says(path.read_bytes()), dot, None),), 200))
    assert (found.problem, found.likeness, found.same) == ("", None, True)


def test_it_is_measured_in_a_process_of_its_own(
    host: StaticHost, made: Rendition, original: Path
) -> None:
    """The daemon gets numbers, never pixels."""
    url = host.says(made.path.read_bytes(), Content_Type=made.mime)
    job = Job((sent(url, made, original),), 200)
    assert measured(job) == measure(job)
