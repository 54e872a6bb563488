"""Limits the resolution: less detail to train on, and too little to print or pass on as one's own.

Light adds up linearly while sRGB values do not, so averaging happens in linear light; otherwise
fine bright lines on dark ground (stars, hair, rim light) come out too dark. Lanczos overshoots at
hard edges, and linear light makes that a dark line around all that is bright (a moon, white hair),
so each pixel keeps within what the source shows around it. The picture is worked on in strips and
one channel at a time: a whole canvas in floats would need sixteen bytes a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from postguard.imaging import Picture
from postguard.imaging.resampling import LANCZOS, part, resized
from postguard.language import _
from postguard.model import Json, Limits
from postguard.protect.steps import Scene
from postguard.settings import steps

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

TRAINED = 1024  # px: SDXL and its successors train in shapes of about this square's area
TRAINED_PIXELS = TRAINED * TRAINED

_STRIP = 1 << 20  # source pixels in a strip: the fastest of the sizes tried, 4 MB of floats
_DEEP = 65_535
_OPAQUE = 255
_LINEAR_BELOW = 0.04045  # the sRGB curve is a straight line of this slope in its darkest part
_SLOPE = 12.92


class Downscale:
    """Fit the picture into `long_side` pixels, `megapixels`, or what each network is to get; never
    enlarges."""

    def __init__(self, options: steps.Downscale) -> None:
        self._options = options

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the smaller picture, both sizes, and whether what is posted of it is still
        enough to train on."""
        before = (picture.width, picture.height)
        asked = self._by_network(scene.limits)
        sides = [side for side in (self._options.long_side, *asked.values()) if side]
        after = fitting(before, min(sides, default=None), self._options.megapixels)
        record: dict[str, Json] = {"from": list(before), "to": list(after)}
        if asked:
            record["networks"] = dict(asked)
        if advice := training_advice(fitting(after, *strictest(scene.limits))):
            record["advice"] = advice
        if after == before:
            return picture, {**record, "note": _("already small enough")}
        note = _("{width} × {height} to {new_width} × {new_height}").format(
            width=before[0], height=before[1], new_width=after[0], new_height=after[1]
        )
        if len(asked) > 1:
            least = min(asked, key=lambda name: asked[name])
            note += _(", as {least} is to get it: all networks get one picture").format(
                least=least
            )
        return shrink(picture, *after), {**record, "note": note}

    def _by_network(self, limits: Sequence[Limits]) -> dict[str, int]:
        """Return the sides that were asked for networks that the picture goes to; all of them,
        where it is not known where it goes."""
        named = {str(name): side for name, side in (self._options.networks or {}).items()}
        to = {limit.fit.partition("-")[0] for limit in limits}
        if not to or not to <= set(get_args(steps.NetworkName)):
            return named
        return {name: side for name, side in named.items() if name in to}


def strictest(limits: Sequence[Limits]) -> tuple[int | None, float | None]:
    """Return the longest side and the megapixels that every network keeps without resizing."""
    side = min((limit.side for limit in limits if limit.side), default=None)
    pixels = min((limit.pixels for limit in limits if limit.pixels), default=None)
    return side, None if pixels is None else pixels / 1e6


def training_advice(size: tuple[int, int]) -> str:
    """Return what a picture of (width, height) offers to training; empty: less than whole."""
    width, height = size
    if width * height < TRAINED_PIXELS:
        return ""
    enough = max(size) * math.sqrt(TRAINED_PIXELS / (width * height))
    return _(
        "{width} × {height} pixels are enough to train on at {trained} × {trained}, as SDXL and "
        "later models do; with less than {side} on the long side this picture would not be. That "
        "makes it less useful to them, not useless: others train at 512 × 512"
    ).format(width=width, height=height, trained=TRAINED, side=math.ceil(enough))


def fitting(
    size: tuple[int, int], long_side: int | None, megapixels: float | None
) -> tuple[int, int]:
    """Return the largest size of the same shape within both limits; no side is under 1."""
    width, height = size
    by_side = min(1.0, long_side / max(size)) if long_side else 1.0
    by_area = min(1.0, math.sqrt(megapixels * 1e6 / (width * height))) if megapixels else 1.0
    if min(by_side, by_area) == 1.0:
        return size
    if by_side <= by_area:
        return max(1, round(width * by_side)), max(1, round(height * by_side))
    # Rounded down, else the area could be a row over what was asked.
    return max(1, math.floor(width * by_area)), max(1, math.floor(height * by_area))


