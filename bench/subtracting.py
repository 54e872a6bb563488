"""Who has the package but not the seed, and subtracts: see `bench.instant`.

The attacker has the picture as Bluesky's feed serves it (WebP 80). *Fit*: in each cell of the
weave the four ways to lay it are compared with what a median filter takes out, and the best is
taken; the grain is what is as fine as it in what a filter takes out, of two filters the one that
wins more: more than an attacker can know. The network then draws this texture into the picture,
turned either way, in each cell the one is taken that is more like what the filter takes out, and
that is subtracted, with the factor that leaves least.
*Fifty*: what the filter takes out of fifty posts of one artist, on the same grid, is averaged, and
subtracted from one. *Seed*: who stole the artist's key draws the texture itself and subtracts it.
Beside them stand filters that need no package: a median of 3x3 pixels, a blur of sigma 1, and a
bilateral filter, which keeps edges; of its strengths, as of the fit's filters, the one counts that
wins most *alike*. What the package is worth to an attacker is what a fit wins beyond these. The
optimising cloak stands in a row of its own: what the filters win of that.

Four figures for each. The gain is 1 - R, mean over the encoders. *Wins back, of the clean*: the
share of it that is taken away, beside the clean picture as it is. Above 100 % the latents are
further from the target than the clean ones, as a blurred picture's may be: so *alike*, the same
beside the clean picture through the very same attack, as in `bench.purifiers`. *Nearer*: how much
of the way back the latents come to those of the clean picture as served; below 0 they go away
from them, for what was subtracted was in part the art. *Kept*: SSIMULACRA2 of the clean picture
through the same attack, against the clean picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from bench.cleaning import Purifier, bilateral, blur, median
from bench.cloak import Square, ours
from bench.drawn import drawn
from bench.instant import SEED, ceiling_of, square
from bench.squares import SHARED
from postguard.cloak.device import best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.instant import weave
from postguard.cloak.instant.drawing import Cloaked, cloak, drawn_on
from postguard.cloak.instant.painter import painter
from postguard.cloak.instant.shade import light, limits
from postguard.cloak.pixels import Pixels, scaled, shrunk
from postguard.cloak.platforms import BLUESKY_QUALITY, Codec
from postguard.cloak.resizing import resized
from postguard.cloak.tensors import to_tensor
from postguard.imaging.visibility import ssimulacra2

Plane = NDArray[np.float32]
_POSTS = 50
_MANY = 4  # times: what stands out so far is no grain
_WINDOWS = (3, 7)  # pixels: of the median filters whose rest is taken for the grain
_ALIKE = (10 / 255, 16 / 255, 24 / 255)  # what the bilateral filters smooth
_MOST = {"fit": 0.15, "fifty": 0.35}
_SERVED = Codec("WEBP", BLUESKY_QUALITY)
Ways = Sequence[Purifier]  # to attack: the one that wins most counts
_FILTERS: Mapping[str, Ways] = {
    "median": [median(3)],
    "blur": [blur(1)],
    "bilateral": [bilateral(alike) for alike in _ALIKE],
}
NAMES = ("fit", "fifty", "seed", *_FILTERS)


def attacks(files: Sequence[str], floor: float, steps: int) -> int:
    """Print what each attack wins back; return how many figures are missed. `steps`: of the
    optimising cloak; 0: none."""
    encoders = load_encoders(SHARED / "weights", best_device())
    names = " | ".join(f"{name}: of the clean, alike, nearer; kept" for name in NAMES)
    print(f"\n| picture | cloak | gain | {names} |\n|" + "---|" * (3 + len(NAMES)))
    missed = 0
    for name in files:
        part, made = square(name, floor)
        found = attacked(part, made, floor, encoders)
        print(f"| {name} | instant | {_line(found)} |", flush=True)
        missed += sum(found.won[k].plain > most for k, most in _MOST.items())
        if steps:
            pair = _pair(ours(part, floor, encoders, steps), part)
            print(f"| {name} | optimised | {_line(_won(_FILTERS, pair, part, encoders))} |")
    return missed


@dataclass(frozen=True, slots=True)
class Won:
    """Shares: of the gain beside the clean picture and `alike`, and of the way back. `kept`:
    SSIMULACRA2 of the clean picture through the same attack, against itself."""

    plain: float
    alike: float
    nearer: float
    kept: float

    def __str__(self) -> str:
        shares = ", ".join(f"{100 * share:.0f}" for share in (self.plain, self.alike, self.nearer))
        return f"{shares} %; {self.kept:.0f}"


@dataclass(frozen=True, slots=True)
class Attacked:
    """What each attack on a cloak wins of its gain."""

    gain: float
    won: Mapping[str, Won]


def attacked(part: Square, made: Cloaked, floor: float, encoders: Sequence[Encoder]) -> Attacked:
    """Attack the instant cloak of a square."""
    pair = _pair(made.pixels, part)
    served = pair[0]
    size = served.shape[0], served.shape[1]
    residue = np.mean([_taken(post) for post in _posts(size, floor)] + [_taken(served)], 0)
    rng = np.random.default_rng(int(SEED, 16))
    known = weave.secret(light(served), rng), weave.signs(size, rng)
    subtracting: Mapping[str, Ways] = {
        "fit": [partial(_unfitted, window=window) for window in _WINDOWS],
        "fifty": [lambda pixels: _without(pixels, residue)],
        "seed": [lambda pixels: _without(pixels, _in(pixels, *known))],
    }
    return _won({**subtracting, **_FILTERS}, pair, part, encoders)


def _pair(after: Pixels, part: Square) -> tuple[Pixels, Pixels]:
    """Return the cloaked square and the clean one as the feed serves them."""
    size = scaled((part.pixels.shape[0], part.pixels.shape[1]), part.served)
    served, clean = (_SERVED(shrunk(p, size)) for p in (after, part.pixels))
    return served, clean


def _won(
    ways: Mapping[str, Ways],
    pair: tuple[Pixels, Pixels],
    part: Square,
    encoders: Sequence[Encoder],
) -> Attacked:
    served, clean = pair
    gain = _gain(served, clean, part, encoders)

    def won(attack: Purifier) -> Won:
        after, through = attack(served), attack(clean)
        plain, alike = (1 - _gain(after, p, part, encoders) / gain for p in (clean, through))
        nearer = _nearer(after, served, clean, encoders)
        return Won(plain, alike, nearer, ssimulacra2(clean, through))

    best = {n: max(map(won, each), key=attrgetter("alike")) for n, each in ways.items()}
    return Attacked(gain, best)


def _line(found: Attacked) -> str:
    return " | ".join((f"{found.gain:.3f}", *(str(found.won.get(name, "")) for name in NAMES)))


@torch.no_grad()
def _gain(after: Pixels, before: Pixels, part: Square, encoders: Sequence[Encoder]) -> float:
    aim = resized(part.target, (after.shape[0], after.shape[1]))
    goals = [encoder(aim) for encoder in encoders]
    far = [
        float((e(to_tensor(after)) - g).norm() / (e(to_tensor(before)) - g).norm())
        for e, g in zip(encoders, goals, strict=True)
    ]
    return 1 - float(np.mean(far))


@torch.no_grad()
def _nearer(after: Pixels, served: Pixels, clean: Pixels, encoders: Sequence[Encoder]) -> float:
    left = []
    for encoder in encoders:
        aim, *seen = (encoder(to_tensor(p)) for p in (clean, after, served))
        far = [float((z - aim).norm()) for z in seen]
        left.append(far[0] / far[1])
    return 1 - float(np.mean(left))


def _posts(size: tuple[int, int], floor: float) -> list[Pixels]:
    """Return other posts of the artist, as served: each has a seed of its own."""
    found = []
    for i in range(_POSTS - 1):
        pixels = np.asarray(drawn(i).resize(size[::-1], Image.Resampling.LANCZOS))
        cloaked = cloak(pixels, None, f"{i:064x}", floor, ceiling_of(floor))
        found.append(_SERVED(cloaked.pixels))
    return found


def _unfitted(served: Pixels, window: int) -> Pixels:
    return _without(served, _fitted(served, window))


def _fitted(served: Pixels, window: int) -> Plane:
    """Return what the network draws of the texture that fits best."""
    coarse = _laid(_taken(served))
    fine = weave._between(weave.band(_taken(served, window)).clip(-_MANY, _MANY), weave._HARD)
    texture, taken = coarse + weave.busy(light(served)) * (fine - coarse), _taken(served)
    ways = [_in(served, texture, np.full_like(texture, way)) for way in (1, -1)]
    first = np.greater(*(_over_cells(taken * way) for way in ways))
    return np.where(weave._spread(first.astype(np.int8), taken.shape), *ways)


def _in(served: Pixels, texture: Plane, turned: Plane) -> Plane:
    """Return what the network draws of a texture, its cells turned in these ways, in shares of the
    ceiling."""
    g = light(served)
    return limits(g, 1.0) * drawn_on(g, texture, turned, painter())


def _laid(taken: Plane) -> Plane:
    """Return the weave whose cells are each laid as fits best."""
    down, along = (weave._stripes(side) for side in taken.shape)
    ways = _over_cells(taken * down[:, None]), _over_cells(taken * along[None])
    across = np.abs(ways[1]) > np.abs(ways[0])
    begun = np.where(across, *ways[::-1]) > 0
    runs, starts = (weave._spread(w.astype(np.int8), taken.shape) for w in (across, begun))
    waves = np.where(runs, along[None], down[:, None]) * (2 * starts - 1)
    return weave._between(waves.astype(np.float32), weave._SOFT)


def _over_cells(plane: Plane) -> Plane:
    """Return the sum over each cell of the weave, (rows,columns)."""
    down, along = (range(0, side, weave.CELL) for side in plane.shape)
    return np.add.reduceat(np.add.reduceat(plane, down, 0), along, 1)


def _taken(pixels: Pixels, window: int = 7) -> Plane:
    """Return what a median filter takes out of luma, in 1/255."""
    smooth = np.asarray(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(window)))
    return 255 * (light(pixels) - light(smooth))


def _without(pixels: Pixels, change: Plane) -> Pixels:
    """Subtract a change with the factor, at least 0, that leaves least of what the filter took."""
    power = float((change * change).sum())
    factor = max(float((_taken(pixels) * change).sum()) / power, 0) if power else 0
    return np.clip(pixels - np.rint(factor * change)[..., None], 0, 255).astype(np.uint8)
