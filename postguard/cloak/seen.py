"""The parts of SSIMULACRA2 in torch, each with its gradient written out.

torch's own gradient of them takes twice the time and memory: it keeps and fills a plane for each
operation, and a picture of 1600x1000 has planes that no cache holds. All work on planes
(1,n,h,w), in float32 or, for a test, in float64; `imaging.visibility` names the sources.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

_Row = tuple[float, ...]

_SIGMA, _RADIUS = 1.5, 5
_C2 = 0.0009
_BIAS = 0.0037930732552754493  # this and the next: opsin_params.h of libjxl
_MIX: tuple[_Row, ...] = (
    (0.30, 0.622, 0.078),
    (0.23, 0.692, 0.078),
    (0.24342268924547819, 0.20476744424496821, 0.55180986650955360),
)
_DARK = math.pow(_BIAS, 1 / 3)
_OPPONENT: tuple[_Row, ...] = (
    (7.0, -7.0, 0.0),
    (0.5, 0.5, 0.0),
    (-0.5, -0.5, 1.0),
)  # X, Y, B of the cubic roots
_RAISED: _Row = (0.42, 0.01 - _DARK, 0.55)
_KNEE, _FOOT, _SLOPE, _POWER = 0.04045, 0.055, 12.92, 2.4  # of sRGB's curve (IEC 61966-2-1)
_TINY = 1e-24  # inside the fourth root, whose slope at 0 has no end


def cones(x: Tensor) -> Tensor:
    """Long, middle and short, with their bias, of (1,3,H,W) sRGB in [0,1]."""
    light: Tensor = _Light.apply(x)  # type: ignore[no-untyped-call]  # so in its stubs
    return _mixed(light, _MIX, (_BIAS,) * 3)


def opponent(lit: Tensor, channels: slice) -> Tensor:
    """Cones (1,3,h,w) -> these of X, Y and B."""
    roots: Tensor = _CubicRoot.apply(lit)  # type: ignore[no-untyped-call]  # so in its stubs
    return _mixed(roots, _OPPONENT[channels], _RAISED[channels])


def local(plane: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance around each pixel."""
    mean = _blurred(plane)
    return mean, _blurred(plane * plane) - mean * mean


