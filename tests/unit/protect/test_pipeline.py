"""The pipeline makes renditions, all of one base, or says in words why it made none."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from postguard.errors import BadPicture, Retryable, StepFailed
from postguard.imaging import Picture
from postguard.model import Artist, ArtworkOrder, Json, Limits, Progress, ProtectOrder
from postguard.networks import plain_words
from postguard.protect import pipeline
from postguard.protect.steps.registry import STEPS
from postguard.settings.recipes import ORDER
from postguard.system import files, wire

SEED = "5e" * 32
BSKY = Limits("bluesky:bsky.social/1", 300, 2000, 4, 1_000_000)
FEDI = Limits("mastodon", 500, 1500, 4, 20_000)
DOWNSCALE: dict[str, Json] = {"step": "downscale", "long_side": 64}


def art(path: Path, seed: int = 0) -> Path:
    values = np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def artwork(path: Path, position: int = 0) -> ArtworkOrder:
    return ArtworkOrder(position, path, hashlib.sha256(path.read_bytes()).hexdigest(), "狐", SEED)


@pytest.fixture
def order(tmp_path):
    return ProtectOrder(
        artworks=(artwork(art(tmp_path / "fox.png")),),
        recipe_name="default",
        recipe=(DOWNSCALE,),
        limits=(BSKY, FEDI),
        into=tmp_path / "made",
        artist=Artist("山田花子", "© 2026 山田花子"),
        max_megapixels=1,
    )


def run(order: ProtectOrder, engine: Any = None, tell: Callable[[Progress], None] | None = None):
    return pipeline.run(order, engine, 2026, tell or (lambda _: None))


class Rewriting:
    """A step of this test's own: does what its function does to the picture."""

    def __init__(self, change: Callable[[Picture, Any], tuple[Picture, dict[str, Json]]]) -> None:
        self._change = change

    def __call__(self, options: Any) -> Rewriting:
        return self

    def apply(self, picture: Picture, scene: Any) -> tuple[Picture, dict[str, Json]]:
        return self._change(picture, scene)


@pytest.fixture
def step(monkeypatch):
    """Put a function in the place of a registered step: a contributor's, with a fault."""

    def put(name: str, change: Callable[[Picture, Any], tuple[Picture, dict[str, Json]]]) -> None:
        monkeypatch.setitem(STEPS, name, Rewriting(change))

    return put


def test_every_step_of_the_recipes_is_registered():
    assert tuple(STEPS) == ORDER


def test_each_limits_gets_a_rendition_of_its_own(order):
    made = run(order)
    assert [r.fit for r in made] == [BSKY.fit, FEDI.fit]
    for rendition, limits in zip(made, order.limits, strict=True):
        data = rendition.path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == rendition.sha256
        assert len(data) == rendition.size <= limits.image_bytes
        assert Image.open(io.BytesIO(data)).size == (rendition.width, rendition.height)
        assert max(rendition.width, rendition.height) <= 64


def test_names_are_safe_for_files_and_never_shared(order):
    fits = ["a:b/c", "a/b:c", "..", "ABC", "x" * 300, "網"]
    limits = tuple(replace(BSKY, fit=fit) for fit in fits)
    made = run(replace(order, limits=limits))
    assert len({r.path for r in made}) == len(fits)
    assert all(r.path.parent == order.into and r.path.name.startswith("1-") for r in made)


def test_artworks_keep_their_positions(order, tmp_path):
    two = (artwork(art(tmp_path / "b.png", 2), 1), artwork(art(tmp_path / "a.png", 1), 0))
    made = run(replace(order, artworks=two, limits=(BSKY,)))
    assert [r.position for r in made] == [1, 0]
    assert [r.path.name[:2] for r in made] == ["2-", "1-"]


def test_steps_run_once_for_all_networks(order, step):
    """Two different cloaks of one picture could be averaged away."""
    seeds = []

    def change(picture, scene):
        seeds.append(scene.seed)
        return replace(picture, pixels=picture.pixels ^ 1), {}

    step("noise", change)
    run(replace(order, recipe=(DOWNSCALE, {"step": "noise"})))
    assert seeds == [bytes.fromhex(SEED)]


def test_a_file_is_not_told_as_saved_before_it_is(order):
    heard: list[Progress] = []
    asked = replace(order, recipe=(DOWNSCALE, {"step": "encode", "format": "png"}))
    made = run(asked, tell=heard.append)
    saved = [progress.note for progress in heard if progress.step == "encode" and progress.done]
    assert saved == [BSKY.fit, FEDI.fit]
    assert made[0].record["steps"][-1]["format"] == "png"


