"""Train the instant cloak's network on drawn pictures: python -m tools.train.instant FOLDER

    [--teachers FOLDER] [--steps 2000] [--minutes 90] [--workers 1] [--width 32] [--seed 0]
    [--write]

A step: two drawn crops, of one size that artists post, each with a secret texture. The network
draws it at the size that is served, within the budget of `cloak.budget`, as strongly as
SSIMULACRA2 allows at the posted size and from half the distance; the loss is the logarithm of the
distance of the teachers' latents from those of the crop half dissolved in the texture, seen
resized, as WebP codes it, or as it is. Its gradient is freed of what would only make the change
larger, as in `cloak.attack`: what is learned is where and how to draw, not how much. Printed is
the mean squared R, of one step in 25.

The state is kept in FOLDER every 25 steps, and each step draws by its own number and the seed: the
command goes on where it was stopped. Where there is no time for all the steps, there are fewer.
`--workers` processes draw ahead. `--write` puts the weights into the package.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from postguard.cloak.budget import budget
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.eye import DEGREE, Eye, error_at
from postguard.cloak.instant.drawing import BARE, HANDED_OVER
from postguard.cloak.instant.painter import WEIGHTS
from postguard.cloak.instant.seeing import NEARER
from postguard.cloak.instant.shade import light
from postguard.cloak.instant.weave import busy, secret, signs
from postguard.cloak.pixels import shrunk
from postguard.cloak.platforms import BLUESKY_QUALITY, Codec
from postguard.cloak.resizing import resized, unclamped
from postguard.cloak.tensors import luma, rounded, to_tensor
from postguard.cloak.transforms import with_loss
from tools.train.instant_painter import WIDTH, Painter
from tools.train.pictures import draw
from tools.train.steps import planned

SIDE, CROPS = 160, 2  # as served
_POSTED = (1.0, 1.3, 1.6, 1.6, 2.0)  # times that: what artists post
_WHOLE = (1.0, 1.3, 1.8)  # times a crop: the picture that it is cut from
_BUSY = 0.3  # of a crop, at least: the network draws nothing else
_RATE, _LAST_RATE = 3e-3, 2e-4
_FLOORS = (60.0, 75.0)  # of SSIMULACRA2
_CEILING = 24 / 255  # any: how strongly it is drawn is searched
_CODED, _RESIZED = 0.5, 0.35  # of the steps, how the teachers see the crops; else as they are
_SCALES = (0.8, 1.06)
_KEPT_EVERY = 25
_AHEAD = 4  # steps that each worker has drawn before they are needed
_LOOKS = 1  # tells the random numbers of a step from those that its crops were drawn with


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops as posted (B,3,H,W); textures, how their cells are turned and how far the network
    takes over, as served (B,1,h,w); what each pixel may change (B,1,H,W); the allowed errors."""

    x: Tensor
    texture: Tensor
    turned: Tensor
    busy: Tensor
    limit: Tensor
    far: float
    near: float

    @property
    def target(self) -> Tensor:
        """(B,3,h,w), as served."""
        return 0.5 * self.served(self.x) + 0.5 * self.texture

    def served(self, y: Tensor) -> Tensor:
        """Return crops as posted (B,C,H,W) as they are served, (B,C,h,w)."""
        return resized(y, (SIDE, SIDE))

    def eyes(self) -> list[Eye]:
        """Return what sees how visible a change of each crop is."""
        return [Eye(x) for x in self.x.split(1)]

    def to(self, device: torch.device) -> Batch:
        """Return the same where the teachers are."""
        return Batch(*(p.to(device) for p in self.planes()), self.far, self.near)

    def planes(self) -> tuple[Tensor, ...]:
        """Return all that it has of each pixel."""
        return self.x, self.texture, self.turned, self.busy, self.limit


def batch(rng: np.random.Generator) -> Batch:
    """Draw one step's crops."""
    crops, textures, turns, shares = [], [], [], []
    side = round(SIDE * rng.choice(_POSTED))
    while len(crops) < CROPS:
        whole = round(side * rng.choice(_WHOLE))
        top, left = rng.integers(0, whole - side + 1, 2)
        pixels = draw(rng, whole)[top : top + side, left : left + side]
        g = light(shrunk(pixels, (SIDE, SIDE)))
        share = busy(g, *HANDED_OVER)
        if share.mean() < _BUSY:
            continue
        crops.append(to_tensor(pixels))
        drawn = secret(g, rng), signs((SIDE, SIDE), rng), share
        for planes, plane in zip((textures, turns, shares), drawn, strict=True):
            planes.append(torch.from_numpy(plane)[None, None])
    floor = rng.uniform(*_FLOORS)
    limit = torch.cat([budget(x, _CEILING) for x in crops])
    far, near = error_at(floor), error_at(floor - NEARER)
    return Batch(*map(torch.cat, (crops, textures, turns, shares)), limit, far, near)


