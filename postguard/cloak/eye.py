"""How visible a change is, as a smooth number: SSIMULACRA2 in torch, for the optimiser's gradient.

The finished picture is judged by `imaging.visibility`; this is the same metric (same planes,
window and weights, so see there for its sources), differentiable, and asked twice: for the
picture at its size, and for the picture enlarged twice, as it is seen from half the distance.
The second costs nothing: with every pixel doubled, the scale s + 1 holds what the scale s holds
now, so the same features are weighed by the weights of the next scale (its finest scale, which
is only the doubled pixels, is left out).

Why twice: at its finest two scales SSIMULACRA2 hardly minds what is everywhere the same. An
optimiser that is led by it alone finds that gap within a few steps, and returns a plainly visible
weave of up to 58/255 at a score of 65.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from postguard.imaging.ssimulacra2.weights import CHANNELS, FEATURES, MAX_SCALES, weights_of
from postguard.imaging.visibility import SMALLEST
from postguard.imaging.visibility import error_at as error_at  # noqa: PLC0414  # told on

DEGREE = 1.25  # visibility grows about with this power of the size of a change
_SIGMA, _RADIUS = 1.5, 5
_C2 = 0.0009
_BIAS = 0.0037930732552754493  # this and the next: opsin_params.h of libjxl
_MIX = (
    (0.30, 0.622, 0.078),
    (0.23, 0.692, 0.078),
    (0.24342268924547819, 0.20476744424496821, 0.55180986650955360),
)
_NEGLIGIBLE = 0.02  # weights that cannot turn a gradient; a hundredth cannot turn a score
_TINY = 1e-24  # inside the fourth root, whose slope at 0 has no end


class Eye:
    """One unprotected picture, ready to be compared with candidates.

    Args:
        x: (1,3,H,W) in [0,1].
        exact: for a score, and not for a gradient: it is seen from one distance only, and no
            plane is left out that a score would show.
    """

    def __init__(self, x: Tensor, *, exact: bool = False) -> None:
        negligible = _NEGLIGIBLE / 100 if exact else _NEGLIGIBLE
        weights = _weights(min(x.shape[-2:])) * torch.tensor([[1.0], [0.0 if exact else 1.0]])
        self._weights = list(weights.to(x))
        self._known: list[_Known | None] = []
        with torch.no_grad():
            cones = _cones(x)
            for weights in self._weights:
                seen = [c for c in range(CHANNELS) if float(weights[c].max()) > negligible]
                channels = slice(seen[0], seen[-1] + 1) if seen else None
                self._known.append(_known(cones, channels) if channels else None)
                cones = _halved(cones)

    def errors(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return (far, both) of `y`, shaped as the picture: the weighted sum that SSIMULACRA2
        turns into its score, and the mean of it and the one from half the distance.

        A picture with a side under 8 px has no score: both are 0.
        """
        cones, sums = _cones(y), y.new_zeros(2)
        for known, weights in zip(self._known, self._weights, strict=True):
            if known is not None:
                sums = sums + (weights[known.channels] * known.features(cones)).sum((0, 2))
            cones = _halved(cones)
        return sums[0], sums.mean()


@dataclass(frozen=True, slots=True)
class _Known:
    """Planes (1,n,h,w) of the unprotected picture at one scale, their local mean and variance."""

    channels: slice
    plane: Tensor
    mean: Tensor
    variance: Tensor

    def features(self, cones: Tensor) -> Tensor:
        """Return (n,1,6): the six features of each channel, in the order of the weights.

        Written in the difference of the two pictures, which stays exact where they are alike.
        """
        other = _xyb(cones)[:, self.channels]
        change = other - self.plane
        planes = torch.cat([change, change * change, other * other], 1)
        shift, energy, square = _blur(planes).chunk(3, 1)
        moved, light = self.mean + shift, shift * shift
        spread = square - moved * moved + self.variance + _C2
        structure = (light + (energy - light) / spread * (1 - light)).clamp_min(0)
        edges = (1 + (other - moved).abs()) / (1 + (self.plane - self.mean).abs()) - 1
        maps = torch.stack([structure, edges.clamp_min(0), (-edges).clamp_min(0)])[:, 0]
        means = maps.mean((-2, -1))
        norms = ((maps**4).mean((-2, -1)) + _TINY) ** 0.25
        return torch.cat([means, norms]).T[:, None]


def _known(cones: Tensor, channels: slice) -> _Known:
    plane = _xyb(cones)[:, channels]
    mean = _blur(plane)
    return _Known(channels, plane, mean, _blur(plane * plane) - mean * mean)


def _weights(short: int) -> Tensor:
    """Return (scale,channel,2,6): six weights at the picture's size, and at twice that size."""
    count = sum(-(-short >> scale) >= SMALLEST for scale in range(MAX_SCALES))
    if count == 0:
        return torch.zeros(0, CHANNELS, 2, FEATURES)
    far, near = weights_of(count), weights_of(min(count + 1, MAX_SCALES))
    closer = np.zeros_like(far)
    closer[:, : near.shape[1] - 1] = near[:, 1 : count + 1]
    return torch.from_numpy(np.stack([far, closer], 2).swapaxes(0, 1)).float()


def _cones(x: Tensor) -> Tensor:
    """Long, middle and short (1,3,H,W), with their bias, of sRGB in [0,1] (IEC 61966-2-1)."""
    curved = ((x.clamp_min(0.01) + 0.055) / 1.055) ** 2.4
    light = torch.where(x <= 0.04045, x / 12.92, curved)  # noqa: PLR2004  # the standard's knee
    return torch.einsum("ij,bjhw->bihw", _mix(x.device), light) + _BIAS


def _xyb(cones: Tensor) -> Tensor:
    """(1,3,h,w) cones -> X, Y, B."""
    long, middle, short = (cones.clamp_min(1e-6) ** (1 / 3)).unbind(1)
    dark = math.pow(_BIAS, 1 / 3)
    luma = (long + middle) / 2 - dark
    return torch.stack([(long - middle) * 7 + 0.42, luma + 0.01, short - dark - luma + 0.55], 1)


def _halved(cones: Tensor) -> Tensor:
    return functional.avg_pool2d(cones, 2, ceil_mode=True)


def _blur(x: Tensor) -> Tensor:
    """Gaussian window; mirrored above and below, zero at the sides, as in the package."""
    n, taps = x.shape[1], _taps(x.device)
    # Joined, and not padded: on a GPU the gradient of `pad` adds up in any order.
    above, below = x[..., 1 : _RADIUS + 1, :].flip(-2), x[..., -_RADIUS - 1 : -1, :].flip(-2)
    tall = torch.cat([above, x, below], -2)
    down = functional.conv2d(tall, taps.view(1, 1, -1, 1).expand(n, 1, -1, 1), groups=n)
    across = taps.view(1, 1, 1, -1).expand(n, 1, 1, -1)
    return functional.conv2d(down, across, padding=(0, _RADIUS), groups=n)


# What is brought to a GPU anew waits for all that it is still doing: both are kept there.
@functools.lru_cache(maxsize=4)
def _mix(device: torch.device) -> Tensor:
    return torch.tensor(_MIX, device=device)


@functools.lru_cache(maxsize=4)
def _taps(device: torch.device) -> Tensor:
    steps = torch.arange(-_RADIUS, _RADIUS + 1, dtype=torch.float32)
    bell = torch.exp(-0.5 * (steps / _SIGMA) ** 2)
    return (bell / bell.sum()).to(device)