def test_progress_tells_each_step_in_order(order, step):
    def change(picture, scene):
        scene.on_fraction(0.5)
        return picture, {"note": "soft"}

    step("noise", change)
    heard: list[Progress] = []
    run(replace(order, recipe=(DOWNSCALE, {"step": "noise"})), tell=heard.append)
    assert [(p.step, p.done, p.fraction) for p in heard] == [
        ("downscale", False, None),
        ("downscale", True, 1.0),
        ("noise", False, None),
        ("noise", False, 0.5),
        ("noise", True, 1.0),
        *[("encode", False, None), ("encode", True, 1.0)] * 2,
    ]
    assert heard[4].note == "soft"


def test_fractions_come_with_what_is_left_of_their_step(order, step, monkeypatch):
    """Each step is judged by itself; what came before it was something else."""
    watch = itertools.count(step=10.0)  # patched: a clock that goes on by itself at every look
    monkeypatch.setattr(pipeline.time, "perf_counter", lambda: next(watch))

    def change(picture, scene):
        for fraction in (0.0, 0.25, 0.5):
            scene.on_fraction(fraction)
        return picture, {}

    step("noise", change)
    heard: list[Progress] = []
    run(replace(order, recipe=({"step": "noise"},), limits=(BSKY,)), tell=heard.append)
    told = [(p.fraction, p.seconds_left) for p in heard if p.step == "noise" and p.fraction]
    assert told == [(0.25, 30.0), (0.5, 20.0), (1.0, None)]


def test_the_record_tells_what_was_done_and_no_secret(order):
    (rendition,) = run(replace(order, limits=(BSKY,)))
    told = wire.dump(rendition)
    assert rendition.record["steps"][0]["step"] == "downscale"
    assert rendition.record["steps"][0]["to"] == [64, 48]
    assert rendition.record["encode"]["mime"] == rendition.mime
    assert SEED not in told
    assert order.artworks[0].sha256 not in json.dumps(dict(rendition.record))


def test_a_step_that_would_tell_its_seed_fails(order, step):
    step("noise", lambda picture, scene: (picture, {"seed": scene.seed.hex()}))
    with pytest.raises(StepFailed, match="secret seed"):
        run(replace(order, recipe=(DOWNSCALE, {"step": "noise"})))


def test_without_tags_nothing_is_said_in_the_file(order):
    (rendition,) = run(replace(order, limits=(BSKY,)))
    assert b"adobe" not in rendition.path.read_bytes()


def test_tags_are_in_every_rendition(order):
    for rendition in run(replace(order, recipe=(DOWNSCALE, {"step": "tags"}))):
        assert b"DMI-PROHIBITED-AIMLTRAINING" in rendition.path.read_bytes()


def test_a_file_that_was_changed_afterwards_is_not_protected(order):
    art(order.artworks[0].path, seed=9)
    with pytest.raises(StepFailed, match=r"fox\.png was changed"):
        run(order)


def test_a_file_that_is_gone_is_told(order):
    order.artworks[0].path.unlink()
    with pytest.raises(BadPicture, match="cannot be read"):
        run(order)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ((), "no step"),
        (({"step": "blur"},), "not a recipe"),
        (({"step": "downscale"},), "not a recipe"),
        (({"step": "tags"}, DOWNSCALE), "must come before"),
        ((DOWNSCALE, {"step": "cloak"}), "nothing on this PC can run it"),
    ],
)
def test_a_recipe_that_cannot_be_run_fails_before_anything_is_made(order, recipe, said):
    with pytest.raises(StepFailed, match=said):
        run(replace(order, recipe=recipe))
    assert not order.into.exists()


class NoModels:
    """An engine on a PC without models."""

    def available(self) -> str | None:
        return "there are no models; postguard models fetch"

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        raise AssertionError("never asked")


class Engine:
    """An engine that changes every pixel by one and measures what the test says."""

    def __init__(self, left: float) -> None:
        self.left = left
        self.compared: list[tuple[np.ndarray, np.ndarray]] = []
        self.asked: list[Mapping[str, Json]] = []

    def available(self) -> str | None:
        return None

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        with Image.open(source) as image:
            pixels = np.asarray(image)
        Image.fromarray(np.where(pixels < 255, pixels + 1, pixels)).save(target)
        Path(str(job["targets"]), "immunise.png").write_bytes(target.read_bytes())
        return {"device": "none"}

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        assert Path(str(asked["targets"]), "immunise.png").is_file()
        self.asked.append(asked)
        with Image.open(before) as one, Image.open(after) as other:
            assert one.format == other.format
            self.compared.append((np.asarray(one).astype(int), np.asarray(other).astype(int)))
        looks = {"r": self.left, "signs": 0.0, "shuffled": 0.0}
        return {"gains": {"immunise": {"bluesky": looks, "mastodon": looks}}}


