"""One suite for every Workshop: the child process of the daemon, and the one in this process."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from postguard.errors import BadPicture, StepFailed
from postguard.model import Artist, ArtworkOrder, Limits, Progress, ProtectOrder
from postguard.protect.workshop import ChildWorkshop, InProcessWorkshop


class StoppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@pytest.fixture(params=[ChildWorkshop, InProcessWorkshop])
def workshop(request):
    made = request.param(StoppedClock(), max_megapixels=1)
    yield made
    made.close()


@pytest.fixture
def fox(tmp_path):
    path = tmp_path / "狐.png"
    values = np.random.default_rng(1).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def order(fox, tmp_path):
    digest = hashlib.sha256(fox.read_bytes()).hexdigest()
    return ProtectOrder(
        artworks=(ArtworkOrder(0, fox, digest, "狐", "5e" * 32),),
        recipe_name="default",
        recipe=({"step": "downscale", "long_side": 64}, {"step": "tags"}),
        limits=(Limits("bluesky", 300, 2000, 4, 1_000_000),),
        into=tmp_path / "made",
        artist=Artist("山田花子", "© 2026 山田花子"),
    )


def test_inspect_tells_digest_and_size(workshop, fox):
    found = workshop.inspect(fox)
    assert (found.width, found.height, found.kind) == (120, 90, "PNG")
    assert found.sha256 == hashlib.sha256(fox.read_bytes()).hexdigest()


def test_a_bad_picture_is_told_as_one_and_the_next_is_inspected(workshop, fox, tmp_path):
    bad = tmp_path / "half.png"
    bad.write_bytes(fox.read_bytes()[:2000])
    with pytest.raises(BadPicture, match="damaged"):
        workshop.inspect(bad)
    assert workshop.inspect(fox).width == 120


def test_the_limit_of_the_config_is_kept(workshop, tmp_path):
    Image.new("1", (2000, 2000)).save(tmp_path / "large.png")
    with pytest.raises(BadPicture, match="limit is 1"):
        workshop.inspect(tmp_path / "large.png")


def test_protect_makes_renditions_and_tells_its_progress_in_order(workshop, order):
    heard: list[Progress] = []
    (made,) = workshop.protect(order, heard.append)
    assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.sha256
    assert (made.width, made.height) == (64, 48)
    assert made.record["steps"][0]["to"] == [64, 48]
    assert [(p.step, p.done) for p in heard] == [
        (step, done) for step in ("downscale", "tags", "encode") for done in (False, True)
    ]


def test_a_failing_step_keeps_its_name_and_reason(workshop, order):
    with pytest.raises(StepFailed) as caught:
        workshop.protect(replace(order, recipe=()), lambda _: None)
    assert caught.value.step == "recipe"
    assert "no step" in caught.value.reason


def test_it_may_be_used_after_close(workshop, fox):
    workshop.close()
    assert workshop.inspect(fox).width == 120
    workshop.close()
    workshop.close()
    assert workshop.inspect(fox).width == 120
