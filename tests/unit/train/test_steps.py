"""A training does as many steps as there is time for."""

from __future__ import annotations

import math

from tools.train.steps import planned


def test_all_steps_are_planned_until_it_is_known_what_they_take():
    assert planned(1000, 0, 19, 1.0, 2.0) == 1000


def test_then_as_many_as_there_is_time_for():
    assert planned(1000, 0, 100, 1.0, 2.0) == 200
    assert planned(150, 0, 100, 1.0, 2.0) == 150


def test_without_a_limit_all_are_done():
    assert planned(1000, 0, 100, 1.0, math.inf) == 1000


def test_a_run_that_goes_on_counts_the_steps_before_it():
    assert planned(1000, 300, 100, 1.0, 2.0) == 500
