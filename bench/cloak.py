"""What a cloak gains at equal visibility, beside the published loops: python -m bench.cloak

    [--side 384] [--files NAME ...] [--floors 65] [--steps 40] [--check]

For a centre square of each art file (its short side brought to 512 px): seconds, encoder passes,
SSIMULACRA2 (at its size, and doubled: seen from half the distance), PSNR, and 1 - R (mean over the
encoders) behind each chain, beside random signs and the shuffled change of the same size. Every
loop draws towards the same target with the same encoders; a reference runs once to find its eps,
once more with it, and is scaled to the floor. `--check` first shows that the plain loop gives the
rows of knowledge/cloak.md, 5b.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from bench.references import FASTPROTECT, LOOPS, PLAIN, Loop
from postguard.cloak.cloaking import Studio, cloak
from postguard.cloak.device import best_device, cpu
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.job import Job
from postguard.cloak.measure import Ratios, Trial, gain, measure
from postguard.cloak.targets import TARGETS
from postguard.cloak.tensors import Pixels, resized, to_pixels, to_tensor
from postguard.cloak.transforms import Codec
from postguard.imaging.visibility import reference, ssimulacra2
from postguard.protect.steps.cloak import CEILINGS, FLOORS

SHARED = Path(__file__).resolve().parents[2] / "shared"
SEED = "be" * 32  # of no artist
ART = ["flying-konqui.png", "pastel-hills.jpg", "safe-landing.jpg", "autumn.jpg", "patak-5k.png"]
SHORT = 512
CHAINS = ("png", "jpeg75", "half", "bluesky", "mastodon")
# knowledge/cloak.md, 5b: safe-landing, checker, plain 4/255: R of FLUX.2 and Sana
ROW_5B = {"png": (0.763, 0.780), "jpeg75": (0.891, 0.904), "half": (0.952, 0.982)}


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rows share: the encoders, and how many passes they have done."""

    encoders: Sequence[Encoder]
    passes: list[int]
    steps: int


