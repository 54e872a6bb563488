"""What the teachers say of drawn pictures, kept for training: latents, and where they are pulled.

    python -m tools.train.lessons FOLDER --count 400 [--first 0] [--seed 0] [--student WEIGHTS]

A lesson is a batch of crops with a target each, and a short attack on every crop: the crop as it
is or with noise, then after each of two sign steps towards its target. At every point stand the
latents, the gradient of the distance to the target, and what the FLUX.2 teacher sees at a quarter
of the size. The steps move luma, and in half of the lessons colour too. They follow the teachers;
with `--student` half of the crops follow the student instead, so that it learns where it errs. It
is read anew for each lesson, since it may be learning meanwhile.

Every lesson is drawn by its own number and the seed, and written whole: one that is there already
is passed over, so the command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from bench.squares import SHARED
from postguard.cloak.budget import budget
from postguard.cloak.colour import by_planes, in_channels
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoder, load_encoders
from postguard.cloak.patterns import halftone
from postguard.cloak.styles import STYLES
from postguard.cloak.tensors import luma
from postguard.system.files import write_whole
from tools.train.pictures import Pixels, draw

SIDE, CROPS, POINTS = 128, 8, 3
FLUX, SANA = "taef2", "taesana"
_SIDES = (128, 192, 256, 384)  # of the pictures that crops are cut from
_FROM_ONE = 2  # crops
_RATES = (0.7, 0.45)  # of a pixel's budget: the two steps
_CEILINGS = 6, 32  # in 255: the budget of a pixel that hides it
_SOFTENED = 0.6  # of the lessons: what the cloak adds is seen behind a resize
_COLOURED, _COLOURS = 0.5, (0.1, 0.5)  # of the lessons; how far colour moves beside luma
_STYLED, _HALFTONED, _OTHER = 0.2, 0.5, 0.75  # how targets are drawn, each up to its share
_FOR_ALL = 0o644


@dataclass(frozen=True, slots=True)
class Teachers:
    """The encoders that are imitated."""

    flux: Encoder
    sana: Encoder

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B,3,H,W) -> FLUX.2's latents and its look at a quarter of the size; Sana's latents."""
        flux, stages = self.flux.features(x)
        return flux, stages[-1], self.sana(x)


def teachers(folder: Path) -> Teachers:
    """Load both teachers."""
    found = {e.name: e for e in load_encoders(folder, best_device())}
    return Teachers(found[FLUX], found[SANA])


@dataclass(frozen=True, slots=True)
class Point:
    """What is kept of one point of the attacks: pixels, latents, and gradients by red, green and
    blue, (B,3,H,W) with a mean square of 1."""

    x: Tensor
    flux: Tensor
    sana: Tensor
    quarter: Tensor
    flux_pull: Tensor
    sana_pull: Tensor


def point(x: Tensor, aims: tuple[Tensor, Tensor], teachers: Teachers) -> Point:
    """Ask both teachers about pictures, and how they are pulled to their targets' latents."""
    x = x.detach().requires_grad_(True)
    flux, quarter, sana = teachers.read(x)
    pulls = [
        _unit(torch.autograd.grad((z - aim).pow(2).flatten(1).mean(1).sum(), x)[0])
        for z, aim in zip((flux, sana), aims, strict=True)
    ]
    kept = (t.detach() for t in (x, flux, sana, quarter, *pulls))
    return Point(*kept)


