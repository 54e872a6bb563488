"""What a cloak gains at equal visibility, beside the published loops: python -m bench.cloak

    [--files NAME ...] [--floors 80 65 45] [--target charcoal] [--steps 20] [--posted 1600]
    [--window 512] [--references NAME ...] [--check]

Each art file is brought to the size that an artist posts (long side 1600 px), and the square in
its middle is worked on as a part of it: what platforms shrink the whole picture by, the square is
shrunk by. Every loop draws towards the same target, with the same encoders, at the same
SSIMULACRA2: by default the picture as a charcoal drawing, one of the styles of mode `style`, which
lies far (`far`: |E(x) - z*| / |E(x)| of each encoder); `checker` is the checkerboard of the first
trials (knowledge/cloak.md, 5b), which is dear on flat art. A reference runs shortly
to find its eps, then in full with it, and is scaled to the floor, which both must keep as pixels
and as JPEG 95. Shown are seconds, encoder
passes, the memory that the process has needed by then at most, SSIMULACRA2 (at its size, and
doubled: seen from half the distance), PSNR, and 1 - R (mean over the encoders) behind each chain;
`gain` is that behind the worse platform, beside random signs and the shuffled change. In the last
rows an encoder is left out of the optimisation, and only that one is asked. `--check` first shows
that the plain loop gives the rows of 5b.
"""

from __future__ import annotations

import argparse
import functools
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from bench.references import FASTPROTECT, LOOPS, PLAIN, Loop
from bench.squares import ART, SHARED
from postguard.cloak.attack import Bounds, Schedule, attack
from postguard.cloak.budget import budget
from postguard.cloak.cloaking import STEPS
from postguard.cloak.coding import Coder
from postguard.cloak.colour import colour_share
from postguard.cloak.device import CPU, best_device, cpu
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.eye import Eye, error_at
from postguard.cloak.holding import hold, judge
from postguard.cloak.measure import COPIES, READ_PIXELS
from postguard.cloak.pixels import Pixels, scale_inside, scale_to_area, scaled, shrunk
from postguard.cloak.platforms import BLUESKY_SIDES, Chain, Codec, chains
from postguard.cloak.pull import Pull
from postguard.cloak.resizing import resized
from postguard.cloak.sheet import spread
from postguard.cloak.styles import STYLES
from postguard.cloak.targets import Target
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.cloak.transforms import Looks, View, with_loss
from postguard.imaging.visibility import ssimulacra2
from postguard.protect.steps.cloak import CEILINGS, FLOORS

# knowledge/cloak.md, 5b: safe-landing, checker, plain 4/255: R of FLUX.2 and Sana
SHORT = 512
CHECKER = "checker"
_HAND = 5  # seed of the strokes of a style
ROW_5B = {"png": (0.763, 0.780), "jpeg75": (0.891, 0.904), "half": (0.952, 0.982)}
CHAINS = ("png", "jpeg75", "half", *COPIES)
_HEAD = (
    f"{'':22} seconds passes   GB ssimulacra2 doubled  psnr |   gain  signs shuffled | "
    f"{' '.join(CHAINS)}"
)


