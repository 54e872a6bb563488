"""A picture that is built of shaded, textured shapes, each laid over those before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from postguard.cloak.anchors.geometry import Points, turned

_Choice = TypeVar("_Choice")
Plane = NDArray[np.float32]
Colour = tuple[float, float, float]  # sRGB in [0, 255]

_COARSE = 96  # pixels on the long side that light and shadow are computed at: both are smooth
_SUN = np.array([-0.45, -0.65, 0.62], np.float32)  # towards the light; its length is 1
_SHADOW, _SHADOW_WIDTH = 0.5, 0.035  # darkest share, and units that it reaches


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a subject stands: its centre in pixels, pixels to a unit, radians, mirrored or not."""

    x: float
    y: float
    scale: float
    turn: float = 0.0
    flip: bool = False

    def place(self, points: Points) -> Points:
        """Units -> pixels."""
        mirror = (-1.0, 1.0) if self.flip else (1.0, 1.0)
        return turned(points * mirror, self.turn) * self.scale + (self.x, self.y)

    def units(self, rows: slice, columns: slice) -> tuple[Plane, Plane]:
        """Return the units (u, v) of every pixel of a window, each (h,w)."""
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) - self.x) / self.scale
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) - self.y) / self.scale
        c, s = np.float32(np.cos(self.turn)), np.float32(np.sin(self.turn))
        u, v = c * x[None, :] + s * y[:, None], c * y[:, None] - s * x[None, :]
        return as_plane(-u if self.flip else u), as_plane(v)


@dataclass(frozen=True, slots=True)
class Area:
    """What a texture is drawn for: the units of its pixels, pixels to a unit, and chance."""

    u: Plane
    v: Plane
    scale: float
    rng: np.random.Generator


Texture = Callable[[Area], Plane]  # (h,w) of about [-1, 1]: how much lighter or darker


def as_plane(values: ArrayLike) -> Plane:
    """Return values as float32."""
    return np.asarray(values, np.float32)


def toned(colour: Colour, tone: float) -> Colour:
    """Return a colour darker (below 1) or lighter."""
    red, green, blue = colour
    return red * tone, green * tone, blue * tone


class Canvas:
    """(H,W,3) float32 pixels in [0, 255], and the pose that outlines are told in."""

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.pixels = np.zeros((*size, 3), np.float32)
        self.rng = rng
        self.pose = Pose(size[1] / 2, size[0] / 2, min(size) / 2)

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        """Return one by chance."""
        return choices[int(self.rng.integers(len(choices)))]

    def ground(
        self, top: float, colours: tuple[Colour, Colour], texture: Texture, k: float
    ) -> None:
        """Fill all below `top` (in units) with colours from above to below, textured by `k`."""
        height, width = self.pixels.shape[:2]
        first = int(np.clip(self.pose.y + top * self.pose.scale, 0, height))
        if first == height:
            return
        rows, columns = slice(first, height), slice(0, width)
        area = Area(*self.pose.units(rows, columns), self.pose.scale, self.rng)
        way = np.linspace(0, 1, height - first, dtype=np.float32)[:, None, None]
        high, low = (np.array(c, np.float32) for c in colours)
        self.pixels[rows] = (high + (low - high) * way) * (1 + k * texture(area))[..., None]

    def part(
        self,
        outline: Points,
        colour: Colour,
        texture: Texture | None = None,
        k: float = 0.3,
        bulge: float = 0.12,
    ) -> None:
        """Lay a shape over the picture, rounded towards its edge over `bulge` units (0: flat)."""
        points = self.pose.place(outline)
        margin = 2 * _SHADOW_WIDTH * self.pose.scale + 1
        window = self._window(points, margin)
        if window is None:
            return
        rows, columns = window
        cover = _cover(points, rows, columns)
        below = self.pixels[rows, columns]
        light, shadow = _relief(cover, bulge * self.pose.scale, margin / 2)
        if texture is not None:
            area = Area(*self.pose.units(rows, columns), self.pose.scale, self.rng)
            light = as_plane(light * (1 + k * texture(area)))
        below *= (1 - _SHADOW * shadow)[..., None]
        below += cover[..., None] * (light[..., None] * np.array(colour, np.float32) - below)

    def _window(self, points: Points, margin: float) -> tuple[slice, slice] | None:
        """Return the rows and columns that the points and their shadow reach; None: none."""
        height, width = self.pixels.shape[:2]
        low = np.floor(points.min(0) - margin).astype(int).clip(0, (width, height))
        high = np.ceil(points.max(0) + margin).astype(int).clip(0, (width, height))
        if (high <= low).any():
            return None
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _cover(points: Points, rows: slice, columns: slice) -> Plane:
    """Return (h,w): 1 inside the polygon, 0 outside."""
    image = Image.new("L", (columns.stop - columns.start, rows.stop - rows.start))
    corners = (points - (columns.start, rows.start)).ravel().tolist()
    ImageDraw.Draw(image).polygon(corners, fill=1)
    return np.asarray(image, np.float32)


def _relief(cover: Plane, bulge: float, reach: float) -> tuple[Plane, Plane]:
    """Return the light on a cushion of this shape, of about 1, and the shadow around it.

    Args:
        bulge: pixels from the edge to where it lies flat; 0: flat everywhere.
        reach: pixels that the shadow reaches.
    """
    size = cover.shape[1], cover.shape[0]
    share = min(1.0, _COARSE / max(size))
    coarse = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    small = np.asarray(Image.fromarray(cover).resize(coarse, Image.Resampling.BOX))
    shadow = _blurred(small, reach * share)
    light = _lit(_blurred(small, bulge * share), bulge * share) if bulge else np.ones_like(small)
    both = (
        Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR) for plane in (light, shadow)
    )
    full, dark = (as_plane(np.asarray(image)) for image in both)
    return full, dark


def _lit(height: Plane, bulge: float) -> Plane:
    """Return Lambert's light on a height map."""
    padded = np.pad(height * (2.2 * bulge), 1, mode="edge")
    dy = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    dx = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    facing = (_SUN[2] - dx * _SUN[0] - dy * _SUN[1]) / np.sqrt(1 + dx * dx + dy * dy)
    return as_plane(0.45 + 0.85 * np.maximum(facing, 0))


def _blurred(plane: Plane, sigma: float) -> Plane:
    """Gaussian blur of a coarse plane, dark outside."""
    down, across = (_bell(n, max(sigma, 0.4)) for n in plane.shape)
    return as_plane(down @ plane @ across)


def _bell(n: int, sigma: float) -> Plane:
    place = np.arange(n, dtype=np.float32)
    bell = np.exp(-0.5 * ((place[:, None] - place[None, :]) / sigma) ** 2)
    return as_plane(bell / (sigma * np.sqrt(2 * np.pi)))