def lesson(
    seed: int, number: int, teachers: Teachers, student: Encoder | None
) -> dict[str, np.ndarray]:
    """Draw and answer one lesson."""
    rng = np.random.default_rng([seed, number])
    x = _tensor([crop for _ in range(CROPS // _FROM_ONE) for crop in _crops(rng)])
    x = x.to(teachers.flux.device.torch)
    target = torch.cat([_target(rng, one[None]) for one in x])
    with torch.no_grad():
        aims = teachers.flux(target), teachers.sana(target)
    limit = torch.cat([budget(one[None], rng.uniform(*_CEILINGS) / 255) for one in x])
    d = _start(rng, limit)
    look = _softened if rng.random() < _SOFTENED else _as_it_is
    colour = limit.new_full((1,), rng.uniform(*_COLOURS) if rng.random() < _COLOURED else 0)
    points = []
    for rate in (*_RATES, None):
        points.append(point(_rounded(x + look(d)), aims, teachers))
        if rate is not None:
            heading = look(_heading(rng, points[-1], target, student))
            way = in_channels(by_planes(heading).sign(), colour)
            d = (d - rate * limit * way).clamp(-limit, limit)
    return _packed(points, aims)


def _crops(rng: np.random.Generator) -> list[Pixels]:
    side = int(rng.choice(_SIDES))
    picture = draw(rng, side)
    places = rng.integers(0, side - SIDE + 1, (_FROM_ONE, 2))
    return [picture[y : y + SIDE, x : x + SIDE] for y, x in places]


def _target(rng: np.random.Generator, x: Tensor) -> Tensor:
    """Return where one crop (1,3,H,W) is drawn: as the modes of the cloak do, and more cheaply."""
    chance, hand = rng.random(), Generator().manual_seed(int(rng.integers(2**31)))
    if chance < _STYLED:
        return STYLES[str(rng.choice(list(STYLES)))](x, hand).clamp(0, 1)
    if chance < _HALFTONED:
        return halftone(hand).draw(x)
    if chance < _OTHER:
        return _tensor([draw(rng, SIDE)]).to(x)
    gray = luma(x).expand_as(x)
    turned = x[:, list(rng.permutation(3))]
    step = float(rng.integers(3, 7))
    posterised = (turned * step).round() / step
    share = float(rng.uniform(0, 1))
    return (share * posterised + (1 - share) * gray).clamp(0, 1)


def _start(rng: np.random.Generator, limit: Tensor) -> Tensor:
    """Return no change for half of the crops, noise of some grain for the others."""
    grain = int(rng.choice([1, 1, 2, 4]))
    count, _, height, width = limit.shape
    shape = count, 1, height // grain, width // grain
    noise = torch.from_numpy(rng.choice([-1.0, 1.0], shape).astype(np.float32)).to(limit)
    wide = functional.interpolate(noise, (height, width), mode="nearest")
    moved = torch.from_numpy(rng.random(count) < 0.5).to(limit).view(-1, 1, 1, 1)
    return wide * limit * moved * float(rng.uniform(0.2, 1))


def _heading(
    rng: np.random.Generator, at: Point, target: Tensor, student: Encoder | None
) -> Tensor:
    """Return (B,3,H,W): the way to the targets, as a mixture of both teachers or the student has
    it."""
    share = torch.from_numpy(rng.random(len(at.x)).astype(np.float32)).to(at.x).view(-1, 1, 1, 1)
    heading = share * at.flux_pull + (1 - share) * at.sana_pull
    if student is not None:
        led = torch.from_numpy(rng.random(len(at.x)) < 0.5).to(at.x.device).view(-1, 1, 1, 1)
        heading = torch.where(led, _own(at.x, target, student), heading)
    return heading


def _as_it_is(plane: Tensor) -> Tensor:
    return plane


def _softened(plane: Tensor) -> Tensor:
    """(B,C,H,W) as it is left by a resize; its own adjoint."""
    return functional.avg_pool2d(plane, 3, 1, 1)


def _own(x: Tensor, target: Tensor, student: Encoder) -> Tensor:
    with torch.no_grad():
        aim = student(target)
    x = x.detach().requires_grad_(True)
    far = (student(x) - aim).pow(2).flatten(1).mean(1).sum()
    return _unit(torch.autograd.grad(far, x)[0])


def _packed(points: Sequence[Point], aims: tuple[Tensor, Tensor]) -> dict[str, np.ndarray]:
    """Return the lesson as arrays: (points, crops, ...), pixels in uint8, all else in float16."""
    pixels = torch.stack([(p.x * 255).round().byte() for p in points])
    fields = ("flux", "sana", "quarter", "flux_pull", "sana_pull")
    kept = {name: torch.stack([getattr(p, name) for p in points]).half() for name in fields}
    both = {"x": pixels, **kept, "flux_aim": aims[0].half(), "sana_aim": aims[1].half()}
    return {name: value.cpu().numpy() for name, value in both.items()}


def _unit(pull: Tensor) -> Tensor:
    """(B,3,H,W) -> the same with a mean square of 1."""
    return pull / pull.pow(2).mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-20)


def _rounded(x: Tensor) -> Tensor:
    return (x.clamp(0, 1) * 255).round() / 255


def _tensor(pictures: Sequence[Pixels]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def main() -> None:
    """Write the lessons that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--teachers", type=Path, default=SHARED / "weights")
    parser.add_argument("--student", type=Path)
    asked = parser.parse_args()
    both = teachers(asked.teachers)
    asked.folder.mkdir(parents=True, exist_ok=True)
    for number in range(asked.first, asked.first + asked.count):
        path = asked.folder / f"lesson-{number:05}.npz"
        if not path.exists():
            student = load_encoder(asked.student, both.flux.device) if asked.student else None
            buffer = io.BytesIO()
            np.savez(buffer, **lesson(asked.seed, number, both, student))
            write_whole(path, buffer.getvalue(), mode=_FOR_ALL)


if __name__ == "__main__":
    main()
