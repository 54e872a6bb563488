"""A job goes from file to file, at any size, and its record says what was really reached."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

from postguard.cloak.anchors import NAMES
from postguard.cloak.cloaking import Room, Studio, cloak
from postguard.cloak.device import cpu
from postguard.cloak.diffusion.pipeline import Pipeline, load
from postguard.cloak.encoders import load_encoders
from postguard.cloak.job import Measurement
from postguard.cloak.measuring import compare, opened
from postguard.protect.steps.cloak import CEILINGS
from tests.unit.cloak import tiny, tiny_diffusion

CEILING = 8
SEED = "5eed" * 16


@pytest.fixture(scope="module")
def studio(tmp_path_factory) -> Studio:
    """Tiny encoders, few steps, and a working size so small that tiles are soon needed."""
    encoders = tiny.encoders(tmp_path_factory.mktemp("models"))
    return Studio(encoders, lambda: 0.0, steps=3, room=Room(work_pixels=40_000))


def run(
    studio: Studio,
    folder: Path,
    image: Image.Image,
    seed: str = SEED,
    *,
    floor: float = 0.0,
    ceiling: int = CEILING,
    kind: str = "png",
) -> tuple:
    source, target = folder / f"in.{kind}", folder / f"out.{kind}"
    image.save(source)
    job = tiny.job(
        ceiling=ceiling, floor=floor, seed=seed, source=source, target=target, targets=folder
    )
    fractions: list[float] = []
    record = cloak(job, studio, fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    with Image.open(target) as result:
        return result.copy(), record


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_file_is_of_the_kind_that_its_name_says(studio, tmp_path, mode):
    art = Image.fromarray(tiny.art(40, 56)).convert(mode)
    if mode == "RGBA":
        art.putalpha(200)
    png, tif = (run(studio, tmp_path, art, kind=kind)[0] for kind in ("png", "tif"))
    with Image.open(tmp_path / "out.tif") as written:
        assert written.format == "TIFF"
    assert tif.mode == mode
    assert np.array_equal(np.asarray(png), np.asarray(tif))


@pytest.mark.parametrize(
    "size", [(1, 1), (8, 8), (40, 5_000), (600, 2), (190, 240)], ids=lambda s: f"{s[0]}x{s[1]}"
)
def test_any_size_comes_back_changed_at_most_by_the_ceiling(studio, tmp_path, size):
    before = tiny.art(*size)
    result, record = run(studio, tmp_path, Image.fromarray(before))
    change = np.abs(np.asarray(result).astype(int) - before)
    assert result.mode == "RGB"
    assert change.max() <= CEILING
    assert record["encoders"] == ["taef2", "taesana"]
    with Image.open(tmp_path / "immunise.png") as drawn:
        assert drawn.mode == "RGB"
    if before.size > 3000:
        assert change.max() > 0


def test_the_seed_decides_the_bytes_and_stays_out_of_the_record(studio, tmp_path):
    image = Image.fromarray(tiny.art(190, 240))
    (one, record), (same, _), (other, _) = (
        run(studio, tmp_path, image, s) for s in (SEED, SEED, "0" * 64)
    )
    assert record["tiles"] > 0
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()
    assert "5eed" not in json.dumps(record)


def test_nothing_changes_under_alpha_zero_and_the_alpha_is_kept(studio, tmp_path):
    alpha = np.tile(np.linspace(-80, 255, 160).clip(0, 255).astype(np.uint8), (120, 1))
    image = Image.fromarray(tiny.art(120, 160))
    image.putalpha(Image.fromarray(alpha))
    result, _ = run(studio, tmp_path, image)
    pixels = np.asarray(result)
    assert np.array_equal(pixels[..., 3], alpha)
    assert pixels[alpha == 0][:, :3].max() == 0  # as imaging has made it
    shown = alpha > 0
    assert np.abs(pixels[..., :3].astype(int) - np.asarray(image)[..., :3])[shown].max() > 0


def test_a_gray_picture_stays_gray_through_tiles(studio, tmp_path):
    gray = Image.fromarray(np.repeat(tiny.art(190, 240)[..., :1], 3, axis=2))
    result, record = run(studio, tmp_path, gray)
    assert record["tiles"] > 0
    assert np.ptp(np.asarray(result), axis=2).max() == 0


@pytest.mark.parametrize("floor", [80.0, 65.0])
def test_the_floor_is_held_on_the_file_and_the_record_says_the_score(studio, tmp_path, floor):
    image = Image.fromarray(tiny.art(256, 280))
    _, record = run(studio, tmp_path, image, floor=floor, ceiling=40)
    for name in ("in", "out"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            picture.save(tmp_path / f"{name}.jpg", quality=95, subsampling="4:4:4")
    public = min(
        compute_ssimulacra2(str(tmp_path / f"in.{kind}"), str(tmp_path / f"out.{kind}"))
        for kind in ("png", "jpg")
    )
    assert floor - 0.5 <= public <= floor + 2
    assert record["ssimulacra2"] == pytest.approx(public, abs=0.5)


@pytest.mark.skipif(not (tiny.REAL.is_dir() and tiny.ART.is_dir()), reason="../shared is not here")
@pytest.mark.parametrize("name", ["safe-landing.jpg", "flying-konqui.png"])
def test_on_the_real_encoders_paintings_and_flat_cartoons_keep_the_floor_and_gain(tmp_path, name):
    with Image.open(tiny.ART / name) as image:
        small = image.convert("RGB").resize((image.width // 4, image.height // 4))
    left, top = (small.width - 160) // 2, (small.height - 160) // 2
    crop = small.crop((left, top, left + 160, top + 160))
    real = Studio(load_encoders(tiny.REAL, cpu()), lambda: 0.0, steps=12)
    _, record = run(real, tmp_path, crop, floor=65.0, ceiling=CEILINGS["medium"])
    files = (tmp_path / f"{name}.png" for name in ("in", "out", "immunise"))
    asked = Measurement(*files, tiny.REAL)
    measured = compare(asked, opened(asked), real.encoders, lambda _: None)
    for platform in ("bluesky", "mastodon"):
        for found in measured["ratios"]["immunise"][platform].values():
            assert found["r"] < min(found["signs"], found["shuffled"]) - 0.1
    assert min(g["r"] for g in measured["gains"]["immunise"].values()) > 0.25
    assert record["ssimulacra2"] >= 65


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Pipeline:
    """A tiny random Stable Diffusion, loaded by the real loading code."""
    folder = tiny_diffusion.save(tmp_path_factory.mktemp("sd"), words=False)
    return load(folder, tiny.plain_cpu())


@pytest.mark.parametrize("term", ["ace", "sds", "diffusionguard"])
def test_the_denoisers_term_leads_immunise_elsewhere_and_is_told(studio, pipeline, tmp_path, term):
    pixels = tiny.art(64, 96)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    job = tiny.job(source=tmp_path / "in.png", target=tmp_path / "out.png", term=term)
    without = dataclasses.replace(studio, steps=2)
    results = []
    for kind in (without, dataclasses.replace(without, pipeline=pipeline)):
        record = cloak(job, kind, lambda _: None)
        with Image.open(job.target) as image:
            results.append((np.asarray(image), record))
    (alone, _), (helped, record) = results
    assert not np.array_equal(alone, helped)
    assert np.abs(helped.astype(int) - pixels).max() <= CEILING
    assert record["diffusion"]["term"] == term
    assert str(tmp_path) not in json.dumps(record)


def test_the_denoiser_has_no_part_in_the_other_modes(studio, pipeline, tmp_path):
    Image.fromarray(tiny.art(64, 96)).save(tmp_path / "in.png")
    own = tmp_path / "anchors"
    own.mkdir()
    for name in NAMES:
        Image.fromarray(tiny.art(40, 40, seed=3)).save(own / f"{name}.png")
    job = tiny.job(
        modes=("poison",), source=tmp_path / "in.png", target=tmp_path / "out.png", anchors=own
    )
    bytes_of = []
    for kind in (studio, dataclasses.replace(studio, pipeline=pipeline)):
        cloak(job, kind, lambda _: None)
        bytes_of.append(job.target.read_bytes())
    assert bytes_of[0] == bytes_of[1]
