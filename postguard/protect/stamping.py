"""Presses marks onto a picture: each bent and worn, and light or dark as its ground asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.imaging import Picture
from postguard.imaging.picture import strips
from postguard.protect.marks import Mark
from postguard.protect.warping import Bend, bend, worn

_REDUCED = 8  # the ground is judged on cells of this many pixels
_MIDDLE = 128
_SAME_TONE = 28  # levels about the middle within which a mark has the tone of most of the picture
_BREATH = 0.1  # how far opacity varies between marks
_ON_MIDDLE = 0.45  # how much stronger a mark is on middle gray, where neither tone stands out
_ON_BUSY = 0.5  # and on ground whose deviation is _BUSY
_BUSY = 48.0  # levels of 255
_LOGO_REACH = 0.4  # of a text's bend: a drawing bent as far is not known again
_STRONGEST = 0.85  # the art must be guessed at under any mark
_RING = 0.75  # opacity of an outline beside its body's: as strong, letters look cast in metal


@dataclass(frozen=True, slots=True)
class Stamp:
    """A mark as it is pressed onto the picture: coverage times opacity, and a logo's colour.

    Attributes:
        dark: of a logo: it is dark by itself, so its outline must be light.
    """

    cover: Image.Image
    ring: Image.Image | None
    colour: Image.Image | None = None
    dark: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark goes: its centre in pixels, degrees counter-clockwise, a factor of its size,
    and of its opacity."""

    x: float
    y: float
    angle: float
    factor: float = 1.0
    strength: float = 1.0


def stamp_of(mark: Mark, bent: Bend, opacity: float, chance: np.random.Generator) -> Stamp:
    """Return the mark bent, and worn to its opacity; outline and body are worn differently."""
    text, rings = mark.body.mode == "L", [mark.ring] if mark.ring else []
    # Colours weighed by their coverage: nothing seeps in from what is transparent.
    body = [mark.body] if text else list(mark.body.convert("RGBa").split())
    layers = bent.apply(*body, *rings)
    logo = None if text else Image.merge("RGBa", layers[:4]).convert("RGBA")
    cover = logo.getchannel("A") if logo else layers[0]
    inked = worn(cover, mark.unit, opacity, chance)
    ring = worn(layers[-1], mark.unit, _RING * opacity, chance) if rings else None
    if logo is None:
        return Stamp(inked, ring)
    colour = logo.convert("RGB")
    return Stamp(inked, ring, colour, dark=_mean(colour.convert("L"), cover) < _MIDDLE)


def _mean(values: Image.Image, weights: Image.Image) -> float:
    return float(np.average(np.asarray(values), weights=np.asarray(weights, np.float64) + 1e-6))


class Press:
    """Presses marks onto a copy of a picture.

    Args:
        opacity: of a mark on plain ground that is dark or light.
        reach: how far a mark's points are moved, in pixels.
    """

    def __init__(
        self, picture: Picture, opacity: float, reach: float, chance: np.random.Generator
    ) -> None:
        self._picture, self._opacity, self._reach = picture, opacity, reach
        self._chance = chance
        self._canvas = Image.fromarray(picture.pixels)
        self._ground = _Ground(self._canvas, picture.alpha)
        mostly_dark = self._ground.mean < _MIDDLE
        self._dark_below = _MIDDLE + (_SAME_TONE if mostly_dark else -_SAME_TONE)

    def press(self, mark: Mark, places: Iterable[Place]) -> None:
        """Draw the mark at each place; what hangs over the edge is cut off."""
        for place in places:
            turn = place.angle, place.factor
            reach = self._reach * (1 if mark.body.mode == "L" else _LOGO_REACH)
            bent = bend(mark.body.size, mark.unit, turn, reach, self._chance)
            at = round(place.x - bent.size[0] / 2), round(place.y - bent.size[1] / 2)
            light, need = self._ground.under(at, bent.size)
            breath = 1 + _BREATH * self._chance.uniform(-1, 1)
            opacity = min(_STRONGEST, self._opacity * place.strength * need * breath)
            shown = bent.within(at, self._canvas.size)
            stamp = stamp_of(mark, shown, max(opacity, self._opacity), self._chance)
            self._paste(stamp, at, dark_ground=light < self._dark_below)

    def _paste(self, stamp: Stamp, at: tuple[int, int], *, dark_ground: bool) -> None:
        light_ring = stamp.dark if stamp.colour else not dark_ground
        if stamp.ring:
            self._canvas.paste((255,) * 3 if light_ring else (0,) * 3, at, stamp.ring)
        if stamp.colour is None:
            self._canvas.paste((255,) * 3 if dark_ground else (0,) * 3, at, stamp.cover)
        else:
            gray = self._picture.gray
            colour = stamp.colour.convert("L").convert("RGB") if gray else stamp.colour
            self._canvas.paste(colour, at, stamp.cover)

    def pixels(self) -> NDArray[np.uint8]:
        """Return what was pressed so far; what is transparent stays empty."""
        picture = self._picture
        pixels = np.empty_like(picture.pixels)
        for rows in strips(picture.width, picture.height):
            pixels[rows] = np.asarray(self._canvas.crop((0, rows.start, picture.width, rows.stop)))
            if picture.alpha is not None:
                pixels[rows][picture.alpha[rows] == 0] = 0
        return pixels


class _Ground:
    """What the picture is like under a mark, judged on a small copy; what is transparent does not
    count."""

    def __init__(self, image: Image.Image, alpha: NDArray[np.uint8] | None) -> None:
        small = image.reduce(_REDUCED).convert("L")
        self._luma = np.asarray(small, np.float32)
        self._weight: NDArray[np.float32] = np.ones(self._luma.shape, np.float32)
        if alpha is not None:
            seen = Image.fromarray((alpha > 0).view(np.uint8) * 255)
            self._weight = np.asarray(seen.reduce(_REDUCED), np.float32) / np.float32(255)

    @property
    def mean(self) -> float:
        """The mean luma of what is seen."""
        return float((self._luma * self._weight).sum() / max(float(self._weight.sum()), 1e-6))

    def under(self, at: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
        """Return the mean luma, and how much stronger than on plain black or white a mark must
        be to show as well."""
        (left, top), (right, bottom) = (
            [max(0, math.floor(v / _REDUCED)) for v in at],
            [max(1, math.ceil((v + s) / _REDUCED)) for v, s in zip(at, size, strict=True)],
        )
        weight = self._weight[top:bottom, left:right]
        # Where nothing is seen, the stored luma is already 0 times its weight.
        luma = self._luma[top:bottom, left:right]
        total = max(float(weight.sum()), 1e-6)
        mean = float(luma.sum()) / total
        apart = luma - mean * weight
        busy = min(1.0, math.sqrt(float((apart**2).sum()) / total) / _BUSY)
        middle = max(0.0, 1 - abs(mean - _MIDDLE) / _MIDDLE)
        return mean, 1 + _ON_MIDDLE * middle + _ON_BUSY * busy
