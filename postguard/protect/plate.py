"""A frosted plate in the art's own colour, and text on it that reads at a known contrast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3 (AA), for text of any size
_AIM = 5.5  # what re-encoding and noise take away is added beforehand
_OPACITIES = (0.6, 0.7, 0.8, 0.9, 1.0)
_DARK_TONE, _LIGHT_TONE = 0.12, 0.9  # share of the way from black to white that plates lie at
_HALF = 0.22  # luminance of sRGB 128: half-way as the eye sees it
_TINT = 0.55  # how much of the local colour a plate keeps
_TEXT_TINT = 0.06  # how much of it the letters keep
_SOLID = 0.95  # coverage of the pixels that are all letter
_FROST = 12  # cells that the art under the plate is averaged into, on the plate's short side

Floats = NDArray[np.float32]
Colours = NDArray[np.uint8]


def luminance(colours: NDArray[np.uint8] | Floats) -> Floats:
    """Return WCAG relative luminance in [0, 1] of sRGB values in [0, 255], last axis RGB."""
    share = np.asarray(colours, np.float32) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004  # the sRGB curve
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.asarray(linear @ weights, np.float32)


def contrast(one: Floats, other: Floats) -> Floats:
    """Return the WCAG contrast ratio in [1, 21] of two luminances."""
    high, low = np.maximum(one, other), np.minimum(one, other)
    return np.asarray((high + 0.05) / (low + 0.05), np.float32)


def compose(
    art: Colours, shape: Floats, ink: Floats, *, local: Colours, least: float = 0.0
) -> Colours:
    """Return (H, W, 3) art with a plate and letters blended over it.

    Args:
        shape: (H, W) coverage of the plate in [0, 1].
        ink: (H, W) coverage of the letters in [0, 1], inside the plate.
        local: (N, 3) colours that the plate takes its own from.
        least: smallest opacity of the plate in [0, 1].

    The plate becomes as opaque as its letters need: at 1 its contrast is above `CONTRAST` for
    every local colour.
    """
    tone, letters = _colours(local)
    frosted = _frost(art)
    behind = frosted
    for opacity in (o for o in _OPACITIES if o >= least):
        behind = np.rint(frosted + (tone - frosted) * opacity)
        worst = float(contrast(luminance(behind[shape > 0]), luminance(letters)).min())
        if worst >= _AIM:
            break
    cover, pen = shape[..., None], ink[..., None]
    pixels = art + (behind - art) * cover
    pixels += (letters - pixels) * pen
    return np.asarray(np.rint(pixels), np.uint8)


def seen_contrast(pixels: Colours, shape: Floats, ink: Floats) -> float:
    """Return the WCAG contrast of the letters against the worst pixel behind them, as both stand
    in (H, W, 3) blended pixels, to one decimal."""
    values = luminance(pixels)
    letters = np.full(1, np.median(values[ink >= min(_SOLID, float(ink.max()))]), np.float32)
    ground = values[(shape >= 1) & (ink <= 0)]
    return round(float(contrast(letters, ground).min()), 1)


def _colours(local: Colours) -> tuple[Floats, Floats]:
    """Return the colours of plate and letters: dark letters on a light plate, or the reverse."""
    middle = np.median(local, axis=0).astype(np.float32) if len(local) else np.full(3, 128.0)
    light = bool(luminance(middle) > _HALF)
    plate, letters = (_LIGHT_TONE, 0.0) if light else (_DARK_TONE, 1.0)
    return _toned(middle, plate, _TINT), _toned(middle, letters, _TEXT_TINT)


def _toned(local: Floats, tone: float, tint: float) -> Floats:
    """Return the local hue moved to `tone`, from black (0) to white (1), keeping `tint` of it."""
    spread = local - local.mean()
    return np.asarray(np.clip(255 * tone + spread * tint, 0, 255), np.float32)


def _frost(art: Colours) -> Floats:
    """Return the art as if seen through frosted glass."""
    height, width = art.shape[:2]
    cell = max(1.0, min(height, width) / _FROST)
    size = max(1, round(width / cell)), max(1, round(height / cell))
    image = Image.fromarray(art).resize(size, Image.Resampling.BOX)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def rounded(width: int, height: int, radius: float) -> Floats:
    """Return (H, W) coverage in [0, 1] of a rounded rectangle that fills the canvas."""
    x = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    y = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    beyond = np.hypot(np.maximum(x[None, :], 0), np.maximum(y[:, None], 0))
    return np.asarray(np.clip(radius + 0.5 - beyond, 0, 1), np.float32)
