"""Does a cloak keep a model from learning a style? A proxy: python -m bench.mimicry

    [--mode style] [--floor 65] [--artist autumn.jpg] [--led-by taef2 ...] [--seeds 3]
    [--purifier "noise, bilateral"] [--sheet made.png] [--quick]

A small latent denoiser (`bench.denoiser`; not Stable Diffusion) is trained on squares of other
art, then goes on learning from 20 squares of one painting, the artist's works: clean, with random
signs of the cloak's amounts, cloaked, and cloaked then purified. What it then makes is compared
with squares of the same painting that it never saw. These go through the autoencoder first, for
what the denoiser makes does too.

The measure that counts is fixed beforehand: the Fréchet distance of latent cells in an encoder
that did not lead the cloak. Colours, edge directions and the spectrum (`bench.likeness`) stand
beside it. The seeds change the order of learning and all noise, not the squares, and are the same
in all cases: differences are taken seed by seed, and one is called shown where its mean is more
than twice the deviation of the seeds. With few seeds and several measures that is a hint, not a
proof.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from bench.cleaning import SIMPLE, Autoencoder, autoencoder
from bench.denoiser import WINDOW, Denoiser, Training, sampled, trained, weights
from bench.likeness import Distance, distances
from bench.purifiers import gains
from bench.squares import ART, SHARED, Cloaked, Wish, cloaked, grid
from bench.verdicts import BEFORE, CLEAN, CLOAKED, SIGNS, Case, table, verdicts
from postguard.cloak.cloaking import STEPS
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.pixels import Pixels
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.imaging.visibility import ssimulacra2

ROWS = 5  # squares along the short side of each art file
WINDOW_PX = 8 * WINDOW
_BATCH, _SHOWN = 8, 8
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Size:
    """How large the experiment is. `side`: px of a square; `works`: squares of the artist; `made`:
    pictures of each denoiser; `before`, `learning`: on other art, on the works; `steps`: of the
    engine."""

    side: int
    works: int
    made: int
    before: Training
    learning: Training
    steps: int
    seeds: int


FULL = Size(256, 20, 48, Training(800, 1e-3), Training(250, 5e-4), STEPS, 3)
QUICK = Size(128, 6, 8, Training(40, 2e-3), Training(20, 1e-3), 6, 2)


@dataclass(frozen=True, slots=True)
class Lab:
    """What every case shares. `held_out`: (N,3,h,w), the works to be mimicked; `rows`: some of
    them, and then some of what each case made, to be looked at."""

    size: Size
    tiny: Autoencoder
    held_out: Tensor
    measures: Mapping[str, Distance]
    rows: list[Tensor]

    def judged(self, pictures: Tensor) -> list[float]:
        """(N,3,h,w) in [0,1] -> how far they are from the works held out, by each measure."""
        return [distance(pictures, self.held_out) for distance in self.measures.values()]

    def case(self, net: Denoiser, works: Sequence[Pixels], seeds: int) -> Case:
        """Let the net learn from the works, with each seed, and judge what it makes."""
        z = latents(self.tiny, works)
        shown = self.judged(windows(self.tiny, z[: len(works)]))
        runs = [
            self.judged(self._made(trained(net, z, self.size.learning, _seeded(1 + s)), s))
            for s in range(seeds)
        ]
        return Case(runs, shown)

    def before(self, net: Denoiser, seeds: int) -> Case:
        """Judge what the net makes that has not seen the works."""
        return Case([self.judged(self._made(net, seed)) for seed in range(seeds)])

    def _made(self, net: Denoiser, seed: int) -> Tensor:
        made = decoded(self.tiny, sampled(net, self.size.made, _seeded(1000 + seed)))
        if seed == 0:
            self.rows.append(made[:_SHOWN])
        return made


def main() -> None:
    """Print the tables and what they show."""
    asked = _parser().parse_args()
    if not (SHARED / "art").is_dir():
        sys.exit(f"no art to measure with in {SHARED}")
    size = QUICK if asked.quick else FULL
    seeds = asked.seeds or size.seeds
    encoders = load_encoders(SHARED / "weights", best_device())
    led, reader = _parted(encoders, asked.led_by)
    learnt, held_out, others = _works(asked.artist, size)
    memory = Path(tempfile.mkdtemp()) / "style.json"  # all works are drawn towards one style
    wish = Wish(asked.mode, asked.floor, size.steps, memory)
    made = _timed("cloaking", lambda: [cloaked(p, wish, led) for p in learnt])
    print(_head(asked.artist, wish, made, led, encoders))
    tiny = autoencoder(SHARED / "weights", encoders)
    style = windows(tiny, latents(tiny, held_out)[: len(held_out)])
    lab = Lab(size, tiny, style, distances(reader), [style[:_SHOWN]])
    net = _timed("learning other art", lambda: _prepared(lab, others))
    print(
        f"denoiser of {weights(net):,} weights: {size.before.steps} steps on {len(others)} "
        f"squares of other art, {size.learning.steps} on the works; judged by {reader.name}\n"
    )
    cases = {BEFORE: lab.before(net, seeds)}
    for name, works in _sets(made, asked.purifier).items():
        cases[name] = _timed(name, lambda works=works: lab.case(net, works, seeds))
    print(table(cases, list(lab.measures)))
    print(verdicts(cases, list(lab.measures)))
    if asked.sheet:
        _sheet(lab.rows).save(asked.sheet)


def latents(tiny: Autoencoder, pictures: Sequence[Pixels]) -> Tensor:
    """Return (2N,C,h,w): those of the pictures, then those of their mirror images."""
    both = [*pictures, *(np.ascontiguousarray(p[:, ::-1]) for p in pictures)]
    x = torch.cat([to_tensor(p) for p in both]).to(tiny.encoder.device.torch)
    with torch.no_grad():
        return torch.cat([tiny.encoder(part) for part in x.split(_BATCH)])


def decoded(tiny: Autoencoder, z: Tensor) -> Tensor:
    """(N,C,h,w) -> (N,3,8h,8w) in [0,1], on the CPU."""
    with torch.no_grad():
        return torch.cat([tiny.decoded(part).cpu() for part in z.split(_BATCH)])


def windows(tiny: Autoencoder, z: Tensor) -> Tensor:
    """Decode latents and cut the pictures into squares of the size that the denoiser makes."""
    rows = decoded(tiny, z).split(WINDOW_PX, -2)
    return torch.cat([part for row in rows for part in row.split(WINDOW_PX, -1)])


def _prepared(lab: Lab, others: Sequence[Pixels]) -> Denoiser:
    """Return a denoiser that knows art in general."""
    z = latents(lab.tiny, others)
    torch.manual_seed(0)  # its first weights
    net = Denoiser(z).to(z.device, memory_format=torch.channels_last)
    return trained(net, z, lab.size.before, _seeded(0))


def _parted(encoders: Sequence[Encoder], names: Sequence[str]) -> tuple[list[Encoder], Encoder]:
    """Return those that lead the cloak, and one that judges."""
    led = [e for e in encoders if e.name in names]
    others = [e for e in encoders if e not in led]
    if not led or not others:
        sys.exit(f"one encoder must lead and another judge: {', '.join(e.name for e in encoders)}")
    return led, others[0]


def _works(artist: str, size: Size) -> tuple[list[Pixels], list[Pixels], list[Pixels]]:
    """Return the works, all other squares of their painting, and twice as many of other art."""
    rng = np.random.default_rng(3)
    own = list(grid(artist, ROWS * size.side, size.side))
    order = rng.permutation(len(own))
    first, second = order[: size.works], order[size.works :]
    others = [s for n in ART if n != artist for s in grid(n, ROWS * size.side, size.side)]
    picked = rng.permutation(len(others))[: 2 * size.works]
    return [own[i] for i in first], [own[i] for i in second], [others[i] for i in picked]


def _sets(made: Sequence[Cloaked], purifier: str) -> dict[str, list[Pixels]]:
    purify = SIMPLE[purifier]
    return {
        CLEAN: [m.before for m in made],
        SIGNS: [m.signs() for m in made],
        CLOAKED: [m.after for m in made],
        f"{CLOAKED}, then {purifier}": [purify(m.after) for m in made],
    }


def _sheet(rows: Sequence[Tensor]) -> Image.Image:
    """Return rows of pictures, one below the other."""
    return Image.fromarray(to_pixels(torch.cat([torch.cat([*row], -1) for row in rows], -2)[None]))


def _head(
    artist: str,
    wish: Wish,
    made: Sequence[Cloaked],
    led: Sequence[Encoder],
    encoders: Sequence[Encoder],
) -> str:
    """Say what was cloaked, how visibly, and what it gained."""
    ours = np.mean([ssimulacra2(m.before, m.after) for m in made])
    signs = np.mean([ssimulacra2(m.before, m.signs()) for m in made])
    each = np.mean([gains(m.before, m.after, m, encoders) for m in made], 0)
    gained = ", ".join(f"{e.name} {g:.3f}" for e, g in zip(encoders, each, strict=True))
    return (
        "A proxy, not Stable Diffusion.\n"
        f"{len(made)} squares of {artist}, {made[0].before.shape[0]} px, {wish.mode}, led by "
        f"{', '.join(e.name for e in led)}: SSIMULACRA2 {ours:.1f} "
        f"(random signs {signs:.1f}); gain {gained}"
    )


def _timed(what: str, work: Callable[[], Result]) -> Result:
    started = time.monotonic()
    result = work()
    print(f"{what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return result


def _seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="style", help="of the engine")
    parser.add_argument("--floor", type=float, default=65.0, help="SSIMULACRA2")
    parser.add_argument("--artist", default="autumn.jpg", choices=ART)
    parser.add_argument("--led-by", nargs="+", default=["taef2"], help="encoders")
    parser.add_argument("--seeds", type=int, help="3, or 2 with --quick")
    parser.add_argument("--purifier", default="noise, bilateral", choices=list(SIMPLE))
    parser.add_argument("--sheet", help="PNG: some works held out, then what each case made")
    parser.add_argument("--quick", action="store_true", help="small, in about two minutes")
    return parser


if __name__ == "__main__":
    main()