def drawn_ahead(seed: int, first: int, workers: int) -> Generator[Batch]:
    """Yield the crops of each step from `first` on, which other processes draw meanwhile."""
    clean = multiprocessing.get_context("spawn")  # torch has its threads and its GPU here
    pool = ProcessPoolExecutor(workers, clean)
    try:
        waiting: deque[Future[tuple[np.ndarray, ...]]] = deque()
        for step in range(first, first + _AHEAD * workers):
            waiting.append(pool.submit(_drawn, seed, step))
        while True:
            *drawn, errors = waiting.popleft().result()
            planes = (torch.from_numpy(p) for p in drawn)
            yield Batch(*planes, *map(float, errors))
            step += 1
            waiting.append(pool.submit(_drawn, seed, step))
    finally:
        pool.shutdown(cancel_futures=True)


def _drawn(seed: int, step: int) -> tuple[np.ndarray, ...]:
    torch.set_num_threads(1)
    found = batch(np.random.default_rng([seed, step]))
    return *(p.numpy() for p in found.planes()), np.array([found.far, found.near])


def change(net: Painter, drawn: Batch) -> Tensor:
    """Return what would be changed at full strength, (B,1,H,W): see `instant.drawing`."""
    bare = torch.tanh(BARE * (2 * drawn.texture - 1))
    texture = 0.5 + drawn.turned * (drawn.texture - 0.5)
    painted = drawn.turned * net(luma(drawn.served(drawn.x)), texture)
    grown = unclamped(torch.lerp(bare, painted, drawn.busy), drawn.limit.shape[-2:])
    return drawn.limit * grown.clamp(-1, 1)


def direction(
    drawn: Batch, whole: Tensor, teachers: Sequence[Encoder], rng: np.random.Generator
) -> tuple[Tensor, float]:
    """Return the loss's gradient by the change, freed of its size, and the share that is allowed.

    `whole`: the change at full strength, (B,1,H,W).
    """
    eyes = drawn.eyes()
    share = allowed(eyes, drawn, whole)
    d = (share * whole).detach().requires_grad_(True)
    y = rounded((drawn.x + d).clamp(0, 1))
    loss = distances(drawn, y, teachers, look(rng)).log().mean()
    (pulled,) = torch.autograd.grad(loss, d)
    (seen,) = torch.autograd.grad(errors(eyes, drawn, d).sum(), d)
    along, gained = ((p * d).detach().sum((1, 2, 3), keepdim=True) for p in (seen, pulled))
    price = torch.where(along > 0, (-gained).clamp_min(0) / along, 0.0)
    return share * (pulled + price * seen), float(share.mean())


Look = Callable[[Tensor], Tensor]


def look(rng: np.random.Generator) -> Look:
    """Return how the teachers see the crops of a step."""
    chance = rng.random()
    quality = int(rng.integers(BLUESKY_QUALITY - 6, BLUESKY_QUALITY + 12))
    side = round(SIDE * rng.uniform(*_SCALES))
    if chance < _CODED:
        codec = Codec("WEBP", quality)
        return lambda x: torch.cat([with_loss(codec, one[None]) for one in x])
    if chance < _CODED + _RESIZED:
        return lambda x: resized(x, (side, side))
    return lambda x: x


def distances(drawn: Batch, y: Tensor, teachers: Sequence[Encoder], seen: Look) -> Tensor:
    """Return how far changed crops are from their targets, squared: (teachers, B)."""
    y = seen(drawn.served(y))
    aim = resized(drawn.target, (y.shape[-2], y.shape[-1]))
    with torch.no_grad():
        goals = [teacher(aim, fast=True) for teacher in teachers]
    far = [teacher(y, fast=True) - goal for teacher, goal in zip(teachers, goals, strict=True)]
    return torch.stack([each.pow(2).flatten(1).mean(1) for each in far])


@torch.no_grad()
def checked(net: Painter, drawn: Batch, teachers: Sequence[Encoder], seen: Look) -> float:
    """Return the mean squared R of a batch."""
    whole = change(net, drawn)
    share = allowed(drawn.eyes(), drawn, whole)
    y = rounded((drawn.x + share * whole).clamp(0, 1))
    both = [distances(drawn, each, teachers, seen) for each in (y, drawn.x)]
    return float((both[0] / both[1]).mean())


