"""What is left of a cloak is told of the worst that was measured."""

from __future__ import annotations

import math

import pytest

from postguard.cloak.measure import gain

ONE, OTHER = {"taesd": {"r": 0.5}, "surrogate": {"r": 0.7}}, {"taesd": {"r": 0.9}}


def test_a_gain_is_of_the_copy_in_which_the_least_is_left():
    assert gain({"bluesky": ONE}) == 0.4
    assert gain({"bluesky": ONE, "mastodon": OTHER}) == 0.1
    assert gain({"bluesky": ONE, "mastodon": OTHER}, copies=("bluesky",)) == 0.4


@pytest.mark.parametrize("copies", [("bluesky", "mastodon"), ("mastodon", "bluesky")])
def test_what_is_no_number_in_one_copy_is_none_at_all(copies):
    """A cloak is judged by it: whatever is measured of another must not stand for it."""
    ratios = dict(zip(copies, (ONE, {"taesd": {"r": math.nan}}), strict=True))
    assert math.isnan(gain(ratios))
