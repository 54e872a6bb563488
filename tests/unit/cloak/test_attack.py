"""The optimiser falls, stays inside its budget, repeats itself by seed and keeps its time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Generator

from postguard.cloak.attack import Bounds, Found, Schedule, State, applied, attack, step
from postguard.cloak.budget import budget
from postguard.cloak.coding import Coder
from postguard.cloak.colour import colour_share
from postguard.cloak.eye import Eye, error_at
from postguard.cloak.patterns import halftone
from postguard.cloak.pull import Pull
from postguard.cloak.targets import Target
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.cloak.transforms import looks
from postguard.imaging.visibility import ssimulacra2
from tests.unit.cloak import tiny

CEILING = 8
SIZE = (64, 96)


def frozen() -> float:
    """A clock on which nothing takes time."""
    return 0.0


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    return tiny.encoders(tmp_path_factory.mktemp("models"))


LOOKS = looks(SIZE, 1e9)


def run(encoders, x, *, seed=1, schedule=None, floor=0.0, ceiling=CEILING) -> tuple[Pull, Found]:
    target = Target("immunise", halftone(Generator().manual_seed(seed)).draw(x))
    pull = Pull(encoders, x, [target])
    schedule = schedule or Schedule(10, 1e9, frozen)
    size = x.shape[-2], x.shape[-1]
    bounds = held(x, floor=floor, ceiling=ceiling, coder=Coder(x, size))
    return pull, attack(pull, bounds, looks(size, 1e9), schedule)


def held(x, *, floor=0.0, ceiling=CEILING, coder=None) -> Bounds:
    limit = budget(x, ceiling / 255)
    return Bounds(limit, Eye(x), error_at(floor), colour_share(x, limit), coder)


def test_the_ratio_falls_behind_the_worst_check(encoders):
    x = to_tensor(tiny.art(*SIZE))
    pull, found = run(encoders, x)
    assert pull.worst(x, LOOKS.checks()) == pytest.approx(1, abs=1e-4)
    assert found.worst == pytest.approx(pull.worst(applied(x, found.d), LOOKS.checks()))
    assert found.worst < 0.95
    shuffled = found.d.flatten()[torch.randperm(found.d.numel())].view_as(found.d)
    assert found.worst < pull.worst(applied(x, shuffled), LOOKS.checks()) - 0.03


class Counting:
    """An encoder that counts how often a step asks it for its slope."""

    def __init__(self, encoder) -> None:
        self.encoder = encoder
        self.name = encoder.name
        self.led = 0

    def __call__(self, x, *, fast=False):
        self.led += x.requires_grad
        return self.encoder(x, fast=fast)


def test_the_first_half_of_the_steps_is_led_by_the_leader_alone(encoders):
    x = to_tensor(tiny.art(*SIZE))
    heavy, leader = (Counting(encoder) for encoder in encoders)
    target = Target("immunise", halftone(Generator().manual_seed(1)).draw(x))
    pull = Pull([heavy], x, [target], leader=leader)
    attack(pull, held(x), LOOKS, Schedule(10, 1e9, frozen))
    assert (heavy.led, leader.led) == (5, 5)


def test_no_pixel_moves_further_than_its_budget_after_rounding(encoders):
    pixels = tiny.art(*SIZE)
    x = to_tensor(pixels)
    _, found = run(encoders, x)
    change = np.abs(to_pixels(applied(x, found.d)).astype(int) - pixels)
    limit = budget(x, CEILING / 255)[0, 0, :, :, None].numpy() * 255
    assert change.max() > 0
    assert (change <= np.rint(limit + 1e-4)).all()


def test_what_is_found_is_about_as_visible_as_the_floor_allows(encoders):
    pixels = tiny.art(96, 128)
    _, found = run(encoders, to_tensor(pixels), floor=80.0, ceiling=40)
    score = ssimulacra2(pixels, to_pixels(applied(to_tensor(pixels), found.d)))
    assert score == pytest.approx(80, abs=3)


def test_the_seed_decides_every_number(encoders):
    x = to_tensor(tiny.art(*SIZE))
    one, same, other = (run(encoders, x, seed=s)[1].d for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_colour_moves_too_where_there_is_colour(encoders):
    _, found = run(encoders, to_tensor(tiny.art(*SIZE)), ceiling=30)
    assert float((found.d.amax(1) - found.d.amin(1)).max()) > 1 / 255


def test_a_picture_that_is_its_target_stands_still(encoders):
    x = to_tensor(tiny.art(*SIZE))
    pull = Pull(encoders, x, [Target("immunise", x)])
    moved = step(pull, State(torch.zeros_like(x)), held(x), LOOKS.whole, 1.0).d
    assert float(moved.abs().max()) == 0


def test_where_nothing_is_changed_yet_there_is_nothing_to_look_at(encoders):
    x = to_tensor(tiny.art(*SIZE))
    pull = Pull(encoders, x, [Target("immunise", x.flip(-1))])
    first, looked = (
        step(pull, State(torch.zeros_like(x), unmoved=unmoved), held(x), LOOKS.whole, 1.0)
        for unmoved in (True, False)
    )
    assert torch.equal(first.d, looked.d)
    assert float(first.d.abs().max()) > 0


def test_a_gray_picture_stays_gray(encoders):
    gray = np.repeat(tiny.art(*SIZE)[..., :1], 3, axis=2)
    x = to_tensor(gray)
    _, found = run(encoders, x)
    assert np.ptp(to_pixels(applied(x, found.d)), axis=2).max() == 0


def test_a_short_time_gives_the_best_so_far_measured(encoders):
    clock = itertools.count(step=10.0)  # each look at the clock is ten seconds later
    schedule = Schedule(1000, 95.0, lambda: next(clock))
    _, found = run(encoders, to_tensor(tiny.art(*SIZE)), schedule=schedule)
    assert 1 <= found.steps < 12
    assert found.worst < 1


def test_no_time_at_all_gives_one_step_that_was_judged(encoders):
    clock = itertools.count(step=10.0)
    schedule = Schedule(1000, 0.0, lambda: next(clock))
    _, found = run(encoders, to_tensor(tiny.art(*SIZE)), schedule=schedule)
    assert found.steps == 1
    assert math.isfinite(found.worst)
    assert float(found.d.abs().max()) > 0


@pytest.mark.parametrize(
    ("done", "spent", "planned"),
    [(0, 0.0, 20), (1, 1.0, 20), (5, 50.0, 10), (5, 99.0, 5), (5, 400.0, 5)],
)
def test_the_plan_fits_the_steps_into_the_time(done, spent, planned):
    assert Schedule(20, 100.0, frozen).planned(done, spent) == planned
