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

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak import seen
from postguard.imaging.ssimulacra2.weights import CHANNELS, FEATURES, MAX_SCALES, weights_of
from postguard.imaging.visibility import SMALLEST
from postguard.imaging.visibility import error_at as error_at  # noqa: PLC0414  # told on

DEGREE = 1.25  # visibility grows about with this power of the size of a change
_NEGLIGIBLE = 0.02  # weights that cannot turn a gradient; a hundredth cannot turn a score


class Eye:
    """One unprotected picture, ready to be compared with candidates.

    Args:
        x: (1,3,H,W) in [0,1].
        exact: for a score, and not for a gradient: it is seen from one distance only, and no
            plane is left out that a score would show.
    """

    def __init__(self, x: Tensor, *, exact: bool = False) -> None:
        weights = _weights(min(x.shape[-2:])) * torch.tensor([[1.0], [0.0 if exact else 1.0]])
        self._weights = list(weights.to(x))
        self._known: list[_Known | None] = []
        with torch.no_grad():
            cones = seen.cones(x)
            for channels in _telling(weights, _NEGLIGIBLE / 100 if exact else _NEGLIGIBLE):
                self._known.append(_known(cones, channels) if channels else None)
                cones = _halved(cones)

    def errors(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return (far, both) of `y`, shaped as the picture: the weighted sum that SSIMULACRA2
        turns into its score, and the mean of it and the one from half the distance.

        A picture with a side under 8 px has no score: both are 0.
        """
        cones, sums = seen.cones(y), y.new_zeros(2)
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
        """Return (n,1,6): the six features of each channel, in the order of the weights."""
        other = seen.opponent(cones, self.channels)
        return seen.features(other, self.plane, self.mean, self.variance)[:, None]


def _known(cones: Tensor, channels: slice) -> _Known:
    plane = seen.opponent(cones, channels)
    return _Known(channels, plane, *seen.local(plane))


def _telling(weights: Tensor, negligible: float) -> list[slice | None]:
    """Return, for each scale, the channels whose weight counts. Weights on the CPU: a GPU that is
    asked for a number must first be done with all it has."""
    counts = [(scale.flatten(1).amax(1) > negligible).nonzero() for scale in weights]
    return [slice(int(c.min()), int(c.max()) + 1) if len(c) else None for c in counts]


def _weights(short: int) -> Tensor:
    """Return (scale,channel,2,6): six weights at the picture's size, and at twice that size."""
    count = sum(-(-short >> scale) >= SMALLEST for scale in range(MAX_SCALES))
    if count == 0:
        return torch.zeros(0, CHANNELS, 2, FEATURES)
    far, near = weights_of(count), weights_of(min(count + 1, MAX_SCALES))
    closer = np.zeros_like(far)
    closer[:, : near.shape[1] - 1] = near[:, 1 : count + 1]
    return torch.from_numpy(np.stack([far, closer], 2).swapaxes(0, 1)).float()


def _halved(cones: Tensor) -> Tensor:
    return functional.avg_pool2d(cones, 2, ceil_mode=True)