def shrink(picture: Picture, width: int, height: int) -> Picture:
    """Resize with Lanczos in linear light, without halos, colours weighted by alpha. Never use it
    to enlarge."""
    pixels = np.empty((height, width, 3), np.uint8)
    alpha = None if picture.alpha is None else np.empty((height, width), np.uint8)
    rows = max(1, _STRIP * height // (picture.width * picture.height))
    for top in range(0, height, rows):
        strip = _Strip(picture, (width, height), top, min(top + rows, height))
        cover = strip.cover()
        if alpha is not None:
            alpha[strip.target] = _OPAQUE if cover is None else strip.alpha(cover)
        for channel in range(1 if picture.gray else 3):
            source = strip.channel(channel)
            values = _from_light(strip.light(source), cover)
            pixels[strip.target, :, channel] = np.clip(values, *strip.bounds(source))
    if picture.gray:
        pixels[..., 1:] = pixels[..., :1]
    if alpha is not None:
        pixels[alpha == 0] = 0
    return Picture(pixels, alpha, picture.gray)


class _Strip:
    """Some rows of the target, and the rows of the source that Lanczos reads for them."""

    def __init__(self, picture: Picture, size: tuple[int, int], top: int, bottom: int) -> None:
        self.target = slice(top, bottom)
        width, height = size
        rows, self._down = part(picture.height, height, self.target, LANCZOS)
        _, self._across = part(picture.width, width, slice(0, width), LANCZOS)
        self._pixels = picture.pixels[rows]
        alpha = None if picture.alpha is None else picture.alpha[rows]
        self._alpha = None if alpha is None or alpha.min() == _OPAQUE else alpha
        self._rows = _cells(top, bottom, size[1], picture.height) - rows.start
        self._columns = _cells(0, size[0], size[0], picture.width)

    def cover(self) -> Floats | None:
        """Return the resized alpha, about [0, 1], or None where all of the strip is opaque.

        Its overshoot is kept: the colours have the same, and lose it by being divided by it.
        """
        if self._alpha is None:
            return None
        return self._resized(_looked_up(_fractions(), self._alpha))

    def alpha(self, cover: Floats) -> Bytes:
        """Return the resized alpha as it is stored."""
        assert self._alpha is not None  # else there is no cover
        values = np.rint(np.clip(cover, 0, 1) * _OPAQUE).astype(np.uint8)
        return np.clip(values, *self._bounds(self._alpha, self._alpha))

    def channel(self, number: int) -> Bytes:
        """Return one channel of the source."""
        return np.ascontiguousarray(self._pixels[..., number])

    def light(self, values: Bytes) -> Floats:
        """Return a channel resized as linear light, weighted by alpha where there is any."""
        light = _looked_up(_to_light(), values)
        if self._alpha is not None:
            light *= self._alpha * np.float32(1 / _OPAQUE)
        return self._resized(light)

    def bounds(self, values: Bytes) -> tuple[Bytes, Bytes]:
        """Return the least and the greatest value that a channel has about each target pixel: in
        its own cell and the eight around it, which hold the main lobe of the kernel."""
        if self._alpha is None:
            return self._bounds(values, values)
        seen = self._alpha > 0  # a colour that nobody sees is no bound
        least = np.where(seen, values, np.uint8(_OPAQUE))
        return self._bounds(least, np.where(seen, values, np.uint8(0)))

    def _bounds(self, least: Bytes, greatest: Bytes) -> tuple[Bytes, Bytes]:
        return self._around(np.minimum, least), self._around(np.maximum, greatest)

    def _around(self, extreme: np.ufunc, values: Bytes) -> Bytes:
        for starts in (self._rows, self._columns):
            cells = _reduced(extreme, values, starts)
            widest = extreme(extreme(cells[:-2], cells[1:-1]), cells[2:])
            values = np.ascontiguousarray(widest.T)
        return values

    def _resized(self, values: Floats) -> Floats:
        return resized(values, self._down, self._across, LANCZOS)


def _cells(first: int, last: int, count: int, whole: int) -> NDArray[np.intp]:
    """Return where the cells of target pixels `first - 1` to `last` begin in the source, and where
    the next one does; beyond the border, cells repeat what lies at it."""
    return np.clip(np.arange(first - 1, last + 2) * whole // count, 0, whole - 1)


def _reduced(extreme: np.ufunc, values: Bytes, starts: NDArray[np.intp]) -> Bytes:
    """Return the extreme of each cell of rows; an empty one has its first row. Whole rows at once:
    `ufunc.reduceat` goes value by value, six times as slow."""
    first = starts[:-1]
    last = np.maximum(starts[1:] - 1, first)
    cells = values[first]
    for step in range(1, int((last - first).max()) + 1):
        extreme(cells, values[np.minimum(first + step, last)], out=cells)
    return cells


def _from_light(light: Floats, cover: Floats | None) -> Bytes:
    """Return sRGB values of linear light in about [0, 1]; Lanczos overshoots at hard edges."""
    if cover is not None:
        light = np.divide(light, cover, out=np.zeros_like(light), where=cover > 0)
    deep = np.clip(light * np.float32(_DEEP) + np.float32(0.5), 0, _DEEP).astype(np.uint16)
    values: Bytes = _to_srgb()[deep]
    return values


def _looked_up(table: Floats, values: Bytes) -> Floats:
    return np.take(table, values, mode="clip")  # twice as fast as by an index, and as right


@cache
def _fractions() -> Floats:
    return np.arange(256, dtype=np.float32) / np.float32(_OPAQUE)


@cache
def _to_light() -> Floats:
    """Linear light of the 256 sRGB values (IEC 61966-2-1)."""
    value = np.arange(256) / _OPAQUE
    curved = ((value + 0.055) / 1.055) ** 2.4
    return np.where(value <= _LINEAR_BELOW, value / _SLOPE, curved).astype(np.float32)


@cache
def _to_srgb() -> Bytes:
    """sRGB value of each of 65,536 levels of linear light; the inverse of `_to_light`."""
    light = np.arange(_DEEP + 1) / _DEEP
    curved = 1.055 * light ** (1 / 2.4) - 0.055
    value = np.where(light <= _LINEAR_BELOW / _SLOPE, light * _SLOPE, curved)
    levels: Bytes = np.rint(value * _OPAQUE).astype(np.uint8)
    return levels
