"""The optimiser: draws a picture's latents towards a target's, where it is seen least.

    min_d  mean over encoders and targets of |E(T(x+d)) - E(T(t))|^2 / |E(T(x)) - E(T(t))|^2
    with   visibility(x+d) <= limit of the strength,   |d| <= budget of the pixel

Steps with momentum, that start large and decay to nothing within the steps there are: at few
steps that beats Adam (knowledge/cloak.md, section 3). A pixel goes as far as its slope says, and
no further than its budget: the sign alone gained 5 to 15 % less at the same score, for what a
pixel of no slope shows is wasted. Colour goes along with luma (`colour`). Each step goes down the
Lagrangian, loss + price * visibility. The price is the one at which the best point of its size
would stand still: there, gradient of loss = -price * gradient of visibility, so the product of
both with d gives it. What had grown too visible is first scaled back onto the limit: by the
step's own look at it, since another after the step costs time and gains nothing. In the later
steps what the platform's coder would drop is taken out, which frees its visibility for the rest.

The square root of one term of the loss is the published ratio R: 1 = nothing gained, 0 = the
target reached.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from postguard.cloak.coding import Coder
from postguard.cloak.colour import by_planes, in_channels
from postguard.cloak.eye import DEGREE, Eye
from postguard.cloak.pull import Pull
from postguard.cloak.tensors import luma, rounded
from postguard.cloak.transforms import Looks, View
from postguard.errors import PostguardError
from postguard.language import gettext

Tick = Callable[[], float]
_FIRST_RATE = 1.0  # of the pixel's budget: the first step
_SOFT = 0.8  # times the mean slope: a slope of that size goes half a step; with 0.4 it gained less
_MOMENTUM = 0.5
_LED_SHARE = 0.5  # of the steps: the leader's, where there is one; with two thirds it cost gain
_CODED_FROM = 0.5  # share of the steps after which what the coder drops is taken out
_TINY = 1e-20  # a slope that is divided by: a tile may be where it is drawn to
_AS_VISIBLE = 0.02  # of what is allowed: two thirds of a point of the score at most
_MOST_BACK = 0.35  # of its size, that d keeps at least when it is scaled back


class TooSlow(PostguardError):  # noqa: N818  # named as its kin in errors are
    """This machine cannot do as many steps as are worth it, in the time that it was given."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds the perturbation. `limit` (1,1,H,W) in [0,1]: the largest change of each channel
    of a pixel; `error`: how visible the whole may be, as `eye` counts it; `colour`: as
    `colour_share` has it; `coder`: of the platform."""

    limit: Tensor
    eye: Eye
    error: float
    colour: Tensor
    coder: Coder | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to try.

    Attributes:
        seconds: from the start, on `tick`'s clock.
        least: fewer steps than that are not worth their time.
    """

    steps: int
    seconds: float
    tick: Tick
    least: int = 0

    def planned(self, done: int, spent: float) -> int:
        """Return how many steps there will be in all, if each takes what the `done` ones took."""
        if done == 0 or spent <= 0:
            return self.steps
        left = max(self.seconds - spent, 0.0)
        return min(self.steps, done + int(left / (spent / done)))


@dataclass(frozen=True, slots=True)
class Found:
    """The best perturbation met. `worst`: its R behind the worst check."""

    d: Tensor  # (1,3,H,W)
    worst: float
    steps: int


@dataclass(frozen=True, slots=True)
class State:
    """A perturbation (1,3,H,W) on its way, and the direction it goes in: by luma and colour, of
    mean size about 1. `unmoved`: nothing is changed yet, so there is nothing to be seen."""

    d: Tensor
    heading: Tensor | None = None
    unmoved: bool = False


def attack(
    pull: Pull,
    bounds: Bounds,
    looks: Looks,
    schedule: Schedule,
    on_step: Callable[[float], None] = lambda _: None,
) -> Found:
    """Search a perturbation inside the bounds; the better of two late iterates is kept, each
    judged behind the worst check when it is as visible as it may be. Raises TooSlow."""
    state = State(torch.zeros_like(pull.x), unmoved=True)
    best = Found(state.d, math.inf, 0)
    started, done, planned = schedule.tick(), 0, schedule.steps
    while done < planned:
        share = done / planned
        rate = _FIRST_RATE * (1 - 0.95 * share)
        led = pull.led() if share < _LED_SHARE else pull
        state = step(led, state, bounds, looks.at(done, planned), rate)
        if share >= _CODED_FROM:
            state = State(coded(state.d, bounds), state.heading)
        done += 1
        on_step(done / planned)
        planned = max(schedule.planned(done, schedule.tick() - started), done)
        if planned < schedule.least:
            said = gettext("the time limit leaves room for {planned} steps, which gain too little")
            raise TooSlow(said.format(planned=planned))
        if done in {planned - 2, planned}:
            best = _better(best, judged(pull, state.d, bounds, looks.checks(), done))
    return best


