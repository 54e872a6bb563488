"""One job from file to file: the low-scale pass, tiles at full size, and the visibility held."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Generator, Tensor

from postguard.cloak import targets, tiles
from postguard.cloak.attack import Bounds, Found, Schedule, Tick, attack
from postguard.cloak.budget import budget
from postguard.cloak.coding import Coder
from postguard.cloak.colour import colour_share
from postguard.cloak.device import CPU
from postguard.cloak.encoders import Encoder
from postguard.cloak.eye import Eye, error_at
from postguard.cloak.holding import hold
from postguard.cloak.job import MEGAPIXELS, Job
from postguard.cloak.pixels import Pixels, kind_of, scale_to_area, scaled, shrunk
from postguard.cloak.pull import Pull
from postguard.cloak.resizing import resized
from postguard.cloak.sheet import alpha_tensor, spread
from postguard.cloak.targets import Target
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.cloak.transforms import looks
from postguard.imaging import Picture, open_picture
from postguard.system.files import write_whole

if TYPE_CHECKING:
    from postguard.cloak.diffusion.pipeline import Pipeline

STEPS = 18
# Of our own encoder alone: with more, the change fits it and other encoders less
# (docs/models.md).
ALONE_STEPS = 14
_LOW_SHARE, _TILE_SHARE = 0.85, 0.97  # of the time limit, and of the progress, at their ends


@dataclass(frozen=True, slots=True)
class Room:
    """How much is done at once.

    Attributes:
        work_pixels: a larger picture is worked on smaller first; 1.7 million are 1600x1062.
        read_pixels: at most so many are shown to the encoders.
        tile: side of a tile, in pixels.
        whole: the finished picture is scored where it was worked on, and not in strips on the
            CPU: a GPU is twenty times as fast, with about 450 bytes for each pixel.
    """

    work_pixels: int = 1_700_000
    read_pixels: int = 700_000
    tile: int = tiles.SIDE
    whole: bool = False


# By a job's thrift: about 3 GB, 1.2 GB and 0.7 GB with the tiny encoders. A GPU is idle for half
# of the time with tiles of less than 1024.
ROOMS = (Room(), Room(600_000, 260_000, 256), Room(250_000, 120_000, 192))
GPU_ROOMS = (Room(tile=1024, whole=True), *ROOMS[1:])


@dataclass(frozen=True, slots=True)
class Studio:
    """What a job is done with. `tick` is a monotonic clock in seconds; `pipeline`: Stable
    Diffusion, where the job is to use it; `leader`: of the first steps, see `pull.Pull`."""

    encoders: Sequence[Encoder]
    tick: Tick
    steps: int = STEPS
    room: Room = ROOMS[0]
    pipeline: Pipeline | None = None
    leader: Encoder | None = None

    @property
    def device(self) -> torch.device:
        return self.encoders[0].device.torch

    @property
    def judge(self) -> torch.device:
        """Where the finished picture is scored."""
        return self.device if self.room.whole else CPU


def cloak(job: Job, studio: Studio, on_step: Callable[[float], None]) -> dict[str, Any]:
    """Read the job's source, write its target whole, return the record (never a seed).

    Raises:
        BadPicture: the source cannot be opened.
        UnknownConcepts, UnknownAnchor: the artist's table or anchors cannot be used.
        TooSlow: there is time for fewer than `job.least_steps`.
    """
    started = studio.tick()
    picture = open_picture(job.source.read_bytes(), max_megapixels=MEGAPIXELS)
    generator = Generator().manual_seed(int(job.seed[:16], 16) >> 1)
    low = _low_scale(picture, job, studio, generator, on_step)
    sheet = spread(picture.pixels, picture.alpha, low.found.d, job.ceiling / 255)
    done = 0
    if low.scale < 1:
        left = job.time_limit * _TILE_SHARE - (studio.tick() - started)
        schedule = Schedule(tiles.passes(sheet.size), left, studio.tick)
        aim = tiles.Aim(low.targets, studio.encoders, job.weights, studio.room.tile)
        between = _part(on_step, _LOW_SHARE, _TILE_SHARE)
        done = tiles.refine(sheet, aim, schedule, generator, between)
    finished, score = hold(sheet, job.floor, studio.judge)
    _write(job.target, finished, picture)
    _keep_targets(job.targets, low.targets)
    on_step(1.0)
    return {
        "encoders": [e.name for e in studio.encoders],
        **({"led_by": studio.leader.name} if studio.leader else {}),
        "device": studio.encoders[0].device.name,
        "ssimulacra2": None if score is None else round(score, 1),
        "steps": low.found.steps,
        "tiles": done,
        "seconds": round(studio.tick() - started, 1),
        "thrift": job.thrift,
        **_diffusion(job, studio),
        **{key: said for target in low.targets for key, said in target.told.items()},
    }


def _diffusion(job: Job, studio: Studio) -> dict[str, Any]:
    """Return what the record says of Stable Diffusion."""
    if studio.pipeline is None:
        return {}
    term = {"term": job.term} if "immunise" in job.modes else {}
    return {"diffusion": studio.pipeline.record() | term}


@dataclass(frozen=True, slots=True)
class _Low:
    """The low-scale pass: its find, what it aimed at, working pixels for a full-size one."""

    found: Found
    targets: list[Target]
    scale: float


def _low_scale(
    picture: Picture,
    job: Job,
    studio: Studio,
    generator: Generator,
    on_step: Callable[[float], None],
) -> _Low:
    began = studio.tick()
    full = picture.height, picture.width
    scale = scale_to_area(full, studio.room.work_pixels)
    size = scaled(full, scale)
    x = to_tensor(shrunk(picture.pixels, size), studio.device)
    seen = looks(full, studio.room.read_pixels)
    hand = targets.Hand(studio.encoders, generator, studio.pipeline)
    aims = targets.draw(job, resized(x, seen.served.size), hand)
    share = _LOW_SHARE if scale < 1 else _TILE_SHARE  # without tiles this is all there is
    left = job.time_limit * share - (studio.tick() - began)  # drawing the targets counts too
    schedule = Schedule(studio.steps, left, studio.tick, job.least_steps)
    denoiser = _denoiser(job, studio, aims, generator)
    pull = Pull(studio.encoders, x, aims, job.weights, denoiser, studio.leader)
    bounds, tell = _bounds(picture, x, job, studio, seen.served.size), _part(on_step, 0, share)
    found = attack(pull, bounds, seen, schedule, tell)
    return _Low(found, aims, scale)


def _denoiser(
    job: Job, studio: Studio, aims: Sequence[Target], generator: Generator
) -> Callable[[Tensor], Tensor] | None:
    """Return the term of Stable Diffusion's denoiser, for mode `immunise` where it is there."""
    pattern = next((aim.image for aim in aims if aim.mode == "immunise"), None)
    if studio.pipeline is None or pattern is None:
        return None
    from postguard.cloak.diffusion.denoiser import towards

    return towards(pattern, job.term, studio.pipeline, generator)


