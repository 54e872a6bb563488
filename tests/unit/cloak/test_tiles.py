"""Tiles cover the picture without a seam and keep to the sheet's limits."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from postguard.cloak import tiles
from postguard.cloak.attack import Schedule
from postguard.cloak.sheet import spread
from postguard.cloak.targets import Target
from postguard.cloak.tensors import to_tensor
from tests.unit.cloak import tiny

shifts = st.integers(0, tiles.SIDE - tiles.FADE - 1)


@settings(deadline=None, max_examples=60)
@given(size=st.tuples(st.integers(1, 1500), st.integers(1, 1500)), shift=st.tuples(shifts, shifts))
def test_every_pixel_may_move_in_some_tile_and_no_tile_is_huge(size, shift):
    reach = torch.zeros(size)
    for tile in tiles.tiles(size, shift):
        assert max(tile.size) <= tiles.SIDE + 2 * tiles.FADE
        window = tiles.window(tile, size)[0, 0]
        assert window.shape == tile.size
        assert 0 <= float(window.min()) <= float(window.max()) <= 1
        reach[tile.rows, tile.columns] += window
    assert float(reach.min()) > 0.95


def test_a_tile_stands_still_at_its_inner_borders_only():
    left = tiles.Tile(slice(0, 300), slice(0, 512))
    window = tiles.window(left, (300, 2000))[0, 0]
    assert float(window[:, -1].max()) < 0.01
    assert float(window[:, 0].min()) == 1


def test_passes_depend_on_the_size_alone_and_end_for_huge_pictures():
    counts = [tiles.passes(s) for s in ((1000, 1600), (2880, 5120), (12_000, 16_000))]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0
    assert counts[-1] == 0


def target(size):
    return Target("immunise", to_tensor(tiny.art(*size, seed=7)))


def test_a_tiles_target_is_its_part_of_the_whole_one(tmp_path):
    whole = target((96, 700))
    aim = tiles.Aim([whole], tiny.encoders(tmp_path), {})
    tile = tiles.Tile(slice(16, 80), slice(100, 400))
    (part,) = aim.of(tile, (96, 700))
    assert torch.allclose(part.image, whole.image[..., tile.rows, tile.columns], atol=1e-4)


def test_refining_moves_pixels_and_keeps_every_limit(tmp_path):
    encoders = tiny.encoders(tmp_path)
    pixels = tiny.art(96, 700)
    alpha = np.full((96, 700), 255, np.uint8)
    alpha[:40, :200] = 0
    sheet = spread(pixels, alpha, torch.zeros(1, 3, 48, 350), 8 / 255)
    aim = tiles.Aim([target((48, 350))], encoders, {})
    schedule = Schedule(1, 1e9, lambda: 0.0)
    done = tiles.refine(sheet, aim, schedule, Generator().manual_seed(4), lambda _: None)
    change = np.abs(sheet.finished().astype(int) - pixels)
    assert done >= 2
    assert change.max() in range(1, 9)
    assert (np.abs(sheet.d) <= sheet.limit).all()
    assert change[:40, :200].max() == 0
    assert (np.ptp(sheet.d, axis=0) > 1 / 255).any()


def test_refining_stops_when_the_time_is_up(tmp_path):
    encoders = tiny.encoders(tmp_path)
    sheet = spread(tiny.art(64, 700), None, torch.zeros(1, 3, 64, 700), 8 / 255)
    aim = tiles.Aim([target((64, 700))], encoders, {})
    schedule = Schedule(1, -1.0, lambda: 0.0)
    assert tiles.refine(sheet, aim, schedule, Generator(), lambda _: None) == 0