def judged(pull: Pull, d: Tensor, bounds: Bounds, checks: Sequence[View], steps: int) -> Found:
    """Return `d` as visible as it may be, with its R behind the worst check."""
    held = scaled_to(pull.x, coded(d, bounds), bounds)
    return Found(held, pull.worst(applied(pull.x, held), checks), steps)


def applied(x: Tensor, d: Tensor) -> Tensor:
    """(1,3,H,W) + (1,3,H,W) -> what the file will hold, in [0,1], rounded to 8 bit."""
    return rounded((x + d).clamp(0, 1))


def step(pull: Pull, state: State, bounds: Bounds, view: View, rate: Tensor | float) -> State:
    """Return the state after one step down the Lagrangian: in luma at most `rate` of the limit, in
    a channel no further than the limit."""
    d = state.d.detach().requires_grad_(True)
    (pulled,) = torch.autograd.grad(pull.loss(applied(pull.x, d), view), d)
    back = d.detach()
    if not state.unmoved:
        error, both = bounds.eye.errors((pull.x + d).clamp(0, 1))
        seen = torch.autograd.grad(both, d)[0] if both.requires_grad else torch.zeros_like(d)
        pulled = pulled + _price(pulled, seen, back) * seen
        back = held_back(back, error.detach(), bounds)
    heading = _unit(by_planes(pulled))
    if state.heading is not None:
        heading = _MOMENTUM * state.heading + (1 - _MOMENTUM) * heading
    way = in_channels(_soft(heading), bounds.colour)
    return State(_inside(back - bounds.limit * rate * way, bounds.limit), heading)


def coded(d: Tensor, bounds: Bounds) -> Tensor:
    """Return `d` (1,3,H,W) without what the platform's coder would drop of its luma."""
    if bounds.coder is None:
        return d
    moved = luma(d)
    return _inside(d + (bounds.coder.kept(moved) - moved), bounds.limit)


def held_back(d: Tensor, error: Tensor, bounds: Bounds) -> Tensor:
    """Return `d`, scaled down to about what the bounds allow where its `error`, a scalar, is above
    that. Nothing is asked of it here: a GPU that is asked must first be done with all it has."""
    back = (bounds.error / error.clamp_min(1e-9)) ** (1 / DEGREE)
    return d * back.clamp(_MOST_BACK, 1)


@torch.no_grad()
def scaled_to(x: Tensor, d: Tensor, bounds: Bounds) -> Tensor:
    """Return `d` about as visible as the bounds allow: scaled by a few guesses, then clipped."""
    for _ in range(3):
        far = float(bounds.eye.errors(applied(x, d))[0])
        if not far > 0 or math.isclose(far, bounds.error, rel_tol=_AS_VISIBLE):
            break
        d = _inside(d * min((bounds.error / far) ** (1 / DEGREE), 2.0), bounds.limit)
    return d


def _price(pulled: Tensor, seen: Tensor, d: Tensor) -> Tensor:
    """Return what a unit of visibility costs in units of the loss, at least 0."""
    along = (seen * d).sum()
    price = (pulled * d).sum().neg().clamp_min(0) / along.clamp_min(1e-12)
    return torch.where(along > 0, price, torch.zeros_like(price))


def _unit(direction: Tensor) -> Tensor:
    return direction / direction.abs().mean().clamp_min(_TINY)


def _soft(heading: Tensor) -> Tensor:
    """Return it in (-1,1): half where it is `_SOFT` of its mean size."""
    size = heading.abs()
    return heading / (size + _SOFT * size.mean()).clamp_min(_TINY)


def _inside(d: Tensor, limit: Tensor) -> Tensor:
    return torch.clamp(d, -limit, limit)


def _better(one: Found, other: Found) -> Found:
    return other if other.worst < one.worst else one
