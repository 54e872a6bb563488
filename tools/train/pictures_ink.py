"""Lines, outlines, screentone and lettering: what ink does in a training picture."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from postguard.protect.lettering import BUNDLED, FontFile, installed_fonts

Colour = tuple[int, int, int]
Points = NDArray[np.float64]
Rng = np.random.Generator

_LATIN = "ABCDEFGHIJKLMNOPRSTUVWYabcdefghiklmnoprstuvwy 0123456789.,!?&-"
_KANA = (
    "あいうえかきくけこさしすたちつてとなのはまみやよらりるんアイウカキコサシスタテナハラリルンー"
)
_KANJI = "人大小山川日月火水木土空風花春夏秋冬夜朝光影夢心手目色絵線黒白赤星雨雪猫犬"
_SCRIPTS = (_LATIN, _KANA + _KANJI, _KANJI)
_FACES = 12  # of the installed fonts, the most fitting


def blob(rng: Rng, centre: tuple[float, float], size: float, rough: float = 0.3) -> Points:
    """Return a closed smooth outline (n,2) around a centre, about `size` px in radius."""
    turn = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    radius = np.ones_like(turn)
    for wave in range(1, 6):
        radius += rough / wave * rng.normal() * np.cos(wave * turn + rng.uniform(0, 2 * math.pi))
    stretch = rng.uniform(0.6, 1.5)
    ring = np.stack([np.cos(turn) * stretch, np.sin(turn) / stretch], 1)
    spin = rng.uniform(0, 2 * math.pi)
    c, s = math.cos(spin), math.sin(spin)
    points: Points = (ring * radius.clip(0.2)[:, None]) @ np.array([[c, s], [-s, c]]) * size
    return points + centre


def polygon(rng: Rng, centre: tuple[float, float], size: float) -> Points:
    """Return a star, a shard or a regular polygon."""
    n = int(rng.integers(3, 9))
    turn = (
        np.sort(rng.uniform(0, 2 * math.pi, n))
        if rng.random() < 0.5
        else np.arange(n) * (2 * math.pi / n)
    )
    radius = size * rng.uniform(0.35, 1.2, n)
    return np.stack([np.cos(turn), np.sin(turn)], 1) * radius[:, None] + centre


def curve(rng: Rng, side: int, reach: float = 0.5) -> Points:
    """Return a smooth open stroke somewhere in the picture: a cubic Bézier."""
    start = rng.uniform(-0.1, 1.1, 2) * side
    steps = rng.normal(0, reach * side / 2, (3, 2))
    ends = np.concatenate([start[None], start + steps.cumsum(0)])
    t = np.linspace(0, 1, 24)[:, None]
    a, b, c, d = ends
    points: Points = (
        (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    )
    return points


def pen_line(pen: ImageDraw.ImageDraw, points: Points, colour: Colour, width: float) -> None:
    """Draw a line that swells in the middle, as a pressed pen does."""
    n = len(points) - 1
    for i in range(n):
        swell = width * (0.35 + 0.65 * math.sin(math.pi * (i + 0.5) / n))
        pen.line([*points[i], *points[i + 1]], fill=colour, width=max(1, round(swell)))


def filled(
    pen: ImageDraw.ImageDraw, points: Points, fill: Colour | None, line: Colour | None, width: int
) -> None:
    """Draw a closed shape, with an outline of one width where `line` is told."""
    corners = points.ravel().tolist()
    if fill is not None:
        pen.polygon(corners, fill=fill)
    if line is not None:
        pen.line([*corners, *corners[:2]], fill=line, width=width, joint="curve")


def screentone(rng: Rng, size: tuple[int, int], tone: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (H,W): where ink is, of dots or lines whose size follows `tone` (H,W) in [0,1]."""
    angle, period = rng.uniform(0, math.pi), rng.uniform(4, 18)
    rows, columns = np.ogrid[: size[0], : size[1]]
    turn = 2 * math.pi / period
    u = (columns * math.cos(angle) + rows * math.sin(angle)) * turn
    wave = np.cos(u)
    if rng.random() < 0.75:
        wave = (wave + np.cos((rows * math.cos(angle) - columns * math.sin(angle)) * turn)) / 2
    ink: NDArray[np.bool_] = wave > 1 - 2 * tone
    return ink


def hatching(rng: Rng, pen: ImageDraw.ImageDraw, side: int, ink: Colour) -> None:
    """Draw a patch of parallel short strokes."""
    centre, angle = rng.uniform(0, side, 2), rng.uniform(0, math.pi)
    reach, gap = rng.uniform(0.05, 0.25) * side, rng.uniform(3, 9)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    for k in np.arange(-reach, reach, gap):
        middle = centre + across * k + along * rng.normal(0, 4)
        half = along * reach * rng.uniform(0.4, 1.0)
        pen.line([*(middle - half), *(middle + half)], fill=ink, width=int(rng.integers(1, 4)))


def lettering(rng: Rng, image: Image.Image, ink: Colour, edge: Colour | None) -> None:
    """Write one to five lines of Latin or Japanese, in any font that is at hand."""
    script = _SCRIPTS[rng.integers(len(_SCRIPTS))]
    faces = _faces(script)
    size = int(rng.uniform(0.03, 0.22) * image.width)
    face = faces[rng.integers(len(faces))]
    font = ImageFont.truetype(face.path, max(size, 9), index=face.index)
    letters = np.array(list(script))
    lines = (
        "".join(letters[rng.integers(len(letters), size=rng.integers(2, 16))])
        for _ in range(rng.integers(1, 6))
    )
    place = rng.uniform(-0.1, 0.7) * image.width, rng.uniform(-0.05, 0.85) * image.height
    width = 0 if edge is None else max(1, size // 12)
    pen = ImageDraw.Draw(image)
    pen.multiline_text(
        place, "\n".join(lines), fill=ink, font=font, stroke_width=width, stroke_fill=edge
    )


@cache
def _faces(script: str) -> list[FontFile]:
    """Return fonts that hold the whole script; the bundled one where nothing else does."""
    return installed_fonts(script)[:_FACES] or [FontFile(str(BUNDLED))]
