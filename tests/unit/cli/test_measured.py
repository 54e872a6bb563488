"""What is said of the numbers that `measure` found."""

from __future__ import annotations

import pytest

from postguard.cli.measured import lower_than_both


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