def _bounds(
    picture: Picture, x: Tensor, job: Job, studio: Studio, served: tuple[int, int]
) -> Bounds:
    alpha = None
    if picture.alpha is not None:  # on the CPU, which needs no whole matrix of its full height
        alpha = resized(alpha_tensor(picture.alpha, CPU), (x.shape[-2], x.shape[-1])).to(x.device)
    limit = budget(x, job.ceiling / 255, alpha)
    colour = colour_share(x, limit)
    return Bounds(limit, Eye(x), error_at(job.floor), colour, Coder(x, served))


def _write(path: Path, pixels: Pixels, picture: Picture) -> None:
    """Write the file whole or not at all, as the kind that its name says."""
    image = Image.fromarray(pixels)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    buffer = io.BytesIO()
    image.save(buffer, **kind_of(path))
    write_whole(path, buffer.getvalue())


def _keep_targets(folder: Path | None, aims: Sequence[Target]) -> None:
    """Write what was drawn to as `MODE.png`, for whoever measures."""
    if folder is None:
        return
    for aim in aims:
        buffer = io.BytesIO()
        Image.fromarray(to_pixels(aim.image)).save(buffer, "PNG", compress_level=1)
        write_whole(folder / f"{aim.mode}.png", buffer.getvalue())


def _part(on_step: Callable[[float], None], start: float, end: float) -> Callable[[float], None]:
    """Return a reporter for one part of the job."""
    return lambda fraction: on_step(start + (end - start) * fraction)