CLOAK = {"step": "cloak"}


def test_each_finished_file_is_measured_beside_the_same_one_without_the_cloak(order):
    engine = Engine(0.2)
    made = run(replace(order, recipe=(DOWNSCALE, CLOAK)), engine)
    assert len(engine.compared) == len(made) > 1
    for rendition, (before, after) in zip(made, engine.compared, strict=True):
        assert rendition.record["measured"]["behind"] == {"immunise": 0.2}
        assert before.shape == after.shape
        assert 0 < np.abs(after - before).mean() < 3


def test_a_file_is_measured_behind_the_network_that_it_is_for_and_one_by_itself_behind_all(order):
    engine = Engine(0.2)
    itself = replace(BSKY, fit="file")
    run(replace(order, limits=(BSKY, FEDI, itself), recipe=(DOWNSCALE, CLOAK)), engine)
    behind = [asked["platforms"] for asked in engine.asked]
    assert behind == [["bluesky"], ["mastodon"], []]
    run(replace(order, limits=(itself,), recipe=(DOWNSCALE, CLOAK), brief=True), engine)
    assert engine.asked[-1]["platforms"] == ["bluesky", "mastodon"]


def test_what_the_cloak_of_a_post_changed_is_kept_once_for_all_its_files(order):
    """Networks share the cloak; the owner alone may read what takes it out again."""
    made = run(replace(order, recipe=(DOWNSCALE, CLOAK), post=7), Engine(0.2))
    names = {step["change"] for r in made for step in r.record["steps"] if "change" in step}
    kept = [p for p in order.into.iterdir() if p.suffix == ".png" and "cloak" in p.name]
    assert len(made) > len(kept) == 1
    assert {p.name for p in kept} == names
    assert kept[0].stat().st_mode & 0o777 == 0o600
    with Image.open(kept[0]) as image:
        change = np.asarray(image).astype(int) - 128
    assert change.shape == (made[0].height, made[0].width)
    assert set(np.unique(change)) <= {0, 1}  # as the engine changed it
    assert change.any()
    assert all(0 < r.record["measured"]["kept"] <= 1.1 for r in made)


def test_a_file_by_itself_leaves_no_change_behind(order):
    """Nobody will read it back, and with it the cloak could be taken out."""
    made = run(replace(order, recipe=(DOWNSCALE, CLOAK)), Engine(0.2))
    assert {p.name for p in order.into.iterdir()} == {r.path.name for r in made}


def test_a_cloak_too_weak_in_the_finished_file_makes_nothing_of_the_post(order):
    with pytest.raises(StepFailed, match=r"gained 0\.010"):
        run(replace(order, recipe=(DOWNSCALE, CLOAK)), Engine(0.01))
    assert list(order.into.iterdir()) == []


def test_an_engine_that_cannot_run_says_what_is_missing(order):
    with pytest.raises(StepFailed, match="models fetch"):
        run(replace(order, recipe=(DOWNSCALE, {"step": "cloak"})), NoModels())


def broken(picture, scene):
    raise ZeroDivisionError("division by zero")


def hungry(picture, scene):
    raise MemoryError


def misshapen(picture, scene):
    return replace(picture, pixels=picture.pixels[..., 0]), {}


def floating(picture, scene):
    return replace(picture, pixels=picture.pixels / 255), {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (broken, "ZeroDivisionError: division by zero"),
        (hungry, "more memory"),
        (misshapen, r"pixels are uint8 \(48, 64\)"),
        (floating, "pixels are float64"),
    ],
)
def test_whatever_breaks_in_a_step_names_the_step_and_makes_nothing(order, step, change, said):
    step("noise", change)
    with pytest.raises(StepFailed, match=said) as caught:
        run(replace(order, recipe=(DOWNSCALE, {"step": "noise"})))
    assert caught.value.step == "noise"
    assert list(order.into.iterdir()) == []


def test_our_own_errors_pass_as_they_are(order, step):
    def refuse(picture, scene):
        raise StepFailed("noise", "no")

    step("noise", refuse)
    with pytest.raises(StepFailed, match=r"^noise: no$"):
        run(replace(order, recipe=({"step": "noise"},)))


