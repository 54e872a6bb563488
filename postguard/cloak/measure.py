"""What is left of a cloak behind each platform, beside two controls of the same size.

R = |E(x') - z*| / |E(x) - z*|: 1 = nothing gained, 0 = the target reached. A change alone proves
nothing (random signs shift latents too, but towards nowhere), so each R stands beside that of the
same amounts with random signs, and of the same changes shuffled over the picture.

Needs no torch: an encoder is whatever reads a picture, in torch or in numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.pixels import Pixels, fitted, scale_to_area, scaled, shrunk
from postguard.cloak.platforms import Chain, chains

READ_PIXELS = 700_000  # what a model reads at once: training sets are shrunk to 512..1024 px
_WINDOW = 256  # px; of a larger picture four windows are read, as training crops are
COPIES = ("bluesky", "bluesky-full", "mastodon")  # chains: what the platforms serve of a picture
LOOKS = ("r", "signs", "shuffled")
Ratios = dict[str, dict[str, dict[str, float]]]  # chain -> encoder -> each of LOOKS
Planes = NDArray[np.float32]


class Reader(Protocol):
    """An encoder, as it is measured with."""

    @property
    def name(self) -> str:
        """What records call it."""
        ...

    def read(self, x: Planes) -> Planes:
        """(n,3,h,w) in [0,1] -> the latents, (n,...)."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished cloak. `targets`: for each mode a picture of any size."""

    before: Pixels
    after: Pixels
    targets: Mapping[str, Pixels]


def copies_of(platform: str) -> list[str]:
    """Return the chains of one platform: what it serves of a picture."""
    return [name for name in COPIES if name.startswith(platform)]


def measure(
    trial: Trial,
    encoders: Sequence[Reader],
    platforms: Sequence[str] = (),
    on_step: Callable[[float], None] = lambda _: None,
) -> dict[str, Ratios]:
    """Return R of each mode, chain and encoder with its controls, to three decimals.

    Args:
        platforms: whose copies are looked at; none: every chain there is.
    """
    every = chains((trial.before.shape[0], trial.before.shape[1]))
    routes = [chain for chain in every if chain.name.startswith(tuple(platforms) or "")]
    seen = {look: draw(trial) for look, draw in _DRAWN.items()}
    found: dict[str, Ratios] = {mode: {} for mode in trial.targets}
    goals = _Goals(trial.targets)
    for i, chain in enumerate(routes):
        for mode, behind in _behind(chain, trial, seen, encoders, goals).items():
            found[mode][chain.name] = behind
        on_step((i + 1) / len(routes))
    return found


def gain(ratios: Ratios, which: str = "r", copies: Sequence[str] = COPIES) -> float:
    """Return 1 - R, mean over encoders, of the copy in which the least is left."""
    means = [
        sum(e[which] for e in ratios[name].values()) / len(ratios[name])
        for name in copies
        if name in ratios
    ]
    return round(1 - float(np.max(means)), 3)  # unlike max() it passes on what is no number


class _Goals:
    """The targets' latents, encoded once for each size: most chains share one."""

    def __init__(self, targets: Mapping[str, Pixels]) -> None:
        self._targets = targets
        self._known: dict[tuple[str, str, tuple[int, int]], Planes] = {}

    def at(self, encoder: Reader, size: tuple[int, int]) -> dict[str, Planes]:
        for mode, image in self._targets.items():
            if (encoder.name, mode, size) not in self._known:
                latents = encoder.read(_windows(fitted(image, size)))
                self._known[encoder.name, mode, size] = latents
        return {mode: self._known[encoder.name, mode, size] for mode in self._targets}


def _behind(
    chain: Chain,
    trial: Trial,
    looks: Mapping[str, Pixels],
    encoders: Sequence[Reader],
    goals: _Goals,
) -> dict[str, dict[str, dict[str, float]]]:
    clean = read(chain(trial.before))
    size = clean.shape[0], clean.shape[1]
    seen = {name: _windows(read(chain(pixels))) for name, pixels in looks.items()}
    found: dict[str, dict[str, dict[str, float]]] = {mode: {} for mode in trial.targets}
    for encoder in encoders:
        unchanged = encoder.read(_windows(clean))
        latents = {name: encoder.read(y) for name, y in seen.items()}
        for mode, goal in goals.at(encoder, size).items():
            far = max(_norm(unchanged - goal), 1e-9)
            found[mode][encoder.name] = {
                name: round(_norm(z - goal) / far, 3) for name, z in latents.items()
            }
    return found


def _norm(latents: Planes) -> float:
    return float(np.linalg.norm(latents.ravel()))


def read(served: Pixels) -> Pixels:
    """Return a served picture as a model reads it: in at most READ_PIXELS."""
    size = served.shape[0], served.shape[1]
    return shrunk(served, scaled(size, scale_to_area(size, READ_PIXELS)))


def _windows(pixels: Pixels) -> Planes:
    """(H,W,3) -> (n,3,h,w) in [0,1], n of 1, 2 and 4: the middle of each half or quarter of it."""
    rows, columns = _spans(pixels.shape[0]), _spans(pixels.shape[1])
    windows = np.stack([pixels[r, c] for r in rows for c in columns])
    return np.ascontiguousarray(windows.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def _spans(length: int) -> list[slice]:
    if length < 2 * _WINDOW:
        return [slice(0, length)]
    starts = (length // 4 - _WINDOW // 2, 3 * length // 4 - _WINDOW // 2)
    return [slice(start, start + _WINDOW) for start in starts]


def _change(trial: Trial) -> NDArray[np.int16]:
    """Return what was changed, (H,W,3) in 1/255; the caller's own."""
    return trial.after.astype(np.int16) - trial.before


def _signs(trial: Trial) -> Pixels:
    """Each pixel changed by the same amounts with a random sign: a fixed generator, for the
    controls keep no secret."""
    change = _change(trial)
    signs = np.random.default_rng(0).integers(0, 2, change.shape[:2], dtype=np.int8) * 2 - 1
    change *= signs[..., None]
    return _plus(trial.before, change)


def _shuffled(trial: Trial) -> Pixels:
    """The same changes, each pixel's somewhere else."""
    change = _change(trial)
    # Three channels as one thing: rows of a table are shuffled a hundred times as slowly.
    np.random.default_rng(1).shuffle(change.reshape(-1, 3).view("V6")[:, 0])
    return _plus(trial.before, change)


def _plus(pixels: Pixels, change: NDArray[np.int16]) -> Pixels:
    """Return both together, in 8 bit; `change` is used up."""
    change += pixels
    return np.clip(change, 0, 255, out=change).astype(np.uint8)


_DRAWN: Mapping[str, Callable[[Trial], Pixels]] = {
    "r": lambda trial: trial.after,
    "signs": _signs,
    "shuffled": _shuffled,
}
