"""The instant cloak behind the port: from file to file, with its target for whoever measures."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postguard.cloak.instant.drawing import cloak
from postguard.cloak.instant.engine import InstantEngine
from postguard.cloak.instant.painter import WEIGHTS
from postguard.errors import StepFailed
from tests.unit.cloak import tiny

CARD = Path(__file__).parents[4] / "docs" / "models.md"
SEED = "5eed" * 16


def engine(**change: object) -> InstantEngine:
    def measured(asked, before, after, on_step):
        return {"asked": dict(asked), "pair": [before.name, after.name]}

    return InstantEngine(measured, tick=iter([3.0, 4.25]).__next__, **change)


@pytest.fixture
def source(tmp_path) -> Path:
    image = Image.fromarray(tiny.art(70, 90))
    alpha = np.full((70, 90), 255, np.uint8)
    alpha[:30] = 0
    image.putalpha(Image.fromarray(alpha))
    path = tmp_path / "in.png"
    image.save(path)
    return path


def test_a_job_writes_the_picture_its_target_and_a_record(source, tmp_path):
    (tmp_path / "targets").mkdir()
    job = {"seed": SEED, "floor": 65.0, "ceiling": 24, "targets": str(tmp_path / "targets")}
    steps: list[float] = []
    record = engine().cloak(job, source, tmp_path / "out.png", steps.append)
    with Image.open(source) as before, Image.open(tmp_path / "out.png") as after:
        assert after.mode == "RGBA"
        assert np.array_equal(np.asarray(before)[..., 3], np.asarray(after)[..., 3])
        assert (np.asarray(before) != np.asarray(after)).any()
    with Image.open(tmp_path / "targets" / "instant.png") as target:
        assert target.size == (90, 70)
    assert record["seconds"] == 1.2
    assert SEED not in str(record)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


@pytest.mark.parametrize("name", ["o.png", "o.tif"])
def test_a_job_gives_what_the_function_gives(source, tmp_path, name):
    with Image.open(source) as image:
        picture = np.asarray(image)
    hidden = picture[..., :3] * (picture[..., 3:] > 0)  # what lies under alpha 0 is never kept
    engine().cloak({"seed": SEED, "floor": 65.0, "ceiling": 24}, source, tmp_path / name, id)
    expected = cloak(hidden, picture[..., 3], SEED, 65.0, 24).pixels
    with Image.open(tmp_path / name) as after:
        assert after.format == {"o.png": "PNG", "o.tif": "TIFF"}[name]
        assert np.array_equal(expected, np.asarray(after)[..., :3])


def test_measuring_is_handed_on(tmp_path):
    found = engine().measure({"targets": "t"}, tmp_path / "a.png", tmp_path / "b.png", id)
    assert found == {"asked": {"targets": "t"}, "pair": ["a.png", "b.png"]}


def test_a_damaged_installation_is_said_before_anything_is_drawn(source, tmp_path):
    broken = engine(weights=tmp_path / "instant.safetensors")
    assert "install postguard anew" in broken.available()
    with pytest.raises(StepFailed, match="missing"):
        broken.cloak({}, source, tmp_path / "out.png", id)
    assert engine().available() is None


def test_what_is_no_picture_fails_in_words(tmp_path):
    (tmp_path / "in.png").write_bytes(b"no picture")
    job = {"seed": SEED, "floor": 65.0, "ceiling": 24}
    with pytest.raises(StepFailed):
        engine().cloak(job, tmp_path / "in.png", tmp_path / "out.png", id)


def test_the_file_in_the_package_is_the_one_in_the_model_card():
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() in CARD.read_text("utf-8")
    assert WEIGHTS.stat().st_size < 1_500_000