@dataclass(frozen=True, slots=True)
class Square:
    """The middle of a posted picture, (H,W,3) uint8, and the (height, width) of the whole. It is
    worked on where its target (1,3,H,W) lies."""

    pixels: Pixels
    whole: tuple[int, int]
    target: Tensor

    @property
    def x(self) -> Tensor:
        """(1,3,H,W) in [0,1]."""
        return to_tensor(self.pixels, self.target.device)

    @property
    def served(self) -> float:
        """How Bluesky's feed shrinks it."""
        return _fed(self.whole)

    @torch.no_grad()
    def far(self, encoder: Encoder) -> float:
        """How far the target is for an encoder, as a share of what it reads in the picture."""
        own = encoder(self.x)
        return float((own - encoder(self.target)).norm() / own.norm())

    def read(self, chain: Chain, pixels: Pixels) -> Tensor:
        """Return what a model reads of it behind a chain."""
        behind = chain(pixels)
        whole = scaled(self.whole, chain.scale)
        size = behind.shape[0], behind.shape[1]
        read = shrunk(behind, scaled(size, scale_to_area(whole, READ_PIXELS)))
        return to_tensor(read, self.target.device)


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rows share: the encoders, and how many passes they have done."""

    encoders: Sequence[Encoder]
    passes: list[int]
    steps: int
    loops: Sequence[Loop] = LOOPS


def main() -> None:
    """Print one table for each file and floor."""
    asked = _parser().parse_args()
    encoders = load_encoders(SHARED / "weights", best_device())
    loops = [loop for loop in LOOPS if loop.name in asked.references]
    bench = Bench(encoders, [], asked.steps, loops)
    for encoder in encoders:
        encoder.stages[0].register_forward_hook(lambda *_: bench.passes.append(1))
    print(f"{encoders[0].device.name}; {', '.join(e.name for e in encoders)}; {FASTPROTECT}")
    if asked.check:
        print(check(), flush=True)
    for name in asked.files:
        square = middle(name, asked.posted, asked.window, asked.target, encoders[0].device.torch)
        far = ", ".join(f"{square.far(e):.2f} for {e.name}" for e in encoders)
        print(f"\n{name}, {square.whole[1]}x{square.whole[0]}, {asked.target}: far {far}")
        for floor in asked.floors:
            print(f"\n{name}, SSIMULACRA2 {floor:g}\n{_HEAD}", flush=True)
            for line in rows(square, floor, bench):
                print(line, flush=True)


def rows(square: Square, floor: float, bench: Bench) -> Iterator[str]:
    """Yield the line of each loop, the ratios to the best of the others, and the left-out rows."""
    best = 0.0
    for loop in bench.loops:
        cost = _Cost(bench)
        after = at_floor(loop, square, floor, bench)
        said = cost.said()
        found = gains(square, after, bench.encoders)
        best = max(best, worse_platform(found["r"]))
        yield f"{loop.name:22} {said}{line(square.pixels, after, found)}"
    cost = _Cost(bench)
    after = ours(square, floor, bench.encoders)
    said = cost.said()
    found = gains(square, after, bench.encoders)
    yield f"{'postguard':22} {said}{line(square.pixels, after, found)}"
    control = max(worse_platform(found["signs"]), worse_platform(found["shuffled"]), 0.01)
    gain = worse_platform(found["r"])
    reference = f"to the best reference {gain / max(best, 0.01):.1f}, " if bench.loops else ""
    yield f"ratio {reference}to the best control {gain / control:.1f}"
    for left_out in bench.encoders:
        led_by = [e for e in bench.encoders if e is not left_out]
        cost = _Cost(bench)
        after = ours(square, floor, led_by)
        said = cost.said()
        found = gains(square, after, [left_out])
        yield f"{f'without {left_out.name}, on it':22} {said}{line(square.pixels, after, found)}"


Gains = Mapping[str, Mapping[str, float]]  # r, signs, shuffled -> chain -> 1 - R


@torch.no_grad()
def gains(square: Square, after: Pixels, encoders: Sequence[Encoder]) -> Gains:
    """Return 1 - R, mean over the encoders, behind each chain, of the cloak and both controls."""
    change = after.astype(np.int16) - square.pixels
    flip = np.random.default_rng(0).integers(0, 2, change.shape[:2]) * 2 - 1
    moved = np.random.default_rng(1).permutation(change.reshape(-1, 3)).reshape(change.shape)
    looks = {"r": change, "signs": change * flip[..., None], "shuffled": moved}
    found: dict[str, dict[str, float]] = {name: {} for name in looks}
    for chain in chains(square.whole):
        clean = square.read(chain, square.pixels)
        aim = resized(square.target, (clean.shape[-2], clean.shape[-1]))
        for name, look in looks.items():
            changed = np.clip(square.pixels + look, 0, 255).astype(np.uint8)
            seen = square.read(chain, changed)
            ratios = [_ratio(encoder, clean, seen, aim) for encoder in encoders]
            found[name][chain.name] = 1 - float(np.mean(ratios))
    return found


def worse_platform(behind: Mapping[str, float]) -> float:
    """Return the gain of a look behind the worse platform."""
    return min(behind[name] for name in COPIES if name in behind)


def line(before: Pixels, after: Pixels, found: Gains) -> str:
    """Return what was measured of one result, as one line."""
    doubled = (p.repeat(2, 0).repeat(2, 1) for p in (before, after))
    error = float(((after.astype(float) - before) ** 2).mean())
    seen = f"{ssimulacra2(before, after):11.1f} {ssimulacra2(*doubled):7.1f} "
    left = " ".join(f"{found['r'].get(c, np.nan):.3f}" for c in CHAINS)
    worst = " ".join(f"{worse_platform(found[name]):6.3f}" for name in ("r", "signs", "shuffled"))
    return f"{seen} {10 * np.log10(255**2 / error):4.1f} | {worst} | {left}"


def at_floor(loop: Loop, square: Square, floor: float, bench: Bench) -> Pixels:
    """Return a reference's result at the floor: its eps found by a short run, then the run."""
    return with_eps(loop, square, floor, bench, eps_at(loop, square, floor, bench))


