"""What is said of the numbers that `measure` found."""

from __future__ import annotations

import pytest

from postguard.cli.measured import lines, lower_than_both


@pytest.mark.parametrize(
    ("cloaks", "said"),
    [
        ([0.8, 0.9], "Here that is so in every row."),
        ([0.8, 0.95], "Here that is so in 1 of 2 rows."),
        ([0.95, 0.99], "Here that is so in no row."),
    ],
)
def test_a_cloak_is_said_to_beat_its_controls_only_in_the_rows_where_it_does(
    cloaks: list[float], said: str
) -> None:
    """The lower control counts; as low as it is not lower."""
    chains = {
        chain: {"surrogate": {"r": r, "signs": 0.95, "shuffled": 0.98}}
        for chain, r in zip(("png", "half"), cloaks, strict=True)
    }
    assert lower_than_both({"instant": chains}) == said


@pytest.mark.parametrize(("psnr", "others"), [(26.1, False), (None, False), (5.7, True)])
def test_two_different_pictures_are_taken_for_what_they_are(
    psnr: float | None, others: bool
) -> None:
    look = {"r": 1.4, "signs": 1.0, "shuffled": 1.0}
    found = {
        "encoders": ["taef2"],
        "ratios": {"style": {"png": {"taef2": look}}},
        "gains": {"style": {"bluesky": {"r": -0.4, "signs": 0.0, "shuffled": 0.0}}},
        "ssimulacra2": None,
        "psnr": psnr,
        "largest_change": 200,
        "flat_largest": None,
        "flat_mean": None,
    }
    said = " ".join(" ".join(lines(found)).split())
    assert ("two different pictures" in said) is others
    assert ("Is the first file the one without the cloak" in said) is not others
