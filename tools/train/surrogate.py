"""Trains the surrogate encoder on the lessons: python -m tools.train.surrogate LESSONS RUN

    [--steps 4000] [--minutes M] [--at-once 1] [--rate 2e-3] [--seed 0] [--from WEIGHTS]
    [--ship]

RUN is a folder: `checkpoint.pt`, from which the same command goes on where it was stopped, and
`surrogate.safetensors`, the averaged weights in fp16; `--ship` puts them into the package. New
lessons in LESSONS are taken up as they come; every 16th is kept for judging and never learnt. A
step learns from `--at-once` lessons; where there is no time for all the steps, there are fewer.

Learnt are, of both teachers: the latents, how they move along each short attack, the direction in
which the distance to the target falls (the cosine of the gradients: of luma, at three scales, and
of luma and colour together), and, as a help that is thrown away afterwards, what the FLUX.2
teacher sees at a quarter of the size.

Under torchrun every process learns from batches of its own; they meet every few steps, and do
all of the steps.
"""

from __future__ import annotations

import argparse
import copy
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, distributed, nn
from torch.nn import functional

from postguard.cloak.architectures import _surrogate
from postguard.cloak.colour import by_planes
from postguard.cloak.device import best_device
from postguard.cloak.encoders import OWN, build, staged
from tools.train.steps import planned

WIDTH = 64
DEVIATIONS = {"flux": 0.8, "sana": 0.98}  # of each teacher's latents on drawn pictures
_GRAY = 0.5
_QUARTER = 64  # channels of the FLUX.2 teacher's look at a quarter of the size
_KEPT = 16  # every so-manieth lesson is for judging
_CROPS = 4  # of a lesson, in a step; each at two of its points
_PULLED_FROM = 0.4  # of the training: before, the pulls of a student that sees little are noise
_FLUX_SHARE = 0.6  # of the steps learn FLUX.2's pull, the others Sana's
_PULL_SCALES = {1: 0.5, 2: 0.3, 4: 0.2}
_COLOUR_PART = 0.3  # of a pull's loss
_WEIGHTS = {"latents": 1.0, "moves": 0.5, "pull": 2.0, "quarter": 0.3}
_AVERAGED = 0.996
_WARM, _CLIP, _DECAY = 60, 1.0, 1e-4
_TOGETHER, _SAVED, _JUDGED = 8, 50, 200  # steps between


@dataclass(frozen=True, slots=True)
class Batch:
    """Some crops at two points each: (2N, ...), a crop's points N apart. Aims as latents."""

    x: Tensor
    latents: dict[str, Tensor]
    aims: dict[str, Tensor]
    pulls: dict[str, Tensor]
    quarter: Tensor


