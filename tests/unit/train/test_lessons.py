"""A lesson holds what the teachers say along short attacks, and is the same for its number."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.cloak import tiny
from tools.train import lessons
from tools.train.lessons import FLUX, SANA, Teachers


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    found = {e.name: e for e in tiny.encoders(tmp_path_factory.mktemp("weights") / "weights")}
    return Teachers(found[FLUX], found[SANA])


@pytest.fixture(scope="module")
def lesson(teachers):
    return lessons.lesson(0, 4, teachers, None)


def test_a_lesson_follows_from_its_seed_and_number(teachers, lesson):
    again = lessons.lesson(0, 4, teachers, None)
    assert all(np.array_equal(again[name], value) for name, value in lesson.items())


def test_the_latents_are_what_the_teachers_see_in_the_pixels_that_are_kept(teachers, lesson):
    x = torch.from_numpy(lesson["x"][1]).float() / 255
    flux, quarter, sana = teachers.read(x)
    for name, seen in (("flux", flux), ("quarter", quarter), ("sana", sana)):
        assert np.allclose(lesson[name][1], seen.numpy(), atol=2e-3)


@pytest.mark.parametrize("name", ["flux_pull", "sana_pull"])
def test_pulls_are_of_one_size_and_lead_away_from_the_target(teachers, lesson, name):
    """They are gradients of the distance: a step against them brings the latents nearer."""
    pulls = torch.from_numpy(lesson[name][0]).float()
    assert torch.allclose(pulls.pow(2).mean((1, 2, 3)), torch.ones(len(pulls)), atol=0.01)
    x = torch.from_numpy(lesson["x"][0]).float() / 255
    encoder = teachers.flux if name == "flux_pull" else teachers.sana
    aim = torch.from_numpy(lesson[name.replace("pull", "aim")]).float()
    far = [(encoder(x + k * pulls) - aim).pow(2).flatten(1).sum(1) for k in (0, -1e-4)]
    assert (far[1] < far[0]).all()


def test_a_student_leads_half_of_the_steps_where_one_is_given(teachers, lesson):
    led = lessons.lesson(0, 4, teachers, teachers.sana)
    assert np.array_equal(led["x"][0], lesson["x"][0])
    assert not np.array_equal(led["x"][1], lesson["x"][1])
