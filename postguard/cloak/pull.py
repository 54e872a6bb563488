"""The loss: how far a picture still is from its targets, for every encoder, through a view."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from postguard.cloak.encoders import Encoder
from postguard.cloak.resizing import resized
from postguard.cloak.targets import Target
from postguard.cloak.transforms import View

_LEAST = 1e-12  # a distance that is divided by
_CACHED = 4096  # pixels of a stage at a time, which stay in the processor's cache


@dataclass(frozen=True, slots=True)
class _Read:
    """What one encoder sees: latents (1,C,h,w), and each stage's (2c,) channel statistics."""

    latents: Tensor
    statistics: tuple[Tensor, ...]

    def distances(self, other: _Read) -> tuple[Tensor, Tensor]:
        """Return the mean squared distance of the latents, and that of the statistics."""
        far = (self.latents - other.latents).pow(2).mean()
        pairs = zip(self.statistics, other.statistics, strict=True)
        styles = [(one - two).pow(2).mean() for one, two in pairs]
        return far, torch.stack(styles).sum() if styles else far.new_zeros(())


@dataclass(slots=True)
class Pull:
    """The loss of one picture towards its targets; these are encoded once for each size.

    Attributes:
        x: (1,3,H,W) in [0,1].
        weights: of an encoder in the loss, by name; 1 where none is said.
        denoiser: a further term, (seen picture) -> scalar, where Stable Diffusion is at hand.
        leader: encoder that leads the first steps, where the others are heavy; None: all do.
    """

    encoders: Sequence[Encoder]
    x: Tensor
    targets: Sequence[Target]
    weights: Mapping[str, float] = field(default_factory=dict)
    denoiser: Callable[[Tensor], Tensor] | None = None
    leader: Encoder | None = None
    _aims: dict[tuple[str, str, tuple[int, int]], _Read] = field(default_factory=dict)
    _clean: dict[tuple[str, str, View], tuple[Tensor, Tensor]] = field(default_factory=dict)

    def led(self) -> Pull:
        """Return the same loss by the leader alone, where there is one."""
        return replace(self, encoders=[self.leader]) if self.leader else self

    def loss(self, y: Tensor, view: View) -> Tensor:
        """Return the mean squared ratio of (1,3,H,W) `y` seen through `view`; 1 = no gain."""
        seen = view(y)
        loss = self._ratio(seen, view)
        return loss if self.denoiser is None else loss + self.denoiser(seen)

    @torch.no_grad()
    def worst(self, y: Tensor, views: Sequence[View]) -> float:
        """Return the largest ratio R (mean over encoders and targets) among these views."""
        return math.sqrt(max(float(self._ratio(view(y), view)) for view in views))

    def _ratio(self, seen: Tensor, view: View) -> Tensor:
        total, weight = seen.new_zeros(()), 0.0
        for encoder in self.encoders:
            read, share = self._read(encoder, seen), self.weights.get(encoder.name, 1.0)
            for target in self.targets:
                total = total + share * self._term(encoder, target, read, view)
                weight += share
        return total / weight

    def _term(self, encoder: Encoder, target: Target, read: _Read, view: View) -> Tensor:
        far, style = read.distances(self._aim(encoder, target, view.size))
        clean, clean_style = self._distance(encoder, target, view)
        share = target.statistics
        return (1 - share) * far / clean + share * style / clean_style

    @torch.no_grad()
    def _aim(self, encoder: Encoder, target: Target, size: tuple[int, int]) -> _Read:
        """Return what the encoder sees of the target at `size`."""
        key = encoder.name, target.mode, size
        if key not in self._aims:
            self._aims[key] = self._read(encoder, resized(target.image, size))
        return self._aims[key]

    @torch.no_grad()
    def _distance(self, encoder: Encoder, target: Target, view: View) -> tuple[Tensor, Tensor]:
        """Return how far the clean picture, seen through `view`, is from the target."""
        key = encoder.name, target.mode, view
        if key not in self._clean:
            self._look_at_clean(view)
        return self._clean[key]

    def _look_at_clean(self, view: View) -> None:
        """Keep the distances of all: a platform's coder is slow, and need be asked only once."""
        clean = view(self.x)
        for encoder in self.encoders:
            read = self._read(encoder, clean)
            for target in self.targets:
                far, style = read.distances(self._aim(encoder, target, view.size))
                distances = far.clamp_min(_LEAST), style.clamp_min(_LEAST)
                self._clean[encoder.name, target.mode, view] = distances

    def _read(self, encoder: Encoder, seen: Tensor) -> _Read:
        if not any(target.statistics for target in self.targets):
            return _Read(encoder(seen, fast=True), ())
        latents, stages = encoder.features(seen, fast=True)
        return _Read(latents, tuple(_statistics(stage.float()) for stage in stages))


def _statistics(stage: Tensor) -> Tensor:
    """(1,c,h,w) -> (2c,): mean and deviation of each channel."""
    found: Tensor = _Statistics.apply(stage)  # type: ignore[no-untyped-call]  # so in its stubs
    return found


class _Statistics(torch.autograd.Function):
    """Mean and deviation in few passes over a stage, which may be a hundred megabytes, as it lies
    there: torch's own took a sixth of a step on a CPU."""

    @staticmethod
    def forward(ctx: Any, stage: Tensor) -> Tensor:  # noqa: ANN401  # torch's own
        pixels = _pixels(stage)
        mean = pixels.mean(0)
        rows = _CACHED if stage.device.type == "cpu" else len(pixels)
        squares = [(part - mean).square_().sum(0) for part in torch.split(pixels, rows)]
        deviation = (torch.stack(squares).sum(0) / len(pixels) + _LEAST).sqrt()
        ctx.save_for_backward(stage, mean, deviation)
        return torch.cat([mean, deviation])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401
        stage, mean, deviation = ctx.saved_tensors
        pixels = _pixels(stage)
        to_mean, to_deviation = gradient.div(len(pixels)).chunk(2)
        slope = to_deviation / deviation
        found = torch.addcmul(to_mean - slope * mean, pixels, slope)
        height, width = stage.shape[-2:]
        return found.view(1, height, width, -1).permute(0, 3, 1, 2)


def _pixels(stage: Tensor) -> Tensor:
    """(1,c,h,w), channels last -> (h*w,c), the same memory."""
    return stage.permute(0, 2, 3, 1).flatten(0, 2)
