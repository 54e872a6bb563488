"""How strongly a drawing stands: as much as the floor allows, on the whole of any picture."""

from __future__ import annotations

import numpy as np
import pytest

from postguard.cloak.instant import holding
from postguard.cloak.instant.holding import hold
from postguard.cloak.instant.places import SIDE, by_strength
from postguard.cloak.instant.seeing import Promise, Seen, Sight, judge, judge_large
from postguard.cloak.instant.sheet import Sheet
from postguard.cloak.pixels import grown
from tests.unit.cloak import tiny

FLOOR = 65.0


def grain(height: int, width: int, size: float = 20.0) -> np.ndarray:
    """A change that is plainly seen."""
    rng = np.random.default_rng(0)
    return rng.uniform(-size, size, (height, width)).astype(np.float32)


def spent(sheet: Sheet, share: float, floor: float = FLOOR) -> float:
    return judge(Sight(sheet), Promise(floor))(share).spent


def test_what_was_seen_of_a_share_is_not_looked_at_again():
    sight = Sight(Sheet(tiny.art(64, 64), None, grain(64, 64)))
    plain, coded = sight(0.5)
    assert all(one is other for one, other in zip(sight(0.5), (plain, coded), strict=True))
    assert not np.array_equal(sight(0.25)[0], plain)


def test_the_windows_in_which_most_is_drawn_come_first():
    change = np.zeros((SIDE, 3 * SIDE), np.float32)
    change[:, SIDE : 2 * SIDE], change[:, 2 * SIDE :] = -9, 5
    places = by_strength(Sheet(np.zeros((SIDE, 3 * SIDE, 3), np.uint8), None, change))
    assert [columns.start for _, columns in places] == [SIDE, 2 * SIDE, 0]


def test_what_is_transparent_counts_as_not_drawn():
    alpha = np.full((SIDE, 2 * SIDE), 255, np.uint8)
    alpha[:, :SIDE] = 0
    sheet = Sheet(np.zeros((SIDE, 2 * SIDE, 3), np.uint8), alpha, grain(SIDE, 2 * SIDE))
    assert [columns.start for _, columns in by_strength(sheet)] == [SIDE, 0]