class Student(nn.Module):
    """The network, cut as the product runs it, and the layer that compares its trunk."""

    def __init__(self) -> None:
        super().__init__()
        self.net = build(_surrogate(WIDTH))
        self.compare = nn.Conv2d(WIDTH, _QUARTER, 1)
        for module in self.net.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for name, weight in self.net.named_parameters():
            if name.endswith("conv.4.weight"):  # a block begins as little more than its shortcut
                weight.data *= 0.3

    def forward(self, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """(B,3,H,W) -> both heads' latents, in units of their teachers' deviations; the trunk at
        a quarter of the size."""
        first, *stages, last = staged(self.net)
        x = self._centred(first[0], x)
        for stage in stages:
            x = stage(x)
        *trunk, fork = last
        eighth = nn.Sequential(*trunk)(x)
        flux, sana = (branch(eighth) for branch in fork.branches)
        return {"flux": flux, "sana": sana}, self.compare(x)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights as the product has them."""
        found = {name: value.detach().clone() for name, value in self.net.state_dict().items()}
        found["0.bias"] -= _GRAY * found["0.weight"].sum((1, 2, 3))
        return found

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Go on from the product's weights."""
        found = {name: value.float() for name, value in weights.items()}
        found["0.bias"] = found["0.bias"] + _GRAY * found["0.weight"].sum((1, 2, 3))
        self.net.load_state_dict(found)

    def _centred(self, conv: nn.Conv2d, x: Tensor) -> Tensor:
        """Return the first layer of `x` less gray, which is quicker to train; the border stays
        black, as it is without. In the product's weights the gray is in the bias."""
        bias = conv.bias - _GRAY * conv.weight.sum((1, 2, 3))
        return functional.conv2d(x, conv.weight, bias, conv.stride, conv.padding)


def losses(student: Student, batch: Batch, head: str | None) -> dict[str, Tensor]:
    """Return each loss of a batch; the pull is that of one head, or of none."""
    x = batch.x.detach().requires_grad_(head is not None)
    latents, quarter = student(x)
    gaps = [(z - batch.latents[name]).pow(2).mean() for name, z in latents.items()]
    moves = [_moved(z, batch.latents[name]) for name, z in latents.items()]
    found = {
        "latents": torch.stack(gaps).mean(),
        "moves": torch.stack(moves).mean(),
        "quarter": (quarter - batch.quarter).pow(2).mean() / batch.quarter.var(),
    }
    if head is not None:
        residual = batch.latents[head] - batch.aims[head]
        far = (latents[head] * residual).sum()
        (pull,) = torch.autograd.grad(far, x, create_graph=True)
        found["pull"] = 1 - _alike_at_all(by_planes(pull), by_planes(batch.pulls[head]))
    return found


def _alike_at_all(one: Tensor, other: Tensor) -> Tensor:
    """Return how alike two pulls are in luma and colour, (B,3,H,W): 1 = of one direction."""
    gray = [w * alike(one[:, :1], other[:, :1], s).mean() for s, w in _PULL_SCALES.items()]
    found = (1 - _COLOUR_PART) * torch.stack(gray).sum()
    return found + _COLOUR_PART * alike(one, other, 1).mean()


def alike(one: Tensor, other: Tensor, scale: int) -> Tensor:
    """(B,C,H,W) twice -> (B,): the cosine of two pictures seen `scale` times smaller."""
    pair = (functional.avg_pool2d(p, scale).flatten(1) for p in (one, other))
    return functional.cosine_similarity(*pair, eps=1e-12)


def _moved(z: Tensor, teacher: Tensor) -> Tensor:
    """Return how far the way between a crop's two points is from the teacher's, as its share."""
    ways = (half[0] - half[1] for half in (z.chunk(2), teacher.chunk(2)))
    own, wanted = ways
    far = (own - wanted).pow(2).flatten(1).sum(1)
    return (far / (wanted.pow(2).flatten(1).sum(1) + 1e-3)).clamp(max=4).mean()


class Lessons:
    """The lessons of a folder, which grows meanwhile. A GPU keeps those that it has met."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._folder, self._device = folder, device
        self._kept: list[Path] = []
        self._learnt: list[Path] = []
        self._met: dict[Path, dict[str, Tensor]] = {}

    def look(self) -> None:
        """Take up what has come."""
        found = sorted(self._folder.glob("lesson-*.npz"))
        number = {path: int(path.stem.rpartition("-")[2]) for path in found}
        self._kept = [p for p in found if number[p] % _KEPT == _KEPT - 1]
        self._learnt = [p for p in found if number[p] % _KEPT != _KEPT - 1]

    def batch(self, rng: np.random.Generator, lessons: int = 1) -> Batch:
        """Return some crops of so many lessons, each at two of its points."""
        return self._joined([self._some(rng) for _ in range(lessons)])

    def judging(self, most: int = 2) -> Iterator[Batch]:
        """Yield batches that are never learnt: the first and the last point of every crop."""
        for path in self._kept[:most]:
            told = self._read(path)
            yield self._joined([_taken(told, [0, -1], range(told["x"].shape[1]))])

    def _some(self, rng: np.random.Generator) -> dict[str, Tensor]:
        told = self._read(self._learnt[rng.integers(len(self._learnt))])
        points, crops = told["x"].shape[:2]
        return _taken(told, rng.permutation(points)[:2], rng.permutation(crops)[:_CROPS])

    def _read(self, path: Path) -> dict[str, Tensor]:
        if path in self._met:
            return self._met[path]
        with np.load(path) as told:
            found = {name: torch.from_numpy(told[name]).to(self._device) for name in told}
        if self._device.type != "cpu":
            self._met[path] = found
        return found

    def _joined(self, taken: Sequence[Mapping[str, Tensor]]) -> Batch:
        def all_of(name: str) -> Tensor:
            joined = torch.cat([one[name] for one in taken], 1)
            return joined.flatten(0, 1).to(self._device).float()

        return Batch(
            (all_of("x") / 255).contiguous(memory_format=torch.channels_last),
            {name: all_of(name) / d for name, d in DEVIATIONS.items()},
            {name: all_of(f"{name}_aim") / d for name, d in DEVIATIONS.items()},
            {name: all_of(f"{name}_pull") for name in DEVIATIONS},
            all_of("quarter"),
        )


def _taken(
    told: Mapping[str, Tensor], points: Sequence[int], crops: Sequence[int]
) -> dict[str, Tensor]:
    """Return what a lesson tells of some crops at two points: (2, crops, ...)."""
    at, of = torch.as_tensor(np.array(points)), torch.as_tensor(np.array(crops))
    found = {}
    for name, values in told.items():
        device = values.device
        if name.endswith("_aim"):
            found[name] = values[of.to(device)].expand(len(at), *(-1,) * values.ndim)
        else:
            found[name] = values[at.to(device)][:, of.to(device)]
    return found


@dataclass(slots=True)
class Run:
    """One training: the student, its average, and how far it is."""

    student: Student
    average: Student
    optimiser: torch.optim.Optimizer
    step: int = 0

    def save(self, folder: Path) -> None:
        """Keep all that the training goes on from, and the averaged weights."""
        state = {
            "student": self.student.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        part = folder / "checkpoint.part"
        torch.save(state, part)
        part.replace(folder / "checkpoint.pt")
        weights = {k: v.half().contiguous() for k, v in self.average.weights().items()}
        save_file(weights, folder / "weights.part")
        (folder / "weights.part").replace(folder / OWN.name)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def begun(asked: argparse.Namespace, device: torch.device) -> Run:
    """Return a run: from its checkpoint, from weights, or from nothing."""
    torch.manual_seed(asked.seed)
    student = Student().to(device).to(memory_format=torch.channels_last)
    if asked.warm:
        student.take(load_file(asked.warm))
    average = copy.deepcopy(student).requires_grad_(False)
    optimiser = torch.optim.AdamW(
        student.parameters(), asked.rate, betas=(0.9, 0.99), weight_decay=_DECAY
    )
    run = Run(student, average, optimiser)
    if (asked.run / "checkpoint.pt").exists():
        run.load(asked.run / "checkpoint.pt")
    return run


def rate_at(step: int, steps: int, rate: float) -> float:
    """Return the learning rate: a short rise, then half a cosine down to a hundredth."""
    fall = 0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1))
    return rate * min((step + 1) / _WARM, 1) * (0.01 + 0.99 * fall)


def advance(
    run: Run, lessons: Lessons, asked: argparse.Namespace, steps: int
) -> dict[str, Tensor]:
    """Do one step of as many; return its losses."""
    rng = np.random.default_rng([asked.seed, run.step, _rank()])
    for group in run.optimiser.param_groups:
        group["lr"] = rate_at(run.step, steps, asked.rate)
    head = "flux" if rng.random() < _FLUX_SHARE else "sana"
    pulled = asked.warm or run.step >= _PULLED_FROM * steps
    found = losses(run.student, lessons.batch(rng, asked.at_once), head if pulled else None)
    run.optimiser.zero_grad(set_to_none=True)
    torch.stack([_WEIGHTS[name] * loss for name, loss in found.items()]).sum().backward()
    nn.utils.clip_grad_norm_(run.student.parameters(), _CLIP)
    run.optimiser.step()
    run.step += 1
    if run.step % _TOGETHER == 0:
        _meet(run.student)
    keep = min(_AVERAGED, (1 + run.step) / (10 + run.step))
    with torch.no_grad():
        for mean, now in zip(run.average.parameters(), run.student.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)
    return found


def _meet(student: Student) -> None:
    """Give every process the mean of their weights."""
    if distributed.is_initialized():
        weights = [p.data for p in student.parameters()]
        flat = torch.cat([w.flatten() for w in weights])
        distributed.all_reduce(flat)
        parts = (flat / distributed.get_world_size()).split([w.numel() for w in weights])
        for weight, part in zip(weights, parts, strict=True):
            weight.copy_(part.view_as(weight))


def _rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def judged(student: Student, lessons: Lessons) -> str:
    """Return, of lessons that were never learnt: the share of the latents that is missed, and how
    alike the pulls are in luma, at full and half size, at the first points and the last, and in
    colour."""
    found: dict[str, list[float]] = {}
    for batch in lessons.judging():
        for name in DEVIATIONS:
            x = batch.x.detach().requires_grad_(True)
            z = student(x)[0][name]
            wanted = batch.latents[name]
            missed = (z - wanted).pow(2).sum() / (
                wanted - wanted.mean((0, 2, 3), keepdim=True)
            ).pow(2).sum()
            (pull,) = torch.autograd.grad((z * (wanted - batch.aims[name])).sum(), x)
            own, theirs = by_planes(pull), by_planes(batch.pulls[name])
            for scale in (1, 2):
                first, last = alike(own[:, :1], theirs[:, :1], scale).chunk(2)
                found.setdefault(f"{name} pull/{scale}", []).append(float(first.mean()))
                found.setdefault(f"{name} late/{scale}", []).append(float(last.mean()))
            colour = alike(own[:, 1:], theirs[:, 1:], 2)
            found.setdefault(f"{name} colour", []).append(float(colour.mean()))
            found.setdefault(f"{name} missed", []).append(float(missed.detach()))
    return ", ".join(f"{name} {np.mean(values):.3f}" for name, values in found.items())


def main() -> None:
    """Train, and say how it goes."""
    asked = _parser().parse_args()
    asked.run.mkdir(parents=True, exist_ok=True)
    if "WORLD_SIZE" in os.environ:
        distributed.init_process_group("gloo")
        asked.minutes = math.inf  # by clocks of their own some would end before others
    device = best_device().torch
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, True
    run, lessons = begun(asked, device), Lessons(asked.lessons, device)
    lessons.look()
    first, started, sums = run.step, time.monotonic(), dict[str, Tensor]()
    steps = asked.steps
    while run.step < steps:
        if run.step % _SAVED == 0:
            lessons.look()
        for name, loss in advance(run, lessons, asked, steps).items():
            sums[name] = sums.get(name, 0) + loss.detach() / _SAVED
        spent = time.monotonic() - started
        steps = planned(asked.steps, first, run.step - first, spent / 60, asked.minutes)
        if run.step % _SAVED == 0 and _rank() == 0:
            run.save(asked.run)
            told = ", ".join(f"{name} {float(value):.3f}" for name, value in sums.items())
            print(f"{run.step} of {steps} ({spent:.0f} s): {told}", flush=True)
            sums = {}
        if run.step % _JUDGED == 0 and _rank() == 0:
            print(f"  kept lessons: {judged(run.average, lessons)}", flush=True)
    if _rank() == 0:
        run.save(asked.run)
    if asked.ship and _rank() == 0:
        OWN.write_bytes((asked.run / OWN.name).read_bytes())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    parser.add_argument("--at-once", type=int, default=1, help="lessons that a step learns from")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="warm", type=Path)
    parser.add_argument("--ship", action="store_true")
    return parser


if __name__ == "__main__":
    main()
