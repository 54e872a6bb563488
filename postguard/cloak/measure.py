"""What is left of a cloak behind each platform, beside two controls of the same size.

R = |E(x') - z*| / |E(x) - z*|: 1 = nothing gained, 0 = the target reached. A change alone proves
nothing (random signs shift latents too, but towards nowhere), so each R stands beside that of the
same amounts with random signs, and of the same changes shuffled over the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from postguard.cloak.encoders import Encoder
from postguard.cloak.tensors import Pixels, resized, scale_to_area, scaled, shrunk, to_tensor
from postguard.cloak.transforms import Chain, chains

READ_PIXELS = 700_000  # what a model reads at once: training sets are shrunk to 512..1024 px
PLATFORMS = ("bluesky", "bluesky-full", "mastodon")
Ratios = dict[str, dict[str, dict[str, float]]]  # chain -> encoder -> r, signs, shuffled


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished cloak. `target`: (1,3,h,w) in [0,1] at any size, resized as the picture is."""

    before: Pixels
    after: Pixels
    target: Tensor


def measure(
    trial: Trial, encoders: Sequence[Encoder], on_step: Callable[[float], None] = lambda _: None
) -> Ratios:
    """Return R of each chain and encoder with its controls, to three decimals."""
    size = trial.before.shape[0], trial.before.shape[1]
    routes = chains(size)
    looks = {"r": trial.after, "signs": _signs(trial), "shuffled": _shuffled(trial)}
    found: Ratios = {}
    goals = _Goals(trial.target)
    for i, chain in enumerate(routes):
        found[chain.name] = _behind(chain, trial, looks, encoders, goals)
        on_step((i + 1) / len(routes))
    return found


def gain(ratios: Ratios, which: str = "r") -> float:
    """Return 1 - R, mean over encoders, behind the platform where the least is left."""
    means = [
        sum(e[which] for e in ratios[name].values()) / len(ratios[name])
        for name in PLATFORMS
        if name in ratios
    ]
    return round(1 - max(means), 3)


class _Goals:
    """The target's latents, encoded once for each size: most chains share one."""

    def __init__(self, target: Tensor) -> None:
        self._target = target
        self._known: dict[tuple[str, tuple[int, int]], Tensor] = {}

    def at(self, encoder: Encoder, size: tuple[int, int]) -> Tensor:
        key = encoder.name, size
        if key not in self._known:
            self._known[key] = _latents(encoder, resized(self._target, size))
        return self._known[key]


@torch.no_grad()
def _behind(
    chain: Chain,
    trial: Trial,
    looks: dict[str, Pixels],
    encoders: Sequence[Encoder],
    goals: _Goals,
) -> dict[str, dict[str, float]]:
    clean = read(chain(trial.before))
    seen = {name: read(chain(pixels)) for name, pixels in looks.items()}
    found = {}
    for encoder in encoders:
        goal = goals.at(encoder, (clean.shape[-2], clean.shape[-1]))
        far = (_latents(encoder, clean) - goal).norm().clamp_min(1e-9)
        found[encoder.name] = {
            name: round(float((_latents(encoder, y) - goal).norm() / far), 3)
            for name, y in seen.items()
        }
    return found


def read(served: Pixels) -> Tensor:
    """Return a served picture as a model reads it: (1,3,h,w) in [0,1], at most READ_PIXELS."""
    size = served.shape[0], served.shape[1]
    return to_tensor(shrunk(served, scaled(size, scale_to_area(size, READ_PIXELS))))


def _latents(encoder: Encoder, x: Tensor) -> Tensor:
    return encoder(x.to(encoder.device.torch), fast=True)


def _change(trial: Trial) -> NDArray[np.int16]:
    """(H,W): the change of the channel that clips least often."""
    return trial.after[..., 1].astype(np.int16) - trial.before[..., 1]


def _signs(trial: Trial) -> Pixels:
    """The same amounts with random signs: a fixed generator, for the controls keep no secret."""
    change = np.abs(_change(trial))
    flip = np.random.default_rng(0).integers(0, 2, change.shape, dtype=np.int8)
    return _plus(trial.before, np.where(flip, change, -change))


def _shuffled(trial: Trial) -> Pixels:
    """The same changes, each somewhere else."""
    change = _change(trial).ravel()
    np.random.default_rng(1).shuffle(change)
    return _plus(trial.before, change.reshape(trial.before.shape[:2]))


def _plus(pixels: Pixels, change: NDArray[np.int16]) -> Pixels:
    plus: Pixels = np.clip(pixels + change[..., None], 0, 255).astype(np.uint8)
    return plus
