"""The anchors that postguard draws itself: no picture is shipped, and none is ever drawn twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.anchors import backdrops, nature, pets, things, vehicles, wild
from postguard.cloak.anchors.canvas import Canvas, Pose

Pixels = NDArray[np.uint8]

_FINE, _FINEST = 1.5e6, 2.0  # pixels drawn at; at most this many for each on a side of a large one
_LEAST_SIDE = 192  # of the frame that is drawn: a smaller anchor is a reduced one
_MOST_ASPECT = 8.0  # of it too: a strip's anchor is stretched
_MOST_SUBJECTS = 4
_SPREAD = 1.6  # a subject more in a frame that is this much longer than one needs


@dataclass(frozen=True, slots=True)
class Subject:
    """What is drawn: half its width and height in units, what is behind it, and itself."""

    half: tuple[float, float]
    backdrop: Callable[[Canvas], None]
    draw: Callable[[Canvas], None]


SUBJECTS = {
    "bird": Subject((1.2, 0.9), backdrops.foliage, wild.bird),
    "butterfly": Subject((1.1, 1.0), backdrops.foliage, wild.butterfly),
    "car": Subject((1.4, 0.72), backdrops.street, vehicles.car),
    "castle": Subject((1.05, 1.1), backdrops.meadow, things.castle),
    "cat": Subject((0.9, 1.05), backdrops.room, pets.cat),
    "cup": Subject((1.05, 1.05), backdrops.table, things.cup),
    "dog": Subject((0.9, 1.05), backdrops.meadow, pets.dog),
    "fish": Subject((1.25, 0.85), backdrops.deep, wild.fish),
    "flower": Subject((1.0, 1.0), backdrops.foliage, nature.flower),
    "mountain": Subject((1.1, 1.05), backdrops.sky, nature.mountain),
    "robot": Subject((1.05, 1.1), backdrops.plates, things.robot),
    "ship": Subject((1.3, 1.15), backdrops.sea, vehicles.ship),
    "tree": Subject((1.1, 1.2), backdrops.meadow, nature.tree),
}


def draw(name: str, size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Return a drawn anchor, (*size, 3): another palette, pose and place for each `rng`."""
    subject = SUBJECTS[name]
    frame = _frame(size)
    canvas = Canvas(frame, rng)
    poses = _poses(frame, subject.half, rng)
    canvas.pose = Pose(frame[1] / 2, frame[0] / 2, poses[0].scale)
    subject.backdrop(canvas)
    for pose in poses:
        canvas.pose = pose
        subject.draw(canvas)
    image = Image.fromarray(np.rint(canvas.pixels.clip(0, 255)).astype(np.uint8))
    return np.asarray(image.resize(size[::-1], Image.Resampling.LANCZOS))


def _frame(size: tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) to draw at: finer than asked, so that edges come out smooth."""
    long, short = max(size), max(min(size), max(size) / _MOST_ASPECT)
    least = _LEAST_SIDE / short
    factor = max(min(_FINEST, math.sqrt(_FINE / (long * short))), least, 1.0)
    height, width = (max(side, long / _MOST_ASPECT) * factor for side in size)
    return round(height), round(width)


def _poses(
    frame: tuple[int, int], half: tuple[float, float], rng: np.random.Generator
) -> list[Pose]:
    """Return where subjects stand: one, or several side by side in a long frame."""
    height, width = frame
    across = (width / height) / (half[0] / half[1])
    count = min(_MOST_SUBJECTS, max(1, round(max(across, 1 / across) / _SPREAD)))
    columns, rows = (count, 1) if across > 1 else (1, count)
    cell = width / columns, height / rows
    poses = []
    for i in range(count):
        scale = min(cell[0] / half[0], cell[1] / half[1]) / 2 * rng.uniform(0.88, 1.0)
        room = cell[0] / 2 - half[0] * scale, cell[1] / 2 - half[1] * scale
        place = (i % columns, i // columns)
        x, y = (
            (p + 0.5) * c + r * rng.uniform(-0.7, 0.7)
            for p, c, r in zip(place, cell, room, strict=True)
        )
        poses.append(Pose(x, y, scale, rng.normal(0, 0.015), bool(rng.integers(2))))
    return poses
