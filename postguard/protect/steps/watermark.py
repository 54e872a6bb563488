"""A mark tiled over the whole picture, so that cropping and erasing cost more than the art.

Each mark is light on dark ground and dark on light ground, with an outline of the other tone, so
that it shows everywhere. It sways a little, differently in every artwork: marks that are alike in
a collection can be estimated from it and subtracted (Dekel et al., CVPR 2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Artist, Json
from postguard.protect.chance import generator
from postguard.protect.lettering import Lettering
from postguard.protect.marks import LogoMark, Maker, TextMark
from postguard.protect.stamping import stamp_of, stamped
from postguard.protect.steps import Scene
from postguard.settings import recipes

STEP = "watermark"
FAINTEST = 3.0  # mean change of the marked pixels, in 1/255, below which nobody would see it
ROOM = 0.92  # largest share of a side that one mark may take
_VARIANTS = 5  # differently swayed marks in one picture
_SAMPLES = 256  # rows and columns looked at to measure what was done


@dataclass(frozen=True, slots=True)
class Layout:
    """How marks lie.

    Attributes:
        size: as the mark takes it (em, or a logo's height), in pixels.
        angle: degrees counter-clockwise.
        pitch: from mark to mark along a row, and from row to row, in pixels.
        legible: one whole mark of a readable size fits into the picture.
    """

    size: float
    angle: float
    pitch: tuple[float, float]
    legible: bool


class Watermark:
    """Tile `text` or a `logo` over the picture; the phase of the tiling is secret."""

    def __init__(self, options: recipes.Watermark, lettering: Lettering | None = None) -> None:
        self._options = options
        self._lettering = lettering or Lettering()

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the marked picture; alpha stays as it is, and what is transparent stays empty.

        Raises:
            StepFailed: no font has the text's characters, the logo cannot be used, or the mark
                cannot be seen on this picture.
        """
        options, size = self._options, (picture.width, picture.height)
        maker, record = self._maker(scene.artist, scene.year)
        layout = lay_out(maker.shape(), maker.least, size, options)
        chance = generator(scene.seed, STEP)
        mark = maker.draw(layout.size, outline=options.outline)
        stamps = [stamp_of(mark, layout.angle, options.opacity, chance) for _ in range(_VARIANTS)]
        spots = lattice(size, layout, chance.random(2))
        pixels = stamped(picture, stamps, spots)
        record |= _described(layout, len(spots), _visible(picture, pixels, layout.legible))
        return Picture(pixels, picture.alpha, picture.gray), record

    def _maker(self, artist: Artist, year: int) -> tuple[Maker, dict[str, Json]]:
        if self._options.logo:
            path = Path(self._options.logo).expanduser()
            return LogoMark(path, STEP), {"logo": path.name}
        if "{name}" in self._options.text and not artist.name:
            raise StepFailed(STEP, "the text asks for {name}, but [artist] has no name: add it")
        text = self._options.text.replace("{year}", str(year)).replace("{name}", artist.name)
        return TextMark(text, self._lettering, STEP), {"text": text}


def _described(layout: Layout, marks: int, contrast: float) -> dict[str, Json]:
    record: dict[str, Json] = {
        "size": round(layout.size, 1),
        "angle": layout.angle,
        "marks": marks,
        "legible": layout.legible,
        "contrast": round(contrast, 1),
    }
    if not layout.legible:
        record["note"] = "the picture is too small for one legible mark"
    return record


def lay_out(
    shape: tuple[float, float], least: float, canvas: tuple[int, int], options: recipes.Watermark
) -> Layout:
    """Return how marks of `shape` (width, height at size 1) lie on a canvas of (width, height).

    A mark that would be too large for the picture shrinks, down to the `least` legible size; in
    a picture too narrow even for that at the wanted angle, it lies along the picture.
    """
    wanted = max(least, options.size * min(canvas))
    for angle in (options.angle, 0.0, 90.0):
        across, down = _extent(shape, angle)
        largest = ROOM * min(canvas[0] / across, canvas[1] / down)
        if largest >= least:
            size = min(wanted, largest)
            return Layout(size, angle, _pitch(shape, size, options.spacing), legible=True)
    return Layout(least, options.angle, _pitch(shape, least, options.spacing), legible=False)


def _extent(shape: tuple[float, float], angle: float) -> tuple[float, float]:
    """Return the (width, height) that a turned rectangle takes."""
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    return shape[0] * cos + shape[1] * sin, shape[0] * sin + shape[1] * cos


def _pitch(shape: tuple[float, float], size: float, spacing: float) -> tuple[float, float]:
    """Leave `spacing` times the mark's mean side free, and never let outlines touch."""
    gap = size * max(0.3, spacing * math.sqrt(shape[0] * shape[1]))
    return shape[0] * size + gap, shape[1] * size + gap


def lattice(
    canvas: tuple[int, int], layout: Layout, phase: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (N, 2) centres of marks in a turned brick pattern that covers the canvas.

    `phase`: where the pattern begins, in [0, 1) of its period along a row and across two rows.
    """
    turn = math.radians(layout.angle)
    along, across = (math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))
    # A mark whose centre lies a pitch outside cannot reach in.
    reach = [v / 2 + layout.pitch[0] for v in _extent((canvas[0], canvas[1]), layout.angle)]
    columns, rows = (math.ceil(r / p) + 1 for r, p in zip(reach, layout.pitch, strict=True))
    j, i = np.mgrid[-rows - 1 : rows + 2, -columns - 1 : columns + 2]
    u = (i + 0.5 * (j % 2) + phase[0]) * layout.pitch[0]
    v = (j + 2 * phase[1]) * layout.pitch[1]
    x = canvas[0] / 2 + u * along[0] + v * across[0]
    y = canvas[1] / 2 + u * along[1] + v * across[1]
    margin = layout.pitch[0]
    inside = (abs(x - canvas[0] / 2) < canvas[0] / 2 + margin) & (
        abs(y - canvas[1] / 2) < canvas[1] / 2 + margin
    )
    return np.stack((x[inside], y[inside]), axis=-1)


def _visible(picture: Picture, pixels: NDArray[np.uint8], must_show: bool) -> float:
    """Return the mean change, in 1/255, of the pixels that were changed.

    Raises:
        StepFailed: nobody would see the marks.
    """
    down, across = (max(1, side // _SAMPLES) for side in (picture.height, picture.width))
    before = picture.pixels[::down, ::across].astype(np.int16)
    change = abs(pixels[::down, ::across] - before).max(axis=-1)
    contrast = float(change[change > 0].mean()) if change.any() else 0.0
    if must_show and contrast < FAINTEST:
        raise StepFailed(
            STEP, "the mark cannot be seen on this picture: raise its opacity or turn outline on"
        )
    return contrast
