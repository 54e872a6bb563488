"""Tiny seeded encoders in the real file format, and small art drawn by code."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from postguard.cloak import architectures, concepts
from postguard.cloak.architectures import Architecture
from postguard.cloak.device import Device
from postguard.cloak.encoders import Encoder, build, load_encoders
from postguard.cloak.job import Job

WIDTH, LATENT = 8, 4
FAMILIES = {
    "taesd": architectures._taesd,
    "taef2": architectures._taef2,
    "taesana": architectures._taesana,
}
REAL = Path(__file__).parents[4] / "shared" / "weights"
ART = Path(__file__).parents[4] / "shared" / "art"


def plain_cpu() -> Device:
    """The CPU in float32, so that a test sees the same numbers on every machine's kind of CPU."""
    return Device(torch.device("cpu"), "CPU", bf16=False)


def save(path: Path, architecture: Architecture, seed: int = 0) -> Path:
    """Save random weights of an architecture as the published files are: fp16 safetensors."""
    torch.manual_seed(seed)
    weights = build(architecture).state_dict()
    save_file({k: v.half().contiguous() for k, v in weights.items()}, path)
    return path


def models(folder: Path) -> Path:
    """Fill a folder with one tiny encoder of stride 8 and one of stride 32."""
    folder.mkdir(exist_ok=True)
    for seed, name in enumerate(("taef2", "taesana")):
        save(folder / f"{name}_encoder.safetensors", FAMILIES[name](WIDTH, LATENT), seed)
    return folder


def encoders(folder: Path) -> list[Encoder]:
    return load_encoders(models(folder), plain_cpu())


def job(**change: object) -> Job:
    """A job for tiny pictures, with nothing but tests' own secrets in it."""
    base = Job(
        modes=("immunise",),
        ceiling=8,
        floor=0.0,
        seed="5eed" * 16,
        artist_seed="a77e" * 16,
        time_limit=900.0,
        models=Path("models"),
        source=Path("in.png"),
        target=Path("out.png"),
        concept_tables=(concepts.BUNDLED,),
    )
    return dataclasses.replace(base, **change)


def art(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H,W,3) uint8 with flat colour, a gradient, hard edges and texture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x * 200 / width, y * 200 / height, np.full(x.shape, 90.0)], -1)
    picture[(x // 16 + y // 16) % 5 == 0] = (230, 40, 60)
    rough = (x > width // 2)[..., None] * rng.normal(0, 25, (height, width, 1))
    return np.clip(picture + rough, 0, 255).astype(np.uint8)
