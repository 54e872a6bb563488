"""The instant cloak of one picture, as a function of its pixels and a secret seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postguard.cloak.instant.holding import hold
from postguard.cloak.instant.painter import Painter, painter
from postguard.cloak.instant.shade import Plane, light, limits
from postguard.cloak.instant.sheet import Sheet
from postguard.cloak.instant.weave import busy, secret, signs
from postguard.cloak.pixels import (
    Pixels,
    grown,
    scale_inside,
    scale_to_area,
    scaled,
    shrunk,
)
from postguard.cloak.platforms import BLUESKY_SIDES
from postguard.model import Json

SERVED_PIXELS = 700_000  # at most so many does a model read at once
BARE = np.float32(0.34)  # how strongly the texture is drawn where no network is asked
HANDED_OVER = 0.0, 0.02  # how rough a picture is where the network begins, and where it has all
_SHADED_PIXELS = 2_600_000  # a larger picture has its limits found smaller


@dataclass(frozen=True, slots=True)
class Cloaked:
    """The finished pixels, what they were drawn towards (as served), and the public record."""

    pixels: Pixels
    target: Pixels
    record: dict[str, Json]


def cloak(
    pixels: Pixels,
    alpha: NDArray[np.uint8] | None,
    seed: str,
    floor: float,
    ceiling: int,
    network: Painter | None = None,
    served: tuple[int, int] | None = None,
) -> Cloaked:
    """Draw a secret texture into a picture, as strongly as it may be seen.

    All three channels change by the same amount, so that gray stays gray.

    Args:
        pixels: (H,W,3) uint8, sRGB.
        alpha: (H,W) uint8; where it is 0, nothing changes.
        seed: secret hex digits of the picture; they decide the texture.
        floor: the least SSIMULACRA2 between the picture and the cloaked one.
        ceiling: the largest change of any pixel, in 1/255.
        network: in place of the one that the package ships.
        served: (height, width) at which it is drawn on, in place of `served_size`.
    """
    full = pixels.shape[0], pixels.shape[1]
    drawn_at = served or served_size(full)
    shaded = _reduced(pixels, drawn_at)
    small = shrunk(shaded, drawn_at)
    g, rng = light(small), np.random.default_rng(int(seed, 16))
    texture, turned = secret(g, rng), signs(small.shape[:2], rng)
    change = _shaped(shaded, drawn_on(g, texture, turned, network or painter()), ceiling)
    held = hold(Sheet(pixels, alpha, change), floor)
    target = np.rint(small * np.float32(0.5) + texture[..., None] * np.float32(127.5))
    record: dict[str, Json] = {
        "ssimulacra2": None if held.score is None else round(held.score, 1),
        "over": held.over,
        "share": round(held.share, 2),
    }
    return Cloaked(held.pixels, target.astype(np.uint8), record)


def drawn_on(g: Plane, texture: Plane, turned: Plane, network: Painter) -> Plane:
    """Return what is drawn on luma (h,w), in [-1,1].

    On flat colour that is the bare texture, for its place on the grid is all that counts there;
    elsewhere, what the network makes of it. `turned`: see `weave.signs`.
    """
    half = np.float32(0.5)
    bare: Plane = np.tanh(BARE * (2 * texture - 1))
    more = network(g, half + turned * (texture - half))
    more *= turned
    more -= bare
    more *= busy(g, *HANDED_OVER)
    bare += more
    return bare


def served_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the (height, width) at which a picture is drawn on: as feeds serve it, and models
    read it."""
    fed = scaled(size, scale_inside(size, BLUESKY_SIDES[0]))
    return scaled(fed, scale_to_area(fed, SERVED_PIXELS))


def _reduced(pixels: Pixels, least: tuple[int, int]) -> Pixels:
    """Return the means of the fewest pixels that leave no more than `_SHADED_PIXELS`, and no less
    than the (height, width) `least`."""
    height, width = pixels.shape[:2]
    wanted = math.ceil(math.sqrt(height * width / _SHADED_PIXELS))
    factor = max(min(wanted, height // least[0], width // least[1]), 1)
    return pixels if factor == 1 else np.asarray(Image.fromarray(pixels).reduce(factor))


def _shaped(pixels: Pixels, drawn: Plane, ceiling: int) -> Plane:
    """Return the change in 1/255, within what each pixel may change."""
    change = limits(light(pixels), ceiling)
    change *= np.clip(grown(drawn, (pixels.shape[0], pixels.shape[1])), -1, 1)
    return change