def test_a_file_that_comes_out_as_it_went_in_is_no_rendition(order, step, tmp_path):
    """The pipeline's own PNG, dropped again and protected by nothing, is written byte for byte."""
    step("noise", lambda picture, scene: (picture, {}))
    Image.new("RGB", (40, 40), (200, 80, 20)).save(tmp_path / "flat.png")
    flat = replace(order, recipe=({"step": "noise"},), limits=(BSKY,))
    (first,) = run(replace(flat, artworks=(artwork(tmp_path / "flat.png"),)))
    again = replace(flat, artworks=(artwork(first.path),), into=tmp_path / "again")
    with pytest.raises(StepFailed, match="left the file as it was"):
        run(again)


@pytest.mark.parametrize(
    "recipe",
    [
        ({"step": "encode"},),
        ({"step": "hidden"},),
        ({"step": "hidden"}, {"step": "encode", "format": "png"}),
    ],
)
def test_a_picture_that_no_step_protects_is_no_rendition(order, recipe):
    """It is only saved anew, or could not carry its mark: nothing unprotected is posted."""
    with pytest.raises(StepFailed, match="no step of it protects this picture"):
        run(replace(order, recipe=recipe))


def test_what_a_killed_run_left_behind_is_swept(order):
    (order.into / ".work-old").mkdir(parents=True)
    (order.into / ".work-old" / "cloak-in.png").write_bytes(b"unprotected")
    (order.into / ".ab12_3cd.tmp").write_bytes(b"x")
    made = run(order)
    assert sorted(order.into.iterdir()) == sorted(r.path for r in made)


def test_a_second_run_overwrites_the_first(order):
    first = {r.path: r.sha256 for r in run(order)}
    assert {r.path: r.sha256 for r in run(order)} == first


def test_steps_have_a_folder_for_temporary_files(order, step):
    def change(picture, scene):
        assert scene.work.parent == order.into
        (scene.work / "x").write_bytes(b"x")
        return picture, {}

    step("noise", change)
    made = run(replace(order, recipe=(DOWNSCALE, {"step": "noise"})))
    assert sorted(order.into.iterdir()) == sorted(r.path for r in made)


def test_marks_are_made_for_the_pixels_that_the_strictest_network_keeps(order):
    """Shrinking behind the steps would blur them, and a network would do it if we did not."""
    wide, strict = replace(BSKY, fit="wide", side=4000), replace(BSKY, fit="strict", pixels=2_000)
    made = run(replace(order, limits=(wide, strict), recipe=({"step": "noise"},)))
    assert {(r.width, r.height) for r in made} == {(51, 38)}
    assert [s["step"] for s in made[0].record["steps"]] == ["downscale", "noise"]


def full(picture: Picture, scene: Any) -> tuple[Picture, dict[str, Json]]:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_in_a_step_is_waited_for(order, step):
    """The picture is as good as before: nothing about it needs the artist."""
    step("noise", full)
    with pytest.raises(Retryable, match="the disk is full"):
        run(replace(order, recipe=(DOWNSCALE, {"step": "noise"})))


def test_a_disk_that_is_full_when_the_rendition_is_written_is_waited_for(order, monkeypatch):
    real = files.write_whole

    def write(path: Path, data: bytes, **options: Any) -> None:
        if path.parent == order.into:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data, **options)

    monkeypatch.setattr(files, "write_whole", write)
    with pytest.raises(Retryable, match="the disk is full"):
        run(order)
    assert list(order.into.iterdir()) == []


def test_a_recipe_that_limits_no_size_tells_what_the_posted_size_offers_to_training(order):
    pixels = np.full((1040, 1040, 3), 90, np.uint8)
    path = order.into.parent / "large.png"
    Image.fromarray(pixels).save(path, compress_level=0)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    large = replace(order.artworks[0], path=path, sha256=digest)
    wanted = replace(order, artworks=(large,), max_megapixels=2)
    roomy = replace(order.limits[0], image_bytes=9_000_000, pixels=None, side=None)
    tagged = replace(wanted, limits=(roomy,), recipe=({"step": "tags"},))
    (made,) = run(tagged)
    assert "1040 × 1040 pixels are enough to train on" in plain_words.done(made)[-1].words
    (small,) = run(
        replace(tagged, recipe=({"step": "downscale", "long_side": 900}, *tagged.recipe))
    )
    assert "train on" not in " ".join(line.words for line in plain_words.done(small))
