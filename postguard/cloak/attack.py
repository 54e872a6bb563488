"""The optimiser: draws a picture's latents towards a target's, where it is seen least.

    min_d  mean over encoders of |E(T(x+d)) - E(T(t))|^2 / |E(T(x)) - E(T(t))|^2
    with   visibility(x+d) <= limit of the strength,   |d| <= budget of the pixel

Sign steps that start at the whole budget and decay to nothing within the steps there are: at few
steps that beat momentum and Adam (knowledge/cloak.md, section 3). Each step goes down the
Lagrangian, loss + price * visibility. The price is the one at which the best point of its size
would stand still: there, gradient of loss = -price * gradient of visibility, so the product of
both with d gives it. What has grown too visible is then scaled back onto the limit.

The square root of one term of the loss is the published ratio R: 1 = nothing gained, 0 = the
target reached.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from postguard.cloak.encoders import Encoder
from postguard.cloak.eye import Eye
from postguard.cloak.tensors import resized, rounded
from postguard.cloak.transforms import View

Tick = Callable[[], float]
_DEGREE = 1.25  # visibility grows about with this power of the size of d
_MOST_BACK = 0.35  # of its size, that d keeps at least when it is scaled back


@dataclass(slots=True)
class Pull:
    """The loss of one picture towards one target; both latents are encoded once for each size."""

    encoders: Sequence[Encoder]
    x: Tensor  # (1,3,H,W) in [0,1]
    target: Tensor  # the same
    _aims: dict[tuple[str, tuple[int, int]], Tensor] = field(default_factory=dict)
    _clean: dict[tuple[str, View], Tensor] = field(default_factory=dict)

    def loss(self, y: Tensor, view: View) -> Tensor:
        """Return the mean squared ratio of (1,3,H,W) `y` seen through `view`; 1 = no gain."""
        seen = view(y)
        terms = []
        for encoder in self.encoders:
            aim, clean = self._aim(encoder, view.size), self._distance(encoder, view)
            terms.append((encoder(seen, fast=True) - aim).pow(2).mean() / clean)
        return torch.stack(terms).mean()

    @torch.no_grad()
    def worst(self, y: Tensor, views: Sequence[View]) -> float:
        """Return the largest ratio R (mean over encoders) among these views."""
        return math.sqrt(max(float(self.loss(y, view)) for view in views))

    @torch.no_grad()
    def _aim(self, encoder: Encoder, size: tuple[int, int]) -> Tensor:
        """Return the target's latents at `size`."""
        key = encoder.name, size
        if key not in self._aims:
            self._aims[key] = encoder(resized(self.target, size), fast=True)
        return self._aims[key]

    @torch.no_grad()
    def _distance(self, encoder: Encoder, view: View) -> Tensor:
        """Return how far the clean picture, seen through `view`, is from the target (mean sq.)."""
        key = encoder.name, view
        if key not in self._clean:
            gap = encoder(view(self.x), fast=True) - self._aim(encoder, view.size)
            self._clean[key] = gap.pow(2).mean().clamp_min(1e-12)
        return self._clean[key]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds the perturbation. `limit` (1,1,H,W) in [0,1]: the largest change of each pixel;
    `error`: how visible the whole may be, as `eye` counts it."""

    limit: Tensor
    eye: Eye
    error: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to try. `seconds` count from `started` on `tick`'s clock."""

    steps: int
    seconds: float
    tick: Tick

    def planned(self, done: int, spent: float) -> int:
        """Return how many steps there will be in all, if each takes what the `done` ones took."""
        if done == 0 or spent <= 0:
            return self.steps
        left = max(self.seconds - spent, 0.0)
        return min(self.steps, done + int(left / (spent / done)))


@dataclass(frozen=True, slots=True)
class Found:
    """The best perturbation met. `worst`: its R behind the worst check."""

    d: Tensor  # (1,1,H,W), added to all three channels
    worst: float
    steps: int


def attack(
    pull: Pull,
    bounds: Bounds,
    views: Sequence[View],
    checks: Sequence[View],
    schedule: Schedule,
    generator: Generator,
    on_step: Callable[[float], None] = lambda _: None,
) -> Found:
    """Search a luma perturbation inside the bounds; the best of a few iterates is kept, each
    judged when it is as visible as it may be."""
    d = torch.zeros_like(bounds.limit)
    best = Found(d, float("inf"), 0)
    turns: list[int] = []
    started, done = schedule.tick(), 0
    while done < (planned := schedule.planned(done, schedule.tick() - started)):
        turns = turns or torch.randperm(len(views), generator=generator).tolist()
        rate = 1 - 0.99 * done / planned
        d = held_back(pull.x, step(pull, d, bounds, views[turns.pop()], rate), bounds)
        done += 1
        on_step(done / planned)
        if done in {planned * 3 // 4, planned}:
            held = scaled_to(pull.x, d, bounds)
            best = _better(best, Found(held, pull.worst(applied(pull.x, held), checks), done))
    return best


def applied(x: Tensor, d: Tensor) -> Tensor:
    """(1,3,H,W) + (1,1,H,W) -> what the file will hold, in [0,1], rounded to 8 bit."""
    return rounded((x + d).clamp(0, 1))


def step(pull: Pull, d: Tensor, bounds: Bounds, view: View, rate: Tensor | float) -> Tensor:
    """Return `d` (1,1,H,W) after one sign step of `rate` (of the limit) down the Lagrangian."""
    d = d.detach().requires_grad_(True)
    (pulled,) = torch.autograd.grad(pull.loss(applied(pull.x, d), view), d)
    _, both = bounds.eye.errors((pull.x + d).clamp(0, 1))
    seen = torch.autograd.grad(both, d)[0] if both.requires_grad else torch.zeros_like(d)
    d = d.detach()
    direction = (pulled + _price(pulled, seen, d) * seen).sign()
    return _inside(d - bounds.limit * rate * direction, bounds.limit)


@torch.no_grad()
def held_back(x: Tensor, d: Tensor, bounds: Bounds) -> Tensor:
    """Return `d`, scaled down to about what the bounds allow where it was more visible."""
    error = float(bounds.eye.errors((x + d).clamp(0, 1))[0])
    if error <= bounds.error:
        return d
    back: float = (bounds.error / error) ** (1 / _DEGREE)
    return d * max(back, _MOST_BACK)


@torch.no_grad()
def scaled_to(x: Tensor, d: Tensor, bounds: Bounds) -> Tensor:
    """Return `d` about as visible as the bounds allow: scaled by a few guesses, then clipped."""
    for _ in range(3):
        far, _ = bounds.eye.errors(applied(x, d))
        if not float(far) > 0:
            break
        d = _inside(d * min((bounds.error / float(far)) ** (1 / _DEGREE), 2.0), bounds.limit)
    return d


def _price(pulled: Tensor, seen: Tensor, d: Tensor) -> Tensor:
    """Return what a unit of visibility costs in units of the loss, at least 0."""
    along = (seen * d).sum()
    price = (pulled * d).sum().neg().clamp_min(0) / along.clamp_min(1e-12)
    return torch.where(along > 0, price, torch.zeros_like(price))


def _inside(d: Tensor, limit: Tensor) -> Tensor:
    return torch.maximum(torch.minimum(d, limit), -limit)


def _better(one: Found, other: Found) -> Found:
    return other if other.worst < one.worst else one