def eps_at(loop: Loop, square: Square, floor: float, bench: Bench) -> float:
    """Return about the eps, in [0,1] units, with which a reference ends at the floor."""
    x, eps = square.x, 4 / 255
    trial = loop.run(x, square.target, bench.encoders, eps, max(bench.steps // 4, 1))
    return eps * _share(x, trial, floor)


def with_eps(loop: Loop, square: Square, floor: float, bench: Bench, eps: float) -> Pixels:
    """Return a reference's result with this eps, scaled to the floor."""
    x = square.x
    d = loop.run(x, square.target, bench.encoders, eps, bench.steps)
    return to_pixels((x + _share(x, d, floor) * d).clamp(0, 1))


def ours(square: Square, floor: float, encoders: Sequence[Encoder], steps: int = STEPS) -> Pixels:
    """Return the engine's own result, of the same parts that `cloaking.cloak` joins."""
    strength = next(k for k, v in FLOORS.items() if v <= floor)
    ceiling = CEILINGS[strength] / 255
    x = square.x
    served = scaled((x.shape[-2], x.shape[-1]), square.served)
    limit = budget(x, ceiling)
    colour = colour_share(x, limit)
    bounds = Bounds(limit, Eye(x), error_at(floor), colour, Coder(x, served))
    pull = Pull(encoders, x, [Target("bench", square.target)])
    whole = scaled((x.shape[-2], x.shape[-1]), scale_to_area(square.whole, READ_PIXELS))
    looks = Looks(View(scaled(served, 0.5)), View(served), View(whole))
    found = attack(pull, bounds, looks, Schedule(steps, 86_400.0, time.monotonic))
    return hold(spread(square.pixels, None, found.d, ceiling), floor, x.device)[0]


def check() -> str:
    """Return the plain loop's rows beside those of knowledge/cloak.md, 5b, and the largest gap."""
    encoders = load_encoders(SHARED / "weights", cpu())
    plain = sorted(encoders, key=lambda e: e.stride)  # FLUX.2, then Sana
    x = to_tensor(_crop("safe-landing.jpg", SHORT / 1622, SHORT)[0])
    target = checkerboard(SHORT)
    y = to_tensor(to_pixels((x + PLAIN.run(x, target, plain, 4 / 255, 20)).clamp(0, 1)))
    small, jpeg = (SHORT // 2, SHORT // 2), Codec("JPEG", 75)
    looks = {
        "png": lambda v: v,
        "jpeg75": functools.partial(with_loss, jpeg),
        "half": lambda v: resized(v, small),
    }
    lines, worst = [], 0.0
    for name, look in looks.items():
        aim = resized(target, small) if name == "half" else target
        found = [_ratio(e, look(x), look(y), aim) for e in plain]
        worst = max(worst, *(abs(f - r) for f, r in zip(found, ROW_5B[name], strict=True)))
        lines.append(f"{name} {found[0]:.3f}/{found[1]:.3f} (5b: {ROW_5B[name]})")
    return f"plain 4/255, checker: {', '.join(lines)}; largest gap {worst:.3f}"


def middle(name: str, posted: int, window: int, target: str, device: torch.device = CPU) -> Square:
    """Return the square in the middle of an art file whose long side is brought to `posted`, and
    its target: `checker`, or a style of mode `style`, drawn at the size that the feed shows."""
    with Image.open(SHARED / "art" / name) as image:
        scale = min(1.0, posted / max(image.size))
    pixels, whole = _crop(name, scale, window)
    if target == CHECKER:
        return Square(pixels, whole, checkerboard(window).to(device))
    served = resized(to_tensor(pixels, device), scaled((window, window), _fed(whole)))
    drawn = STYLES[target](served, Generator().manual_seed(_HAND))
    return Square(pixels, whole, resized(drawn, (window, window)).clamp(0, 1))


def _fed(whole: tuple[int, int]) -> float:
    return scale_inside(whole, BLUESKY_SIDES[0])


def checkerboard(side: int) -> Tensor:
    """The target of the trial (trials/cloak_trial.py)."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    wave = 0.1 * torch.sin(x / 7.0) * torch.cos(y / 5.0)
    pattern = (((x // 16 + y // 16) % 2) * 0.8 + 0.1 + wave).clamp(0, 1)
    return pattern.expand(1, 3, side, side).float()


def _crop(name: str, scale: float, side: int) -> tuple[Pixels, tuple[int, int]]:
    with Image.open(SHARED / "art" / name) as image:
        size = round(image.width * scale), round(image.height * scale)
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return np.asarray(small.crop((left, top, left + side, top + side))), (size[1], size[0])


def _share(x: Tensor, d: Tensor, floor: float) -> float:
    """Return the factor at which `d` scores the floor as the engine's own does, by bisection."""
    score = judge(to_pixels(x), x.device)
    low, high = 0.0, 4.0
    for _ in range(10):
        half = (low + high) / 2
        good = score(to_pixels((x + half * d).clamp(0, 1))) >= floor
        low, high = (half, high) if good else (low, half)
    return low


@torch.no_grad()
def _ratio(encoder: Encoder, clean: Tensor, cloaked: Tensor, aim: Tensor) -> float:
    goal = encoder(aim)
    return float((encoder(cloaked) - goal).norm() / (encoder(clean) - goal).norm())


class _Cost:
    """Seconds and passes from its making on."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._started, self._done = time.monotonic(), len(bench.passes)

    def said(self) -> str:
        seconds, passes = time.monotonic() - self._started, len(self._bench.passes) - self._done
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        return f"{seconds:7.1f} {passes:6} {peak:4.1f} "


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=ART)
    parser.add_argument("--floors", nargs="*", type=float, default=[80.0, 65.0, 45.0])
    parser.add_argument("--target", choices=[CHECKER, *STYLES], default="charcoal")
    names = [loop.name for loop in LOOPS]
    parser.add_argument("--references", nargs="*", choices=names, default=names)
    parser.add_argument("--steps", type=int, default=20, help="of the references")
    parser.add_argument("--posted", type=int, default=1600, help="long side of the posted file")
    parser.add_argument("--window", type=int, default=512, help="pixels of the square worked on")
    parser.add_argument("--check", action="store_true", help="the plain loop against 5b, first")
    return parser


if __name__ == "__main__":
    main()
