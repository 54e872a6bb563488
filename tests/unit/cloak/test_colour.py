"""Colour goes along with luma: less, coarser, and not where the picture has none."""

from __future__ import annotations

import pytest
import torch

from postguard.cloak.colour import SHARE, by_planes, colour_share, in_channels

RED = torch.tensor([0.8, 0.3, 0.2]).view(1, 3, 1, 1).expand(1, 3, 24, 40)
GRAY = torch.full((1, 3, 24, 40), 0.5)


def share(x: torch.Tensor, limit: float) -> torch.Tensor:
    return colour_share(x, torch.full((1, 1, 24, 40), limit / 255))


def noise(seed: int) -> torch.Tensor:
    return torch.randn(1, 3, 24, 40, generator=torch.Generator().manual_seed(seed))


def test_colour_moves_where_the_picture_has_colour_and_room_for_a_step():
    assert (share(RED, 10) == SHARE).all()
    assert (share(RED, 2) == 0).all()
    assert (share(GRAY, 10) == 0).all()


def test_ink_and_paper_beside_colour_stay_gray():
    page = torch.cat([GRAY[..., :20], RED[..., :20]], -1)
    found = share(page, 10)
    assert (found[..., :18] == 0).all()
    assert (found[..., 20:] == SHARE).all()


def test_a_step_without_colour_is_the_same_in_all_channels():
    found = in_channels(noise(0), torch.zeros(1, 1, 24, 40))
    assert torch.equal(found[:, :1].expand_as(found), found)


def test_a_slope_of_luma_alone_has_no_colour():
    slope = noise(0)[:, :1] * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    assert torch.allclose(by_planes(slope)[:, 1:], torch.zeros(1, 2, 24, 40), atol=1e-5)


@pytest.mark.parametrize("size", [(24, 40), (23, 39), (1, 1)])
def test_colour_is_the_same_in_squares_of_two_pixels(size):
    found = by_planes(noise(1)[..., : size[0], : size[1]])[:, 1:]
    assert found.shape[-2:] == size
    assert torch.equal(found[..., ::2, ::2], _shifted(found)[..., ::2, ::2])


def _shifted(planes: torch.Tensor) -> torch.Tensor:
    """Each pixel's neighbour below and to the right, where there is one."""
    found = planes.clone()
    found[..., :-1, :-1] = planes[..., 1:, 1:]
    return found


def test_the_steps_by_planes_go_down_the_slope_by_channels():
    slope = noise(2)
    steps = by_planes(slope).sign()
    both, luma = (in_channels(steps, share(x, 10)) for x in (RED, GRAY))
    assert float((slope * both).sum()) > 1.2 * float((slope * luma).sum())
