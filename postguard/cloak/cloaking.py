"""One job from file to file: low-scale pass, full-size tiles, measurement behind the platforms."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Generator, Tensor

from postguard.cloak import tiles
from postguard.cloak.attack import Bounds, Found, Pull, Schedule, Tick, attack
from postguard.cloak.budget import budget
from postguard.cloak.encoders import Encoder
from postguard.cloak.eye import Eye, error_at
from postguard.cloak.holding import hold
from postguard.cloak.job import Job
from postguard.cloak.measure import Trial, gain, measure
from postguard.cloak.sheet import alpha_tensor, spread
from postguard.cloak.targets import TARGETS, Halftone
from postguard.cloak.tensors import (
    resized,
    scale_to_area,
    scaled,
    shrunk,
    to_tensor,
)
from postguard.cloak.transforms import checks, views
from postguard.imaging import Picture, open_picture
from postguard.system.files import write_whole

WORK_PIXELS = 650_000  # of the low-scale pass: 1024x640, what trainers see, in about 1.5 GB
STEPS = 16
_MEGAPIXELS = 1000.0  # intake has judged the size; here any size that it let through must open
_LOW_SHARE, _TILE_SHARE = 0.6, 0.85  # of the time limit, and of the progress, at their ends


@dataclass(frozen=True, slots=True)
class Studio:
    """What a job is done with. `tick` is a monotonic clock in seconds."""

    encoders: Sequence[Encoder]
    tick: Tick
    steps: int = STEPS
    work_pixels: int = WORK_PIXELS

    @property
    def device(self) -> torch.device:
        return self.encoders[0].device.torch


def cloak(job: Job, studio: Studio, on_step: Callable[[float], None]) -> dict[str, Any]:
    """Read the job's source, write its target whole, return the record (never the seed).

    Raises:
        BadPicture: the source cannot be opened.
    """
    started = studio.tick()
    picture = open_picture(job.source.read_bytes(), max_megapixels=_MEGAPIXELS)
    generator = Generator().manual_seed(int(job.seed[:16], 16) >> 1)
    scale = scale_to_area((picture.height, picture.width), studio.work_pixels)
    target = TARGETS[job.mode](generator).at(scale)
    low = _low_scale(picture, target, job, studio, generator, _part(on_step, 0, _LOW_SHARE))
    sheet = spread(picture.pixels, picture.alpha, low.found.d, job.ceiling / 255)
    left = job.time_limit * _TILE_SHARE - (studio.tick() - started)
    schedule = Schedule(tiles.passes(sheet.size), left, studio.tick)
    aim = tiles.Aim(target, studio.encoders, low.scale)
    between = _part(on_step, _LOW_SHARE, _TILE_SHARE)
    done = 0 if low.scale == 1 else tiles.refine(sheet, aim, schedule, generator, between)
    finished, score = hold(sheet, job.floor)
    trial = Trial(picture.pixels, finished, low.target)
    ratios = measure(trial, studio.encoders, _part(on_step, _TILE_SHARE, 1))
    _write(job, trial, picture)
    return {
        "encoders": [e.name for e in studio.encoders],
        "device": studio.encoders[0].device.name,
        "ssimulacra2": None if score is None else round(score, 1),
        "steps": low.found.steps,
        "tiles": done,
        "seconds": round(studio.tick() - started, 1),
        "ratios": ratios,
        "gain": gain(ratios),
        "gain_of_random_signs": gain(ratios, "signs"),
        "gain_of_shuffled": gain(ratios, "shuffled"),
    }


@dataclass(frozen=True, slots=True)
class _Low:
    """The low-scale pass: its find, the target it aimed at, working pixels for a full-size one."""

    found: Found
    target: Tensor
    scale: float


def _low_scale(
    picture: Picture,
    target: Halftone,
    job: Job,
    studio: Studio,
    generator: Generator,
    on_step: Callable[[float], None],
) -> _Low:
    full = picture.height, picture.width
    scale = scale_to_area(full, studio.work_pixels)
    size = scaled(full, scale)
    x = to_tensor(shrunk(picture.pixels, size))
    alpha = alpha_tensor(picture.alpha)
    alpha = None if alpha is None else resized(alpha, size)
    limit = budget(x, job.ceiling / 255, alpha).to(studio.device)
    x = x.to(studio.device)
    aim = target.draw(x)
    bounds = Bounds(limit, Eye(x), error_at(job.floor))
    schedule = Schedule(studio.steps, job.time_limit * _LOW_SHARE, studio.tick)
    pull = Pull(studio.encoders, x, aim)
    found = attack(pull, bounds, views(size), checks(size), schedule, generator, on_step)
    return _Low(found, aim, scale)


def _write(job: Job, trial: Trial, picture: Picture) -> None:
    """Write the PNG whole or not at all; speed before size, for it lives for seconds."""
    image = Image.fromarray(trial.after)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    write_whole(job.target, buffer.getvalue())


def _part(on_step: Callable[[float], None], start: float, end: float) -> Callable[[float], None]:
    """Return a reporter for one part of the job."""
    return lambda fraction: on_step(start + (end - start) * fraction)