@pytest.mark.parametrize("size", [(SIDE, SIDE), (SIDE + 1, 3 * SIDE - 1), (1000, 1700)])
def test_windows_cover_a_picture_and_are_no_more_than_that_takes(size):
    covered = np.zeros(size, int)
    places = by_strength(Sheet(np.zeros((*size, 3), np.uint8), None, grain(*size)))
    for place in places:
        assert covered[place].shape == (SIDE, SIDE)
        covered[place] += 1
    assert covered.min() == 1
    assert len(places) == -(-size[0] // SIDE) * -(-size[1] // SIDE)


def test_windows_show_what_the_whole_shows_there():
    height, width = 2 * SIDE + 30, 2 * SIDE + 50
    alpha = np.random.default_rng(1).integers(0, 256, (height, width), dtype=np.uint8)
    sheet = Sheet(tiny.art(height, width), alpha, grain(height // 2, width // 2))
    place = slice(7, 7 + SIDE), slice(90, 90 + SIDE)
    part, whole = sheet.windows([place]).finished(0.7), sheet.finished(0.7)[place]
    middle = np.s_[4:-4, 4:-4]  # enlarging reads two pixels around
    assert np.abs(part[middle].astype(int) - whole[middle]).max() <= 1


def test_nothing_becomes_more_by_being_enlarged():
    """At a hard edge the enlarged plane overshot: a large cartoon was changed beyond its ceiling,
    and its post was held for a fault of postguard."""
    change = np.full((40, 40), -12, np.float32)
    change[:, 20:] = 12
    moved = Sheet(np.full((100, 90, 3), 128, np.uint8), None, change).finished(1.0)
    assert set(np.unique(moved)) >= {128 - 12, 128 + 12}
    assert np.abs(moved.astype(int) - 128).max() == 12


@pytest.mark.parametrize("degree", [0.9, 1.25, 2.0])
@pytest.mark.parametrize("first", [1.0, 0.5])
def test_the_largest_share_is_found_in_a_few_looks(degree, first):
    looks: list[float] = []

    def look(share: float) -> Seen:
        looks.append(share)
        return Seen(100 - share, 3.7 * share**degree)

    share, score = holding._searched(look, first, 0.97)
    assert 0.97 <= 3.7 * share**degree <= 1
    assert score == 100 - share
    assert len(looks) <= 4


def test_one_look_is_enough_where_all_of_it_may_be_seen():
    looks: list[float] = []

    def look(share: float) -> Seen:
        looks.append(share)
        return Seen(90.0, 0.3)

    assert holding._searched(look, 1.0, 0.97) == (1.0, 90.0)
    assert looks == [1.0]


def test_all_of_it_is_found_from_half_of_it():
    share, _ = holding._searched(lambda share: Seen(90.0, 0.3 * share), 0.5, 0.88)
    assert share == 1.0


@pytest.mark.parametrize("first", [1.0, 0.5])
def test_nothing_is_drawn_where_nothing_may_be_seen(first):
    assert holding._searched(lambda _: Seen(10.0, 5.0), first, 0.97) == (0.0, 100.0)


@pytest.mark.parametrize("whole", [10_000_000, 0])
def test_a_share_that_the_sample_found_too_large_is_repaired(whole, monkeypatch):
    """One window is searched, that in which most is drawn: the least is to be seen there. It is
    drawn in spots of 8 pixels: what is coarse is asked of the whole."""
    monkeypatch.setattr(holding, "_SAMPLED", SIDE**2)
    monkeypatch.setattr(holding, "_WHOLE", whole)
    side = 2 * SIDE
    pixels = np.full((side, side, 3), 128, np.uint8)
    pixels[:SIDE, :SIDE] = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3))
    change = grain(side // 8, side // 8, 12.0).repeat(8, 0).repeat(8, 1)
    change[:SIDE, :SIDE] *= 1.5
    sheet = Sheet(pixels, None, change)
    sample, _ = holding._searched(judge(Sight(holding._sample(sheet)), Promise(FLOOR)), 1.0, 0.97)
    held = hold(sheet, FLOOR)
    assert spent(sheet, sample) > 1.2
    assert 0.8 < spent(sheet, held.share) <= 1
    assert np.array_equal(held.pixels, sheet.finished(held.share))


def test_a_share_that_the_sample_found_too_small_is_enlarged(monkeypatch):
    monkeypatch.setattr(holding, "_SAMPLED", SIDE**2)
    change = grain(2 * SIDE, 2 * SIDE)
    change[SIDE:] = 0
    sheet = Sheet(tiny.art(2 * SIDE, 2 * SIDE), None, change)
    sample, _ = holding._searched(judge(Sight(holding._sample(sheet)), Promise(FLOOR)), 1.0, 0.97)
    assert spent(sheet, sample) < 0.8
    assert 0.88 <= spent(sheet, hold(sheet, FLOOR).share) <= 1


def test_a_very_large_picture_keeps_the_promise_too_and_says_what_it_was_asked():
    change = grain(7 * SIDE, 6 * SIDE)
    change[3 * SIDE :] = 0
    sheet = Sheet(tiny.art(7 * SIDE, 6 * SIDE), None, change)
    held = hold(sheet, FLOOR)
    assert held.over == "the whole picture, its finest detail over 5 squares of 256 px"
    assert 0.85 <= spent(sheet, held.share) <= 1
    assert hold(Sheet(tiny.art(40, 40), None, grain(40, 40)), FLOOR).over == "the whole picture"


@pytest.mark.parametrize("kept", [1, 2, 3, 6])
@pytest.mark.parametrize("alpha", [False, True])
def test_what_is_asked_small_is_about_what_the_whole_shows(kept, alpha):
    """However small the change is kept, and where a part of the picture is seen through."""
    height, width = 4 * SIDE, 3 * SIDE
    change = grain(-(-height // (kept * 3)), -(-width // (kept * 3)), 9.0)
    change = grown(change, (-(-height // kept), -(-width // kept)))
    seen = np.full((height, width), 255, np.uint8)
    seen[: SIDE // 2] = 0
    sheet = Sheet(tiny.art(height, width), seen if alpha else None, change)
    for share in (0.3, 1.0):
        found = judge_large(sheet, Sight(sheet), Promise(FLOOR))(share).spent
        assert 1 <= found / spent(sheet, share) <= 1.1


@pytest.mark.parametrize("share", [0.47, 0.48, 0.5, 0.53])
def test_where_a_step_is_there_or_not_it_is_asked_as_it_is_in_the_whole(share):
    """Flat colour, where every cell is moved by one at another share."""
    change = grown(grain(4 * SIDE // 12, 3 * SIDE // 12, 1.1), (4 * SIDE // 3, SIDE))
    sheet = Sheet(np.full((4 * SIDE, 3 * SIDE, 3), 130, np.uint8), None, change)
    found = judge_large(sheet, Sight(sheet), Promise(80.0))(share).spent
    assert 1 <= found / spent(sheet, share, 80.0) <= 1.1


def colours(height: int, width: int) -> dict[str, np.ndarray]:
    """Pictures with little room: pure colours, and screentone in black on white."""
    gray = tiny.art(height, width).mean(-1, keepdims=True)
    paint = np.clip(gray + np.random.default_rng(2).normal(0, 9, gray.shape), 0, 255)
    red, magenta = (paint * way for way in ((1, 0, 0), (1, 0, 1)))
    down, across = np.indices((height, width))
    tone = np.where((down % 6 - 3) ** 2 + (across % 6 - 3) ** 2 < 6, 0, 255)
    half = np.where(across[..., None] < width // 2, paint, (255, 0, 255))
    found = {"red": red, "magenta": magenta, "tone": tone[..., None].repeat(3, 2), "half": half}
    return {name: pixels.astype(np.uint8) for name, pixels in found.items()}


@pytest.mark.parametrize("name", ["red", "magenta", "tone", "half"])
@pytest.mark.parametrize("floor", [80.0, 65.0])
def test_where_a_channel_has_no_room_it_is_asked_as_it_is_in_the_whole(name, floor):
    """Pure red moved, and what green has no room for was asked: the floor was broken. Of black and
    white half of all steps are cut off, which made a cloak half as strong as it may be."""
    change = grown(grain(4 * SIDE // 12, 3 * SIDE // 12, 14.0), (4 * SIDE // 3, SIDE))
    sheet = Sheet(colours(4 * SIDE, 3 * SIDE)[name], None, change)
    for share in (0.4, 0.8):
        found = judge_large(sheet, Sight(sheet), Promise(floor))(share).spent
        assert 1 <= found / spent(sheet, share, floor) <= 1.25


def test_a_long_low_picture_is_looked_at_down_to_its_lower_edge():
    """Only its upper 256 rows were sampled, which were white: what is below broke the floor."""
    height, width = 2 * SIDE - 1, 22 * SIDE
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[SIDE:] = tiny.art(height - SIDE, width)
    change = grown(grain(height // 9, width // 9, 12.0), (height // 3, width // 3))
    sheet = Sheet(pixels, None, change)
    assert 0.8 <= spent(sheet, hold(sheet, FLOOR).share) <= 1
