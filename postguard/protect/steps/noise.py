"""Noise that models read as much of the picture, and people as the grain of its ground.

It is as strong as its visibility lets it be: the strength's name promises the least SSIMULACRA2
that is kept, and the search ends just above it. Brightness alone is changed, most in the middle
tones, where film has its grain; black and white, where a change is seen first, get the least.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture
from postguard.imaging.visibility import SMALLEST, reference, ssimulacra2
from postguard.model import Json
from postguard.protect.chance import generator
from postguard.protect.looks import BAND, UNIT, Pattern, pattern
from postguard.protect.softening import softened
from postguard.protect.steps import Scene
from postguard.protect.steps.cloak import FLOORS
from postguard.protect.strongest import Found, expected, strongest
from postguard.settings import steps

MOST = 32.0  # of 255: the largest deviation, which no floor reaches on art
_FIRST = {"low": 1.4, "medium": 2.2, "high": 3.3}  # where searches begin: about where they end
_ENDS = 0.4  # share of the noise that black and white get
_SEARCHED = 1 << 19  # pixels: of a larger picture, windows of this area are searched
_WINDOWS = 2  # across and down: of more and smaller ones, seams would hide what is coarse
_NEAR_WHOLE = 3.0  # points above the floor that are near enough for the whole of a large picture
_STRIP = 1 << 16  # pixels: what is made of them stays in the cache
_GRID = 7  # every 7th pixel each way is enough to measure how large the change is

Bytes = NDArray[np.uint8]


class Noise:
    """Lay a `look` over the picture, as strong as `strength` lets it be; same seed, same bytes."""

    def __init__(self, options: steps.Noise) -> None:
        self._options = options

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the noisy picture, its likeness to the one before, and how large the change is.

        Noise fades with the alpha, to none where it is 0.
        """
        look, strength = self._options.look, self._options.strength
        made = pattern(look, (picture.width, picture.height), generator(scene.seed, "noise"))
        soft = softened(picture) if self._options.soften else picture.pixels
        layer = Layer(picture.pixels, soft, made, picture.alpha)
        found, pixels = _held(layer, strength)
        record: dict[str, Json] = {
            "look": look,
            "strength": strength,
            "floor": FLOORS[strength],
            "ssimulacra2": None if found.score is None else round(found.score, 1),
            "soften": self._options.soften,
            "band": list(BAND),
            "amount": round(found.amount, 2),
            "mean_change": _mean_change(picture.pixels, pixels),
        }
        return Picture(pixels, picture.alpha, picture.gray), record


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture, (H, W, 3), and what is laid over its softened pixels: (H, W) grain, which fades
    with the alpha. The softening comes in with the first level of grain, so that there is an
    amount that keeps any floor."""

    before: Bytes
    soft: Bytes
    grain: Pattern
    alpha: Bytes | None

    def finished(self, deviation: float) -> Bytes:
        """Return the pixels with grain of this standard deviation in the middle tones."""
        made = np.empty_like(self.before)
        weights = _weights() * np.float32(deviation / UNIT)
        height, width = self.grain.shape
        step = max(1, _STRIP // width)
        for rows in (slice(top, top + step) for top in range(0, height, step)):
            soft = self._soft(min(deviation, 1.0), rows)
            part = np.take(weights, _luma(soft), mode="clip")
            part *= self.grain[rows]
            if self.alpha is not None:
                part *= self.alpha[rows] / np.float32(255)
            change = np.rint(part, out=part).astype(np.int16)
            for channel in range(3):
                total = soft[..., channel] + change
                made[rows, :, channel] = np.clip(total, 0, 255, out=total)
        return made

    def _soft(self, share: float, rows: slice) -> Bytes:
        if share >= 1 or self.soft is self.before:
            return self.soft[rows]
        before, soft = (Image.fromarray(pixels[rows]) for pixels in (self.before, self.soft))
        return np.asarray(Image.blend(before, soft, share))

    def windows(self) -> Layer:
        """Return parts from all over the picture, side by side: enough to search in."""
        height, width = self.grain.shape
        share = (_SEARCHED / (height * width)) ** 0.5
        if share >= 1:
            return self
        at = np.ix_(_spread(height, share), _spread(width, share))
        alpha = None if self.alpha is None else self.alpha[at]
        before = self.before[at]
        soft = before if self.soft is self.before else self.soft[at]
        return Layer(before, soft, self.grain[at], alpha)


def _held(layer: Layer, strength: str) -> tuple[Found, Bytes]:
    """Return the largest deviation that keeps the strength's floor on the whole picture, and the
    pixels; one too small for a score gets what others begin with."""
    floor, first = FLOORS[strength], _FIRST[strength]
    if min(layer.grain.shape) < SMALLEST:
        return Found(first, None), layer.finished(first)
    parts = layer.windows()
    if parts is layer:
        found = strongest(_judge(layer), floor, first=first, most=MOST)
        return found, layer.finished(found.amount)
    # Windows err by about a point: aim at the middle of what is near enough.
    begun = expected(_judge(parts), floor + _NEAR_WHOLE / 2, first=first, most=MOST)
    whole = _Whole(layer)
    found = strongest(whole.score, floor, first=begun, most=MOST, near=_NEAR_WHOLE)
    return found, whole.finished(found.amount)


def _judge(layer: Layer) -> Callable[[float], float]:
    known = reference(layer.before)
    return lambda deviation: known.score(layer.finished(deviation))


@dataclass(slots=True)
class _Whole:
    """The whole of a large picture: it is seldom looked at more than once, so that nothing of it
    is kept but the pixels that were looked at last."""

    layer: Layer
    deviation: float = 0.0
    pixels: Bytes | None = None

    def score(self, deviation: float) -> float:
        return ssimulacra2(self.layer.before, self.finished(deviation))

    def finished(self, deviation: float) -> Bytes:
        if self.pixels is None or deviation != self.deviation:
            self.pixels = None  # before there are others: two would be one too many
            self.pixels, self.deviation = self.layer.finished(deviation), deviation
        return self.pixels


def _spread(length: int, share: float) -> NDArray[np.intp]:
    """Return the indices of windows that lie evenly in `length` and are `share` of it."""
    each = max(1, int(length * share / _WINDOWS))
    starts = np.linspace(0, length - each, _WINDOWS).astype(np.intp)
    return np.unique(starts[:, None] + np.arange(each))


def _luma(pixels: Bytes) -> Bytes:
    red, green, blue = (pixels[..., i].astype(np.uint16) for i in range(3))
    return ((red * 77 + green * 150 + blue * 29) >> 8).astype(np.uint8)  # at most 65,280


@cache
def _weights() -> NDArray[np.float32]:
    """Return the share of the noise that each brightness gets: 1 in the middle."""
    light = np.arange(256, dtype=np.float32) / 255
    return np.asarray(_ENDS + (1 - _ENDS) * 4 * light * (1 - light), np.float32)


def _mean_change(before: Bytes, after: Bytes) -> float:
    change = after[::_GRID, ::_GRID].astype(np.int16) - before[::_GRID, ::_GRID]
    return round(float(np.abs(change).mean()), 2)
