"""Squares of real art and what the engine makes of them: what the experiments on a cloak share."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from postguard.cloak.cloaking import STEPS, Studio, cloak
from postguard.cloak.concepts import BUNDLED
from postguard.cloak.encoders import Encoder
from postguard.cloak.job import Job, Mode
from postguard.cloak.pixels import Pixels
from postguard.cloak.tensors import to_tensor
from postguard.protect.steps.cloak import CEILINGS, FLOORS

SHARED = Path(__file__).resolve().parents[2] / "shared"
ART = ["flying-konqui.png", "pastel-hills.jpg", "safe-landing.jpg", "autumn.jpg", "patak-5k.png"]
SEED = "be" * 32  # of no artist


@dataclass(frozen=True, slots=True)
class Cloaked:
    """One square before and after, (H,W,3) uint8, and the target it was drawn to, (1,3,H,W)."""

    before: Pixels
    after: Pixels
    target: Tensor

    def signs(self) -> Pixels:
        """The same amounts with random signs."""
        flip = np.random.default_rng(0).integers(0, 2, self.before.shape[:2]) * 2 - 1
        return self._plus(self._change() * flip[..., None])

    def shuffled(self) -> Pixels:
        """The same changes, each at another pixel."""
        change = self._change().reshape(-1, 3)
        return self._plus(np.random.default_rng(1).permutation(change).reshape(self.before.shape))

    def _change(self) -> np.ndarray:
        return self.after.astype(np.int16) - self.before

    def _plus(self, change: np.ndarray) -> Pixels:
        return np.clip(self.before + change, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Wish:
    """How to cloak. `floor`: SSIMULACRA2; `steps`: of the engine; `memory`: of the style."""

    mode: Mode
    floor: float
    steps: int = STEPS
    memory: Path | None = None


def cloaked(pixels: Pixels, wish: Wish, encoders: Sequence[Encoder]) -> Cloaked:
    """Return a square through the real engine, and its target: the one place that calls it.

    All squares have one artist, so that `style` keeps one style and `poison` one anchor.
    """
    strength = next((k for k, v in FLOORS.items() if v <= wish.floor), "high")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, after = folder / "in.png", folder / "out.png"
        Image.fromarray(pixels).save(source)
        job = Job(
            modes=(wish.mode,),
            ceiling=CEILINGS[strength],
            floor=wish.floor,
            seed=SEED,
            artist_seed=SEED,
            time_limit=86_400.0,
            models=SHARED / "weights",
            source=source,
            target=after,
            concept_tables=(BUNDLED,),
            memory=wish.memory,
            targets=folder,
        )
        cloak(job, Studio(encoders, time.monotonic, wish.steps), lambda _: None)
        drawn = to_tensor(_pixels(folder / f"{wish.mode}.png"))
        return Cloaked(pixels, _pixels(after), drawn)


def _pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def centre(name: str, short: int, side: int) -> Pixels:
    """Return the centre square of an art file whose short side is brought to `short` px."""
    image = _brought(name, short)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def grid(name: str, short: int, side: int) -> Iterator[Pixels]:
    """Yield all squares of an art file that lie side by side, row by row."""
    whole = np.asarray(_brought(name, short))
    for top in range(0, whole.shape[0] - side + 1, side):
        for left in range(0, whole.shape[1] - side + 1, side):
            yield np.ascontiguousarray(whole[top : top + side, left : left + side])


def _brought(name: str, short: int) -> Image.Image:
    with Image.open(SHARED / "art" / name) as image:
        scale = short / min(image.size)
        size = round(image.width * scale), round(image.height * scale)
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