def allowed(eyes: Sequence[Eye], drawn: Batch, whole: Tensor) -> Tensor:
    """Return the share of each crop's change that is about as visible as allowed, (B,1,1,1).

    Not bounded by 1: of a crop too calm to be seen to change so much, the network would learn to
    draw much, and not where it counts."""
    share = torch.full_like(whole[:, :, :1, :1], 0.5)
    with torch.no_grad():
        for _ in range(3):
            spent = errors(eyes, drawn, share * whole).view_as(share)
            share = share * spent.pow(-1 / DEGREE).clamp(max=2)
    return share


def errors(eyes: Sequence[Eye], drawn: Batch, d: Tensor) -> Tensor:
    """Return how visible each change is, (B,): 1 = as much as allowed, from either distance."""
    found = []
    for eye, y in zip(eyes, (drawn.x + d).clamp(0, 1).split(1), strict=True):
        far, both = eye.errors(y)
        found.append(torch.maximum(far / drawn.far, (2 * both - far) / drawn.near))
    return torch.stack(found).clamp_min(1e-6)


class State:
    """What training has come to, kept in one file."""

    def __init__(self, folder: Path, device: torch.device, width: int = WIDTH) -> None:
        self.path = folder / "state.safetensors"
        self.net, self.step = Painter(width).to(device), 0
        self._adam = torch.optim.Adam(self.net.parameters(), _RATE, betas=(0.9, 0.98))
        if self.path.exists():
            self._read(load_file(self.path))

    def learn(
        self, drawn: Batch, teachers: Sequence[Encoder], rng: np.random.Generator, steps: int
    ) -> float:
        """Take one step of as many; return the share."""
        whole = change(self.net, drawn)
        heading, share = direction(drawn, whole.detach(), teachers, rng)
        rate = _LAST_RATE + (_RATE - _LAST_RATE) * (1 + np.cos(np.pi * self.step / steps)) / 2
        for group in self._adam.param_groups:
            group["lr"] = rate
        self._adam.zero_grad()
        whole.backward(heading)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.3)
        self._adam.step()
        self.step += 1
        return share

    def keep(self) -> None:
        """Write the state whole."""
        kept = dict(self.net.state_dict())
        for i, moments in self._adam.state_dict()["state"].items():
            kept |= {f"adam.{i}.{name}": value for name, value in moments.items()}
        kept["taken"] = torch.tensor(self.step)
        fresh = self.path.with_suffix(".new")
        save_file({k: v.detach().clone().contiguous() for k, v in kept.items()}, fresh)
        fresh.rename(self.path)

    def _read(self, kept: dict[str, Tensor]) -> None:
        self.step = int(kept.pop("taken"))
        moments: dict[int, dict[str, Tensor]] = {}
        for name in [k for k in kept if k.startswith("adam.")]:
            _, i, part = name.split(".")
            moments.setdefault(int(i), {})[part] = kept.pop(name)
        self.net.load_state_dict(kept)
        known = self._adam.state_dict()
        self._adam.load_state_dict({**known, "state": moments})


def weights(net: Painter) -> dict[str, Tensor]:
    """Return what the package ships: the network in half precision."""
    return {name: value.detach().half() for name, value in net.state_dict().items()}


def main() -> None:
    """Train until the steps or the minutes are over."""
    asked = _parser().parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    device = best_device()
    torch.set_num_threads(1 if device.kind == "cpu" else torch.get_num_threads())
    teachers = load_encoders(asked.teachers, device)
    state, began, shares = State(asked.folder, device.torch, asked.width), time.monotonic(), []
    first, steps = state.step, asked.steps
    ahead = drawn_ahead(asked.seed, first, asked.workers)
    while state.step < steps:
        rng = np.random.default_rng([asked.seed, state.step, _LOOKS])
        drawn = next(ahead).to(device.torch)
        shares.append(state.learn(drawn, teachers, rng, steps))
        minutes = (time.monotonic() - began) / 60
        steps = planned(asked.steps, first, state.step - first, minutes, asked.minutes)
        if state.step % _KEPT_EVERY == 0:
            r = checked(state.net, drawn, teachers, look(rng))
            told = f"R² {r:.3f}, share {np.mean(shares):.2f}, {minutes:.1f} min"
            print(f"{state.step} of {steps}: {told}", flush=True)
            state.keep()
            shares = []
    state.keep()
    ahead.close()
    if asked.write:
        WEIGHTS.parent.mkdir(exist_ok=True)
        save_file(weights(state.net), WEIGHTS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the state is kept")
    parser.add_argument("--teachers", type=Path, default=Path("../shared/weights"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    parser.add_argument("--width", type=int, default=WIDTH, help="channels of a layer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the weights into the package")
    return parser


if __name__ == "__main__":
    main()
