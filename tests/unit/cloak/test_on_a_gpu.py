"""The way of a job over a GPU, on machines without one: nothing is left on the wrong side of it,
and nothing is asked of it while it works."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from postguard.cloak import decoding, figure
from postguard.cloak.cloaking import Room, Studio, cloak
from postguard.cloak.diffusion.pipeline import Pipeline, load
from postguard.cloak.encoders import ensemble
from postguard.cloak.job import Measurement
from postguard.cloak.measuring import compare, opened
from tests.unit.cloak import tiny, tiny_diffusion
from tests.unit.cloak.pretended import GPU, MixedDevicesError, pretended_gpu

WORDS = {"alt": "a cat on a roof", "tags": ("cat",)}
SIZE = 120, 168
STEPS = 6


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    return tiny.models(tmp_path_factory.mktemp("models"))


def studio(models: Path, device=GPU, **room: int) -> Studio:
    kept = dataclasses.replace(Room(whole=device.kind == GPU.kind), **room)
    return Studio(ensemble(models, device), lambda: 0.0, steps=STEPS, room=kept)


def task(folder: Path, size: tuple[int, int], *modes: str, alpha: bool = False):
    image = Image.fromarray(tiny.art(*size))
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(folder / "in.png")
    return tiny.job(
        modes=modes,
        floor=65.0,
        source=folder / "in.png",
        target=folder / "out.png",
        targets=folder,
        memory=folder / "style.json",
        **WORDS,
    )


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def test_a_tensor_of_the_cpu_beside_one_of_the_gpu_is_found():
    with pretended_gpu() as gpu:
        x = torch.rand(3, 4)
        far = x.to(GPU.torch)
        with pytest.raises(MixedDevicesError, match="add"):
            far + x
        assert float((far + far.mean().cpu()).sum()) > 0  # a single number may come along
        assert gpu.copies == {"up": 1, "down": 1, "asked": 1}


@pytest.mark.parametrize(
    ("modes", "room", "alpha"),
    [
        (["immunise"], {}, True),
        (["poison", "style"], {}, False),
        (["immunise"], {"work_pixels": 8_000, "tile": 140}, False),
    ],
    ids=["alpha", "stacked", "tiles"],
)
def test_a_job_on_a_gpu_changes_what_it_changes_on_a_cpu(models, tmp_path, modes, room, alpha):
    job = task(tmp_path, SIZE, *modes, alpha=alpha)
    known = cloak(job, studio(models, tiny.plain_cpu(), **room), lambda _: None)
    before, after = pixels(job.source), pixels(job.target)
    with pretended_gpu() as gpu:
        found = cloak(job, studio(models, **room), lambda _: None)
    assert gpu.launches > 1000
    assert found["device"] == GPU.name
    assert (found["steps"], found["tiles"]) == (known["steps"], known["tiles"])
    assert abs(found["ssimulacra2"] - known["ssimulacra2"]) < 1.5
    there, here = (after - before).ravel(), (pixels(job.target) - before).ravel()
    assert np.corrcoef(there, here)[0, 1] > 0.9


def test_nothing_is_asked_of_the_gpu_within_a_step(models, tmp_path):
    job, seen = task(tmp_path, SIZE, "style"), []
    with pretended_gpu() as gpu:
        there = studio(models, dataclasses.replace(GPU, bf16=True))
        cloak(job, there, lambda _: seen.append((gpu.launches, gpu.copies.total())))
    (launches, copies), _, (later, more) = (np.subtract(b, a) for a, b in pairwise(seen[:4]))
    assert copies == more == 0  # in the step between, a size is new
    # Launching takes the processor as long as the GPU computes: it was 2,600 for a step.
    assert max(launches, later) < 1200


def test_a_gpu_measures_what_a_cpu_measures(models, tmp_path):
    job = task(tmp_path, SIZE, "immunise")
    cloak(job, studio(models, tiny.plain_cpu()), lambda _: None)
    asked = Measurement(before=job.source, after=job.target, targets=tmp_path, models=models)
    known = compare(asked, opened(asked), ensemble(models, tiny.plain_cpu()), lambda _: None)
    with pretended_gpu():
        found = compare(asked, opened(asked), ensemble(models, GPU), lambda _: None)
    for platform, gain in known["gains"]["immunise"].items():
        assert found["gains"]["immunise"][platform] == pytest.approx(gain, abs=0.003)
    assert found["ssimulacra2"] == known["ssimulacra2"]


def test_a_page_that_shows_a_cloak_is_drawn_with_a_gpu(models, tmp_path):
    job = task(tmp_path, SIZE, "immunise")
    cloak(job, studio(models, tiny.plain_cpu()), lambda _: None)
    asked = Measurement(job.source, job.target, tmp_path, models, figure=tmp_path / "page.png")
    with pretended_gpu():
        encoders = ensemble(models, GPU)
        found = compare(asked, opened(asked), encoders, lambda _: None)
        seen = list(decoding.seen(asked, opened(asked), encoders))
        figure.draw(asked.figure, opened(asked), found, seen)
    assert pixels(asked.figure).shape[1] > SIZE[1]


@pytest.mark.parametrize("modes", [["immunise"], ["style"], ["poison"]], ids=lambda m: m[0])
def test_stable_diffusion_draws_and_leads_on_a_gpu(models, tmp_path, modes):
    # transformers builds on the device `meta` whatever it loads, so it is brought over afterwards
    pipeline = load(tiny_diffusion.save(tmp_path / "sd"), tiny.plain_cpu())
    job = dataclasses.replace(task(tmp_path, (96, 128), *modes), diffusion="always")
    with pretended_gpu() as gpu:
        there = dataclasses.replace(studio(models), pipeline=brought(pipeline), steps=2)
        record = cloak(job, there, lambda _: None)
    assert gpu.launches > 1000
    assert record["diffusion"]["pipeline"] == "sd"
    assert np.abs(pixels(job.target) - pixels(job.source)).max() <= job.ceiling


def brought(pipeline: Pipeline) -> Pipeline:
    readers = [pipeline.prompts.encoder] if pipeline.prompts else []
    for part in (pipeline.unet, pipeline.vae, *readers):
        part.to(GPU.torch)
    return dataclasses.replace(pipeline, blank=pipeline.blank.to(GPU.torch), device=GPU)