def features(other: Tensor, plane: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Return (n,6): how `other` differs from `plane`, whose local mean and variance these are.

    Mean, then 4-norm, of what is lost of the structure, of edges gained, of edges lost. Written
    in the difference of the two pictures, which stays exact where they are alike.
    """
    found: Tensor = _Features.apply(other, plane, mean, variance)  # type: ignore[no-untyped-call]
    return found


class _Light(Function):
    """sRGB in [0,1] -> linear light. By logarithms: a power takes three times as long."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401  # torch's own
        dark = x <= _KNEE
        base = x.clamp_min(_KNEE).add_(_FOOT).div_(1 + _FOOT)
        power = base.log().mul_(_POWER - 1).exp_()
        ctx.save_for_backward(dark, power)
        return torch.where(dark, x / _SLOPE, base.mul_(power))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:  # noqa: ANN401
        dark, power = ctx.saved_tensors
        return torch.where(dark, 1 / _SLOPE, power * (_POWER / (1 + _FOOT))).mul_(slope)


class _CubicRoot(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401
        root = x.clamp_min(1e-6).log_().div_(3).exp_()
        ctx.save_for_backward(root)
        return root

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:  # noqa: ANN401
        root: Tensor = ctx.saved_tensors[0]
        return slope / (root * root).mul_(3)


class _Features(Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        other: Tensor,
        plane: Tensor,
        mean: Tensor,
        variance: Tensor,
    ) -> Tensor:
        change = other - plane
        planes = torch.cat([change, change * change, other * other], 1)
        shift, energy, square = _blurred(planes).chunk(3, 1)
        moved, light = mean + shift, shift * shift
        spread = (square - moved * moved).add_(variance).add_(_C2)
        noise = (energy - light).div_(spread)
        structure = torch.addcmul(light, noise, 1 - light)
        away, own = other - moved, 1 / (1 + (plane - mean).abs_())
        edges = away.abs().add_(1).mul_(own).sub_(1)
        maps = torch.cat([structure, edges, -edges]).relu_()  # (3,n,h,w)
        squares = maps * maps
        norms = (squares.mul_(squares).mean((-2, -1)) + _TINY) ** 0.25
        ctx.save_for_backward(other, change, mean, moved, spread, noise, away, own, maps, norms)
        return torch.cat([maps.mean((-2, -1)), norms]).T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        other, change, mean, moved, spread, noise, away, own, maps, norms = ctx.saved_tensors
        to_means, to_norms = (slope.T / maps[0, 0].numel()).chunk(2)
        cubes = (maps * maps).mul_(maps).mul_(_everywhere(to_norms / norms**3))
        to_maps = cubes.add_(_everywhere(to_means)).mul_(maps > 0)
        shift = moved - mean  # saved, it would keep the two planes alive that it was cut from
        to_structure, to_edges = to_maps[:1], to_maps[1:2] - to_maps[2:]
        to_energy = torch.addcmul(to_structure, to_structure, shift * shift, value=-1)
        to_energy.div_(spread)
        to_light = torch.addcmul(to_structure, to_structure, noise, value=-1).sub_(to_energy)
        to_square = (to_energy * noise).neg_()
        to_away = to_edges.mul_(own).mul_(away.sign())
        to_shift = torch.addcmul(-to_away, moved, to_square, value=-2)
        to_shift.addcmul_(shift, to_light, value=2)
        back = _blurred_back(torch.cat([to_shift, to_energy, to_square], 1))
        to_change, to_changes, to_squares = back.chunk(3, 1)
        to_other = to_away.add_(to_change).addcmul_(change, to_changes, value=2)
        return to_other.addcmul_(other, to_squares, value=2), None, None, None


def _everywhere(numbers: Tensor) -> Tensor:
    return numbers[..., None, None]


def _blurred(planes: Tensor) -> Tensor:
    """Gaussian window; mirrored above and below, zero at the sides, as in the package."""
    # Joined, and not padded: on a GPU the gradient of `pad` adds up in any order.
    above = planes[..., 1 : _RADIUS + 1, :].flip(-2)
    below = planes[..., -_RADIUS - 1 : -1, :].flip(-2)
    tall = _laid(torch.cat([above, planes, below], -2))
    return _across(_down(tall, 0)).contiguous()


def _blurred_back(slope: Tensor) -> Tensor:
    """Return the gradient of `_blurred`: the same window, and what was mirrored folded back."""
    tall = _down(_across(_laid(slope)), 2 * _RADIUS).contiguous()
    found = tall[..., _RADIUS:-_RADIUS, :]
    found[..., 1 : _RADIUS + 1, :] += tall[..., :_RADIUS, :].flip(-2)
    found[..., -_RADIUS - 1 : -1, :] += tall[..., -_RADIUS:, :].flip(-2)
    return found


def _laid(planes: Tensor) -> Tensor:
    """Return it as the convolution reads it fastest."""
    if planes.device.type != "cpu":
        return planes
    return planes.contiguous(memory_format=torch.channels_last)


def _down(planes: Tensor, padding: int) -> Tensor:
    return _each(planes, _taps(planes.device).view(1, 1, -1, 1), (padding, 0))


def _across(planes: Tensor) -> Tensor:
    return _each(planes, _taps(planes.device).view(1, 1, 1, -1), (0, _RADIUS))


def _each(planes: Tensor, window: Tensor, padding: tuple[int, int]) -> Tensor:
    n = planes.shape[1]
    windows = window.to(planes.dtype).expand(n, -1, -1, -1)
    return functional.conv2d(planes, windows, padding=padding, groups=n)


def _mixed(planes: Tensor, rows: tuple[_Row, ...], raised: _Row) -> Tensor:
    mix, base = (_kept(values, planes.device).to(planes.dtype) for values in (rows, raised))
    return torch.einsum("ij,bjhw->bihw", mix, planes) + base.view(1, -1, 1, 1)


# What is brought to a GPU anew waits for all that it is still doing: it is kept there.
@functools.lru_cache(maxsize=16)
def _kept(values: tuple[_Row, ...] | _Row, device: torch.device) -> Tensor:
    return torch.tensor(values, device=device)


@functools.lru_cache(maxsize=4)
def _taps(device: torch.device) -> Tensor:
    steps = torch.arange(-_RADIUS, _RADIUS + 1, dtype=torch.float32)
    bell = torch.exp(-0.5 * (steps / _SIGMA) ** 2)
    return (bell / bell.sum()).to(device)
