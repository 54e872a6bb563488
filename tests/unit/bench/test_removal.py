"""What a mark that is the same in every picture loses to an attacker, ours does not."""

from __future__ import annotations

import numpy as np
import pytest

from bench import collection, reading, removal
from bench import watermark as bench
from postguard.settings import steps

SIZE = (320, 240)


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    """A small collection, drawn by code."""
    images = list(collection.drawn(14, SIZE))
    options = steps.Watermark(step="watermark", text="© Fox", size=0.1)
    return bench.attack(images, options, by_hand=2)


def test_a_fixed_mark_is_erased_from_a_collection_and_ours_is_not(found: dict[str, float]) -> None:
    assert found["ours_db"] < 3
    assert found["fixed_db"] > 10


def test_the_attacker_that_follows_bends_can_erase_what_is_not_bent(
    found: dict[str, float],
) -> None:
    """Else what he does not win on ours would say nothing."""
    assert found["fixed_placed_db"] > found["ours_placed_db"] + 5


def test_a_plane_comes_back_from_its_slopes() -> None:
    rng = np.random.default_rng(3)
    plane = removal.blurred(rng.random((40, 60)), 3)
    across = np.diff(plane, axis=1, append=plane[:, -1:])
    down = np.diff(plane, axis=0, append=plane[-1:, :])
    back = removal._solved(across, down)
    assert np.abs(back - back.mean() - plane + plane.mean()).max() < 1e-9


def test_errors_are_counted_at_the_best_place() -> None:
    assert reading.wrong("| SAMPLE ,", "SAMPLE") == 0
    assert reading.wrong("SANPLE", "SAMPLE") == pytest.approx(1 / 6)
    assert reading.wrong("", "SAMPLE") == 1
