"""The surrogate learns, goes on where it was stopped, and is written as the product loads it."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import torch

from postguard.cloak.encoders import load_encoder
from tests.unit.cloak import tiny
from tools.train import surrogate
from tools.train.surrogate import Lessons, Student, advance, alike, begun, losses, rate_at

SIDE, CROPS, POINTS = 32, 4, 3


@pytest.fixture
def lessons(tmp_path):
    """Two lessons made of noise, in the shapes of true ones but for the pictures' side."""
    for number in range(2):
        rng = np.random.default_rng(number)

        def drawn(*shape, rng=rng):
            return rng.normal(0, 1, shape).astype(np.float16)

        each = POINTS, CROPS
        np.savez(
            tmp_path / f"lesson-{number:05}.npz",
            x=rng.integers(0, 256, (*each, 3, SIDE, SIDE), dtype=np.uint8),
            flux=3 + drawn(*each, 32, SIDE // 8, SIDE // 8),
            sana=3 + drawn(*each, 32, 1, 1),
            quarter=drawn(*each, 64, SIDE // 4, SIDE // 4),
            flux_pull=drawn(*each, 3, SIDE, SIDE),
            sana_pull=drawn(*each, 3, SIDE, SIDE),
            flux_aim=drawn(CROPS, 32, SIDE // 8, SIDE // 8),
            sana_aim=drawn(CROPS, 32, 1, 1),
        )
    found = Lessons(tmp_path, torch.device("cpu"))
    found.look()
    return found


def wish(folder, steps=8, rate=2e-3):
    folder.mkdir(exist_ok=True)
    return argparse.Namespace(
        run=folder, steps=steps, rate=rate, seed=0, warm=None, at_once=1, minutes=60
    )


def test_the_losses_fall(lessons, tmp_path):
    asked = wish(tmp_path / "run", 100, rate=1e-2)
    run = begun(asked, torch.device("cpu"))
    totals = [
        float(sum(advance(run, lessons, asked, asked.steps).values()).detach()) for _ in range(10)
    ]
    assert np.mean(totals[-3:]) < 0.9 * np.mean(totals[:3])


@pytest.mark.parametrize("head", ["flux", "sana"])
def test_a_pull_is_learnt_by_all_that_its_head_reads_through(lessons, head):
    student = Student()
    losses(student, lessons.batch(np.random.default_rng(0)), head)["pull"].backward()
    moved = {name for name, p in student.net.named_parameters() if p.grad is not None}
    assert "0.weight" in moved
    assert any(name.startswith("10.branches.0") for name in moved) == (head == "flux")
    assert any(name.startswith("10.branches.1") for name in moved) == (head == "sana")


def test_pulls_are_learnt_only_once_the_student_sees_something(lessons, tmp_path):
    asked = wish(tmp_path / "run", 4)
    run = begun(asked, torch.device("cpu"))
    told = ["pull" in advance(run, lessons, asked, asked.steps) for _ in range(4)]
    assert told == [False, False, True, True]


def test_a_stopped_run_goes_on_as_if_it_had_not_been(lessons, tmp_path):
    whole, parts = wish(tmp_path / "whole"), wish(tmp_path / "parts")
    run = begun(whole, torch.device("cpu"))
    for _ in range(4):
        advance(run, lessons, whole, whole.steps)
    stopped = begun(parts, torch.device("cpu"))
    for _ in range(2):
        advance(stopped, lessons, parts, parts.steps)
    stopped.save(parts.run)
    again = begun(parts, torch.device("cpu"))
    assert again.step == 2
    for _ in range(2):
        advance(again, lessons, parts, parts.steps)
    for one, other in zip(run.average.parameters(), again.average.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_the_weights_are_loaded_by_the_product_and_give_what_was_trained(tmp_path):
    run = begun(wish(tmp_path / "run"), torch.device("cpu"))
    run.save(tmp_path / "run")
    encoder = load_encoder(tmp_path / "run" / "surrogate.safetensors", tiny.plain_cpu())
    x = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        latents, _ = run.average(x)
    seen = encoder(x)
    assert seen.shape == (1, 64, 8, 12)
    assert torch.allclose(seen[:, :32], latents["flux"], atol=0.02)
    assert torch.allclose(seen[:, 32:, ::4, ::4], latents["sana"], atol=0.02)


def test_lessons_that_are_kept_for_judging_are_never_learnt(tmp_path):
    for number in (14, 15, 16):
        (tmp_path / f"lesson-{number:05}.npz").touch()
    found = Lessons(tmp_path, torch.device("cpu"))
    found.look()
    assert [path.stem for path in found._kept] == ["lesson-00015"]
    assert [path.stem for path in found._learnt] == ["lesson-00014", "lesson-00016"]


def test_planes_are_alike_by_direction_alone():
    plane = torch.randn(2, 1, 16, 16)
    assert torch.allclose(alike(plane, 3 * plane, 1), torch.ones(2))
    assert torch.allclose(alike(plane, -plane, 2), -torch.ones(2))


def test_the_rate_rises_and_falls_to_next_to_nothing():
    rates = [rate_at(step, 1000, 1.0) for step in range(1000)]
    assert rates[0] < 0.05
    assert np.argmax(rates) == surrogate._WARM - 1
    assert rates[-1] < 0.02


def test_a_block_begins_as_little_more_than_its_shortcut():
    """Thirteen blocks in a row would otherwise begin by multiplying the picture's contrast."""
    torch.manual_seed(0)
    latents, trunk = Student()(torch.rand(2, 3, 64, 64))
    assert all(z.std() < 30 for z in (*latents.values(), trunk))


def test_a_step_may_learn_from_several_lessons_at_once(lessons):
    one, two = (lessons.batch(np.random.default_rng(0), count) for count in (1, 2))
    assert len(two.x) == 2 * len(one.x)
    x, _ = two.x.chunk(2)  # first points, then second ones of the same crops
    assert torch.equal(x[: len(one.x) // 2], one.x.chunk(2)[0])
    assert len(two.aims["flux"]) == len(two.latents["flux"]) == len(two.x)
