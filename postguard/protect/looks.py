"""The looks of noise: the grain of film, the weave of canvas, the dots of a screentone.

All lie in the pass band where encoders read brush strokes and edges: finer noise would be lost in
the platform's JPEG, coarser noise would show as blotches. The regular ones are bent a little, each
artwork's otherwise: what repeats exactly is filtered out with ease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from postguard.imaging.picture import strips
from postguard.settings.steps import Look

BAND = (0.05, 0.25)  # cycles per pixel
UNIT = 32.0  # a pattern's standard deviation, in its own steps: 127 is four deviations
_FINE, _COARSE = 1.0, 3.75  # radii of the two blurs; measured: 88 % of the energy in BAND
_RAW_DEVIATION = 19.12  # of the difference of the two blurs of uniform random bytes, measured
_THREAD = 8.0  # pixels from one thread of the canvas to the next
_UNEVEN = 0.3  # how much threads differ, as a share of their own relief
_SOFT = 2.5  # how hard the rim is where one thread goes under another
_DOT = 6.0  # pixels from one row of dots to the next, at 45 degrees
_CRISP = 2.0  # how hard the dots' rims are
_SMALL = 0.3  # where in [-1, 1] dots end: above 0 they are smaller than the gaps
_BEND = 0.8  # pixels that threads and rows wander, as a standard deviation
_WANDER = 40  # pixels over which they do

Pattern = NDArray[np.int8]
Floats = NDArray[np.float32]


def pattern(look: Look, size: tuple[int, int], chance: np.random.Generator) -> Pattern:
    """Return (H, W) of a look at (width, height), of mean 0 and standard deviation `UNIT`."""
    return _LOOKS[look](*size, chance)


def _grain(width: int, height: int, chance: np.random.Generator) -> Pattern:
    """The difference of two blurs of white noise."""
    image = Image.frombytes("L", (width, height), chance.bytes(width * height))
    fine, coarse = (
        np.asarray(image.filter(ImageFilter.GaussianBlur(s))) for s in (_FINE, _COARSE)
    )
    # One look-up for each of the 511 differences: no floats at the picture's size.
    steps = _steps(np.arange(-255, 256, dtype=np.float32) / _RAW_DEVIATION)
    made = np.empty((height, width), np.int8)
    for rows in strips(width, height):
        made[rows] = steps[fine[rows].astype(np.int16) - coarse[rows] + 255]
    return made


def _canvas(width: int, height: int, chance: np.random.Generator) -> Pattern:
    """Threads that go over and under each other, each a little thicker or thinner."""
    across, down = _wandering(width, chance), _wandering(height, chance)
    x = (np.arange(width, dtype=np.float32) + across) / _THREAD + chance.random(dtype=np.float32)
    y = (np.arange(height, dtype=np.float32) + down) / _THREAD + chance.random(dtype=np.float32)
    warp, weft = (
        np.sin(np.pi * v) ** 2 * (1 + _UNEVEN * _each(np.floor(v).astype(np.int32), chance))
        for v in (x, y)
    )
    side, edge = (np.sin(np.pi * v).astype(np.float32) for v in (x, y))

    def relief(rows: slice) -> Floats:
        over = np.tanh(_SOFT * (side[None, :] * edge[rows, None]))  # 1: the warp, -1: the weft
        mixed = (1 + over) * warp[None, :] + (1 - over) * weft[rows, None]
        return np.asarray(mixed, np.float32)

    return _from_strips(width, height, relief)


def _screentone(width: int, height: int, chance: np.random.Generator) -> Pattern:
    """Dots in rows at 45 degrees, as manga is shaded with."""
    across, down = _wandering(width, chance), _wandering(height, chance)
    turn = 2 * np.pi / (_DOT * np.sqrt(2))
    x = (np.arange(width, dtype=np.float32) + across) * np.float32(turn)
    y = (np.arange(height, dtype=np.float32) + down) * np.float32(turn)
    x, y = (np.cos(v + 2 * np.pi * chance.random(dtype=np.float32)) for v in (x, y))

    def dots(rows: slice) -> Floats:
        return np.asarray(np.tanh(_CRISP * (_SMALL - x[None, :] * y[rows, None])), np.float32)

    return _from_strips(width, height, dots)


def _from_strips(width: int, height: int, make: Callable[[slice], Floats]) -> Pattern:
    """Return what `make` returns for each strip of rows, brought to mean 0 and `UNIT`."""
    first = make(slice(0, min(height, 512)))
    mean, deviation = float(first.mean()), max(float(first.std()), 1e-3)
    made = np.empty((height, width), np.int8)
    for rows in strips(width, height):
        made[rows] = _steps((make(rows) - np.float32(mean)) / np.float32(deviation))
    return made


def _steps(deviations: Floats) -> Pattern:
    return np.asarray(np.clip(np.rint(deviations * np.float32(UNIT)), -127, 127), np.int8)


def _wandering(length: int, chance: np.random.Generator) -> Floats:
    """Return how far each row or column is moved, in pixels."""
    points = chance.normal(0, _BEND, length // _WANDER + 3)
    at = np.arange(length) / _WANDER
    return np.interp(at, np.arange(len(points)), points).astype(np.float32)


def _each(numbers: NDArray[np.int32], chance: np.random.Generator) -> Floats:
    """Return a share in [-1, 1] for each number, the same for the same."""
    first = int(numbers.min())
    shares = chance.uniform(-1, 1, int(numbers.max()) - first + 1).astype(np.float32)
    return np.asarray(shares[numbers - first])


_LOOKS: Mapping[Look, Callable[[int, int, np.random.Generator], Pattern]] = {
    "grain": _grain,
    "canvas": _canvas,
    "screentone": _screentone,
}