def main() -> None:
    """Print one table for each file and floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=384, help="pixels of the square")
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--floors", nargs="*", type=float, default=[65.0])
    parser.add_argument("--steps", type=int, default=40, help="of the references")
    parser.add_argument("--check", action="store_true", help="the plain loop against 5b, first")
    asked = parser.parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    bench = Bench(encoders, [], asked.steps)
    for encoder in encoders:
        encoder.stages[0].register_forward_hook(lambda *_: bench.passes.append(1))
    print(f"{encoders[0].device.name}; {', '.join(e.name for e in encoders)}; {FASTPROTECT}")
    if asked.check:
        print(check(), flush=True)
    for name in asked.files:
        for floor in asked.floors:
            print(f"\n{name}, {asked.side} px, SSIMULACRA2 {floor:g}\n{_HEAD}", flush=True)
            for line in rows(crop(SHARED / "art" / name, asked.side), floor, bench):
                print(line, flush=True)


_HEAD = (
    f"{'':12} seconds passes ssimulacra2 doubled  psnr | gain signs shuffled | {' '.join(CHAINS)}"
)


def rows(pixels: Pixels, floor: float, bench: Bench) -> Iterator[str]:
    """Yield the line of each loop, and the ratio of ours to the best of the others."""
    x = to_tensor(pixels)
    target = TARGETS["immunise"](_generator()).draw(x)
    best = 0.0
    for loop in LOOPS:
        started, done = time.monotonic(), len(bench.passes)
        after = at_floor(loop, x, target, floor, bench)
        head = _cost(loop.name, started, done, bench)
        ratios = measure(Trial(pixels, after, target), bench.encoders)
        best = max(best, gain(ratios))
        yield head + line(pixels, after, ratios)
    started, done = time.monotonic(), len(bench.passes)
    after = ours(pixels, floor, bench.encoders)
    head = _cost("postguard", started, done, bench)
    ratios = measure(Trial(pixels, after, target), bench.encoders)
    yield head + line(pixels, after, ratios)
    controls = max(gain(ratios, "signs"), gain(ratios, "shuffled"), 0.01)
    over = gain(ratios) / max(best, 0.01), gain(ratios) / controls
    yield f"ratio to the best reference {over[0]:.2f}, to the best control {over[1]:.1f}"


def line(before: Pixels, after: Pixels, ratios: Ratios) -> str:
    """Return what was measured of one result, as one line."""
    doubled = (p.repeat(2, 0).repeat(2, 1) for p in (before, after))
    error = float(((after.astype(float) - before) ** 2).mean())
    seen = f"{ssimulacra2(before, after):11.1f} {ssimulacra2(*doubled):7.1f} "
    left = " ".join(f"{1 - np.mean([e['r'] for e in ratios[c].values()]):.3f}" for c in CHAINS)
    gains = " ".join(f"{gain(ratios, which):.3f}" for which in ("r", "signs", "shuffled"))
    return f"{seen} {10 * np.log10(255**2 / error):4.1f} | {gains} | {left}"


def at_floor(loop: Loop, x: Tensor, target: Tensor, floor: float, bench: Bench) -> Pixels:
    """Return a reference's result at the floor: its eps found by a short run, then the run."""
    eps = 4 / 255
    trial = loop.run(x, target, bench.encoders, eps, max(bench.steps // 4, 1))
    eps *= _share(x, trial, floor)
    d = loop.run(x, target, bench.encoders, eps, bench.steps)
    return to_pixels((x + _share(x, d, floor) * d).clamp(0, 1))


def ours(pixels: Pixels, floor: float, encoders: Sequence[Encoder]) -> Pixels:
    """Return the engine's own result, through files as in a post."""
    strength = next(k for k, v in FLOORS.items() if v <= floor)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.png"), Path(folder, "out.png")
        Image.fromarray(pixels).save(source)
        ceiling, models = CEILINGS[strength], SHARED / "weights"
        job = Job("immunise", strength, ceiling, SEED, 86_400.0, models, source, target, floor)
        cloak(job, Studio(encoders, time.monotonic), lambda _: None)
        with Image.open(target) as image:
            return np.asarray(image)


def check() -> str:
    """Return the plain loop's rows beside those of knowledge/cloak.md, 5b, and the largest gap."""
    encoders = load_encoders(SHARED / "weights", cpu())
    plain = sorted(encoders, key=lambda e: e.stride)  # FLUX.2, then Sana
    x = to_tensor(crop(SHARED / "art" / "safe-landing.jpg", SHORT))
    target = _checkerboard(SHORT)
    y = to_tensor(to_pixels((x + PLAIN.run(x, target, plain, 4 / 255, 20)).clamp(0, 1)))
    small, jpeg = (SHORT // 2, SHORT // 2), Codec("JPEG", 75)
    looks = {
        "png": lambda v: v,
        "jpeg75": jpeg.straight_through,
        "half": lambda v: resized(v, small),
    }
    lines, worst = [], 0.0
    for name, look in looks.items():
        aim = resized(target, small) if name == "half" else target
        found = [_ratio(e, look(x), look(y), aim) for e in plain]
        worst = max(worst, *(abs(f - r) for f, r in zip(found, ROW_5B[name], strict=True)))
        lines.append(f"{name} {found[0]:.3f}/{found[1]:.3f} (5b: {ROW_5B[name]})")
    return f"plain 4/255, checker: {', '.join(lines)}; largest gap {worst:.3f}"


def crop(path: Path, side: int) -> Pixels:
    """Return a centre square of `side` after bringing the short side to SHORT."""
    with Image.open(path) as image:
        scale = SHORT / min(image.size)
        size = round(image.width * scale), round(image.height * scale)
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return np.asarray(small.crop((left, top, left + side, top + side)))


def _share(x: Tensor, d: Tensor, floor: float) -> float:
    """Return the factor at which `d` scores the floor, by bisection."""
    judge = reference(to_pixels(x))
    low, high = 0.0, 4.0
    for _ in range(10):
        middle = (low + high) / 2
        good = judge.score(to_pixels((x + middle * d).clamp(0, 1))) >= floor
        low, high = (middle, high) if good else (low, middle)
    return low


@torch.no_grad()
def _ratio(encoder: Encoder, clean: Tensor, cloaked: Tensor, aim: Tensor) -> float:
    goal = encoder(aim)
    return float((encoder(cloaked) - goal).norm() / (encoder(clean) - goal).norm())


def _checkerboard(side: int) -> Tensor:
    """The target of the trial (trials/cloak_trial.py)."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    wave = 0.1 * torch.sin(x / 7.0) * torch.cos(y / 5.0)
    pattern = (((x // 16 + y // 16) % 2) * 0.8 + 0.1 + wave).clamp(0, 1)
    return pattern.expand(1, 3, side, side).float()


def _generator() -> Generator:
    """As the engine seeds it: the references get the engine's own target."""
    return Generator().manual_seed(int(SEED[:16], 16) >> 1)


def _cost(name: str, started: float, done: int, bench: Bench) -> str:
    return f"{name:12} {time.monotonic() - started:7.1f} {len(bench.passes) - done:6} "


if __name__ == "__main__":
    main()
