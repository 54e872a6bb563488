"""Train the instant cloak's network on drawn pictures: python -m tools.train.instant FOLDER

    [--teachers FOLDER] [--steps 2000] [--minutes 90] [--workers 1] [--width 32] [--seed 0]
    [--write]

A step: four drawn crops, each with a secret texture; the network draws it into them, within the
budget of `cloak.budget`, as strongly as SSIMULACRA2 allows at the picture's size and from half
the distance; the loss is the logarithm of the distance of the teachers' latents from those of the
crop half dissolved in the texture, seen resized, as WebP codes it, or as it is. Where that
strength is bounded, its gradient is freed of what would only make the change larger, as in
`cloak.attack`: what is learned is where and how to draw, not how much. Printed is the mean squared
R, of one step in 25.

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
from postguard.cloak.instant.painter import WEIGHTS
from postguard.cloak.instant.shade import light
from postguard.cloak.instant.weave import weave
from postguard.cloak.platforms import BLUESKY_QUALITY, Codec
from postguard.cloak.tensors import luma, resized, rounded, to_tensor
from postguard.cloak.transforms import with_loss
from tools.train.instant_painter import WIDTH, Painter
from tools.train.pictures import draw
from tools.train.steps import planned

SIDE, CROPS = 128, 4
_SIDES = (128, 160, 224, 320)  # of the pictures that crops are cut from
_RATE, _LAST_RATE = 3e-3, 2e-4
_FLOORS = (60.0, 75.0)  # of SSIMULACRA2
NEARER = 20.0  # points less are allowed from half the distance
_CEILING = 24 / 255  # that of `medium` when it was trained; its limits grow in proportion
_CODED, _RESIZED = 0.5, 0.35  # of the steps, how the teachers see the crops; else as they are
_SCALES = (0.8, 1.06)
_KEPT_EVERY = 25
_AHEAD = 4  # steps that each worker has drawn before they are needed
_LOOKS = 1  # tells the random numbers of a step from those that its crops were drawn with


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops (B,3,H,W), textures (B,1,H,W), what each pixel may change, and the allowed errors."""

    x: Tensor
    texture: Tensor
    limit: Tensor
    far: float
    near: float

    @property
    def target(self) -> Tensor:
        return 0.5 * self.x + 0.5 * self.texture

    def to(self, device: torch.device) -> Batch:
        """Return the same where the teachers are."""
        x, texture, limit = (p.to(device) for p in (self.x, self.texture, self.limit))
        return Batch(x, texture, limit, self.far, self.near)


def batch(rng: np.random.Generator) -> Batch:
    """Draw one step's crops."""
    crops, textures = [], []
    for _ in range(CROPS):
        side = int(rng.choice(_SIDES))
        top, left = rng.integers(0, side - SIDE + 1, 2)
        pixels = draw(rng, side)[top : top + SIDE, left : left + SIDE]
        crops.append(to_tensor(pixels))
        textures.append(torch.from_numpy(weave(light(pixels), rng))[None, None])
    floor = rng.uniform(*_FLOORS)
    limit = torch.cat([budget(x, _CEILING) for x in crops])
    far, near = error_at(floor), error_at(floor - NEARER)
    return Batch(torch.cat(crops), torch.cat(textures), limit, far, near)


def drawn_ahead(seed: int, first: int, workers: int) -> Generator[Batch]:
    """Yield the crops of each step from `first` on, which other processes draw meanwhile."""
    clean = multiprocessing.get_context("spawn")  # torch has its threads and its GPU here
    pool = ProcessPoolExecutor(workers, clean)
    try:
        waiting: deque[Future[tuple[np.ndarray, ...]]] = deque()
        for step in range(first, first + _AHEAD * workers):
            waiting.append(pool.submit(_drawn, seed, step))
        while True:
            x, texture, limit, errors = waiting.popleft().result()
            planes = (torch.from_numpy(p) for p in (x, texture, limit))
            yield Batch(*planes, *map(float, errors))
            step += 1
            waiting.append(pool.submit(_drawn, seed, step))
    finally:
        pool.shutdown(cancel_futures=True)


def _drawn(seed: int, step: int) -> tuple[np.ndarray, ...]:
    torch.set_num_threads(1)
    found = batch(np.random.default_rng([seed, step]))
    planes = (p.numpy() for p in (found.x, found.texture, found.limit))
    return *planes, np.array([found.far, found.near])


def change(net: Painter, drawn: Batch) -> Tensor:
    """Return what the network would change at full strength, (B,1,H,W)."""
    return drawn.limit * net(luma(drawn.x), drawn.texture)


def direction(
    drawn: Batch, whole: Tensor, teachers: Sequence[Encoder], rng: np.random.Generator
) -> tuple[Tensor, float]:
    """Return the loss's gradient by the change, freed of its size, and the share that is allowed.

    `whole`: the change at full strength, (B,1,H,W).
    """
    eye = Eye(_side_by_side(drawn.x))
    share = _allowed(eye, drawn, whole)
    d = (share * whole).detach().requires_grad_(True)
    y = rounded((drawn.x + d).clamp(0, 1))
    loss = distances(drawn, y, teachers, look(rng)).log().mean()
    (pulled,) = torch.autograd.grad(loss, d)
    (seen,) = torch.autograd.grad(_error(eye, drawn, d), d)
    along = float((seen * d).detach().sum())
    bound = share < 1 and along > 0  # what is drawn too faintly is to grow
    price = max(-float((pulled * d).detach().sum()), 0) / along if bound else 0.0
    return share * (pulled + price * seen), share


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
    y = seen(y)
    aim = resized(drawn.target, (y.shape[-2], y.shape[-1]))
    with torch.no_grad():
        goals = [teacher(aim) for teacher in teachers]
    far = [teacher(y) - goal for teacher, goal in zip(teachers, goals, strict=True)]
    return torch.stack([each.pow(2).flatten(1).mean(1) for each in far])


@torch.no_grad()
def checked(net: Painter, drawn: Batch, teachers: Sequence[Encoder], seen: Look) -> float:
    """Return the mean squared R of a batch."""
    whole = change(net, drawn)
    share = _allowed(Eye(_side_by_side(drawn.x)), drawn, whole)
    y = rounded((drawn.x + share * whole).clamp(0, 1))
    both = [distances(drawn, each, teachers, seen) for each in (y, drawn.x)]
    return float((both[0] / both[1]).mean())


def _allowed(eye: Eye, drawn: Batch, whole: Tensor) -> float:
    """Return the largest share of the change, at most 1, that is about as visible as allowed."""
    share = 0.5
    with torch.no_grad():
        for _ in range(4):
            error = float(_error(eye, drawn, share * whole))
            share = min(share * min(error ** (-1 / DEGREE), 2.0), 1.0)
    return share


def _error(eye: Eye, drawn: Batch, d: Tensor) -> Tensor:
    """Return how visible the change is: 1 = as much as allowed, from either distance."""
    far, both = eye.errors(_side_by_side((drawn.x + d).clamp(0, 1)))
    near = 2 * both - far
    return torch.maximum(far / drawn.far, near / drawn.near).clamp_min(1e-6)


def _side_by_side(x: Tensor) -> Tensor:
    """(4,C,H,W) -> (1,C,2H,2W): one picture, so that flat and rough crops share one strength."""
    a, b, c, d = x.unbind(0)
    return torch.cat([torch.cat([a, b], -1), torch.cat([c, d], -1)], -2)[None]


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
