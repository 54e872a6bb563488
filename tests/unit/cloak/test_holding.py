"""The share of a change that is kept is the largest that meets the floor."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from postguard.cloak import holding
from postguard.cloak.device import CPU
from postguard.cloak.holding import _on_gpu, _search, hold
from postguard.cloak.platforms import Codec
from postguard.cloak.sheet import spread
from postguard.imaging.visibility import ssimulacra2
from tests.unit.cloak import tiny


def sheet_of(size: tuple[int, int], amount: float, ceiling: int):
    noise = torch.randn(1, 1, *size, generator=torch.Generator().manual_seed(0))
    change = (noise * amount / 255).repeat(1, 3, 1, 1)
    return spread(tiny.art(*size), None, change, ceiling / 255)


@pytest.mark.parametrize("amount", [1.5, 5, 30])
@pytest.mark.parametrize("floor", [80.0, 65.0, 45.0])
def test_the_floor_is_met_from_above_whatever_the_size_of_the_change(amount, floor):
    sheet = sheet_of((128, 160), amount, 60)
    finished, score = hold(sheet, floor)
    assert score == pytest.approx(worse(sheet.pixels, finished))
    most = worse(sheet.pixels, sheet.finished(3.0))
    assert floor <= score <= max(floor + 2, most + 2)


def worse(before, after):
    """As pixels, and as most posts are coded."""
    coded = [Codec("JPEG", 95, "4:4:4")(pixels) for pixels in (before, after)]
    return min(ssimulacra2(before, after), ssimulacra2(*coded))


def test_a_budget_that_ends_before_the_floor_is_used_whole():
    sheet = sheet_of((64, 64), 3, 2)
    finished, score = hold(sheet, 20.0)
    assert score > 22
    assert np.abs(finished.astype(int) - sheet.pixels).max() == 2


def test_a_picture_too_small_for_a_score_keeps_to_its_budget_alone():
    finished, score = hold(sheet_of((5, 40), 9, 4), 80.0)
    assert score is None
    assert finished.shape == (5, 40, 3)


@settings(deadline=None)
@given(
    slope=st.floats(1, 200), power=st.floats(0.6, 1.6), floor=st.sampled_from([45.0, 65.0, 80.0])
)
def test_the_search_never_ends_under_the_floor(slope, power, floor):
    found = _search(lambda s: 100 - slope * s**power, floor, 3.0, holding._FIRST)
    assert found.score >= floor
    assert found.score == pytest.approx(100 - slope * found.share**power)
    assert found.score <= floor + 2 or found.share > 2.9


def test_a_cliff_is_found_in_few_looks():
    """Flat colour: one step of 1 in 255 more, and the score falls by points."""
    looks = []

    def score(share: float) -> float:
        looks.append(share)
        return 82.6 - 0.1 * share if share < 0.91 else 79.9 - share

    found = _search(score, 80.0, 3.0, 0.93)
    assert 0.88 < found.share < 0.91 <= found.above
    assert len(looks) <= 6


def test_flat_colour_that_is_changed_by_one_or_not_at_all_is_changed_in_part():
    """A change of exactly 1 in 255 everywhere: its score has nothing between 100 and the cliff."""
    pixels = np.full((128, 160, 3), 120, np.uint8)
    signs = torch.randint(2, (1, 1, 128, 160), generator=torch.Generator().manual_seed(0)) * 2 - 1
    sheet = spread(pixels, None, (signs / 255).repeat(1, 3, 1, 1), 12 / 255)
    whole = worse(pixels, sheet.finished())
    finished, score = hold(sheet, (100 + whole) / 2)
    changed = float((finished != pixels).mean())
    assert 0.02 < changed < 0.9
    assert (100 + whole) / 2 <= score < 100


def test_at_a_cliff_the_blocks_that_get_the_larger_step_are_as_many_as_fit():
    """Two steps of 1 in 255 come a hair after one: what gets two stands beside what gets one."""
    pixels = np.full((256, 320, 3), 120, np.uint8)
    signs = torch.randint(2, (1, 1, 256, 320), generator=torch.Generator().manual_seed(0)) * 2 - 1
    sheet = spread(pixels, None, (signs * 1.6 / 255).repeat(1, 3, 1, 1), 24 / 255)
    one, two = (worse(pixels, sheet.finished(share)) for share in (0.9, 1.0))
    finished, score = hold(sheet, one - 0.7 * (one - two))
    amounts = np.abs(finished.astype(int) - pixels).max(2)
    assert set(np.unique(amounts)) == {1, 2}
    assert 0.4 < (amounts == 2).mean() < 0.9
    assert 0 <= score - (one - 0.7 * (one - two)) < 1


@pytest.mark.parametrize("size", [(64, 96), (131, 257)])
def test_a_gpu_scores_as_the_processor_does(size):
    before = tiny.art(*size)
    for amount in (1, 4, 12):
        noise = np.random.default_rng(amount).integers(-amount, amount + 1, before.shape)
        after = np.clip(before + noise, 0, 255).astype(np.uint8)
        true = ssimulacra2(before, after)
        assert true - 0.25 <= _on_gpu(before, CPU)(after) <= true


def test_a_picture_too_large_for_the_gpu_is_scored_on_the_processor(monkeypatch):
    def full(pixels, device):
        raise torch.OutOfMemoryError("CUDA out of memory")

    sheet = sheet_of((128, 160), 5, 60)
    monkeypatch.setattr(holding, "_on_gpu", full)  # no GPU is here to be filled
    finished, score = hold(sheet, 65.0, torch.device("cuda"))
    on_cpu, true = hold(sheet, 65.0)
    assert np.array_equal(finished, on_cpu)
    assert score == true
