"""A mark tiled over the whole picture, and once, larger, over what it shows.

Each mark is light on dark ground and dark on light ground, with an outline of the other tone, so
that it shows everywhere. Each is bent and its ink worn, differently in every artwork, and angle,
scale and phase are drawn: marks that are alike in a collection can be estimated from it and
subtracted (Dekel et al., CVPR 2017). All of it comes from the artwork's secret seed, so the
artist, and nobody else, can draw the very same mark again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.language import _
from postguard.model import Artist, Json
from postguard.protect.chance import generator
from postguard.protect.lettering import Lettering
from postguard.protect.marks import LogoMark, Maker, TextMark
from postguard.protect.saliency import focus
from postguard.protect.stamping import Place, Press
from postguard.protect.steps import Scene
from postguard.protect.tiling import Layout, Spot, Wish, lattice, lay_out, with_large
from postguard.settings import steps

STEP = "watermark"
FAINTEST = 3.0  # mean change of the marked pixels, in 1/255, below which nobody would see it
REACH, LEAST_REACH = 0.01, 4.0  # of the bend: as a share of the short side, and in pixels
_LARGE_STRENGTH = 0.85  # opacity of the larger mark beside the others': more of it is seen
_SAMPLES = 256  # rows and columns looked at to measure what was done


@dataclass(frozen=True, slots=True)
class Look:
    """What a strength means: opacity, size as a share of the short side, and spacing."""

    opacity: float
    size: float
    spacing: float


LOOKS: dict[steps.MarkStrength, Look] = {
    "subtle": Look(0.12, 0.05, 0.9),
    "clear": Look(0.2, 0.062, 0.6),
    "sample": Look(0.42, 0.085, 0.45),
}


def look_of(options: steps.Watermark) -> Look:
    """Return the look of the strength, with what is said otherwise."""
    look = LOOKS[options.force]
    return Look(
        look.opacity if options.opacity is None else options.opacity,
        look.size if options.size is None else options.size,
        look.spacing if options.spacing is None else options.spacing,
    )


@dataclass(frozen=True, slots=True)
class Marking:
    """Where all marks of one picture lie; it tells what an attacker must not know."""

    layout: Layout
    spots: list[Spot]
    large: Spot | None


class Watermark:
    """Mark a picture with a text or a logo; all chance comes from the scene's seed."""

    def __init__(self, options: steps.Watermark, lettering: Lettering | None = None) -> None:
        self._options = options
        self._lettering = lettering or Lettering()

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the marked picture; alpha stays as it is, and what is transparent stays empty.

        Raises:
            StepFailed: no font has the text's characters, the logo cannot be used, or the mark
                cannot be seen on this picture.
        """
        maker, record = self._maker(scene.artist, scene.year)
        chance = generator(scene.seed, STEP)
        marking = self._marking(maker, picture, chance)
        pixels = self._pressed(maker, marking, picture, chance)
        record["strength"] = self._options.force
        record |= _described(marking, _visible(picture, pixels, marking.layout.legible))
        return Picture(pixels, picture.alpha, picture.gray), record

    def marking(self, picture: Picture, scene: Scene) -> Marking:
        """Return where the marks of a picture lie, as `apply` draws them."""
        maker, _ = self._maker(scene.artist, scene.year)
        return self._marking(maker, picture, generator(scene.seed, STEP))

    def _marking(self, maker: Maker, picture: Picture, chance: np.random.Generator) -> Marking:
        look, canvas = look_of(self._options), (picture.width, picture.height)
        wish = Wish(look.size, look.spacing, self._options.angle, maker.least)
        layout = lay_out(maker.shape(), canvas, wish)
        spots = lattice(canvas, layout, chance)
        others, large = with_large(spots, layout, canvas, lambda takes: focus(picture, takes))
        return Marking(layout, others, large)

    def _pressed(
        self, maker: Maker, marking: Marking, picture: Picture, chance: np.random.Generator
    ) -> NDArray[np.uint8]:
        outline, size = self._options.outline, marking.layout.size
        reach = max(LEAST_REACH, REACH * min(picture.width, picture.height))
        press = Press(picture, look_of(self._options).opacity, reach, chance)
        mark = maker.draw(size, outline=outline)
        press.press(mark, (Place(s.x, s.y, s.angle, s.size / size) for s in marking.spots))
        if (large := marking.large) is not None:
            mark = maker.draw(large.size, outline=outline)
            press.press(mark, [Place(large.x, large.y, large.angle, 1.0, _LARGE_STRENGTH)])
        return press.pixels()

    def _maker(self, artist: Artist, year: int) -> tuple[Maker, dict[str, Json]]:
        if self._options.logo:
            path = Path(self._options.logo).expanduser()
            return LogoMark(path, STEP), {"logo": path.name}
        if "{name}" in self._options.words and not artist.name:
            raise StepFailed(STEP, _("the text asks for {name}, but [artist] has no name: add it"))
        text = self._options.words.replace("{year}", str(year)).replace("{name}", artist.name)
        return TextMark(text, self._lettering, STEP), {"text": text}


def _described(marking: Marking, contrast: float) -> dict[str, Json]:
    """Return what everybody may know: sizes and angle as laid out, not as they were drawn, which
    would spare an attacker the search."""
    layout, large = marking.layout, marking.large
    record: dict[str, Json] = {
        "size": round(layout.size, 1),
        "angle": layout.angle,
        "marks": len(marking.spots) + (large is not None),
        "legible": layout.legible,
        "crops": layout.crops,
        "contrast": round(contrast, 1),
    }
    if large is not None:
        width, height = large.extent(layout.shape)
        box = large.x - width / 2, large.y - height / 2, width, height
        record["large"] = [round(v) for v in box]
    if not layout.legible:
        record["note"] = _("the picture is too small for one legible mark")
    return record


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
            STEP,
            _("the mark cannot be seen on this picture: raise its opacity or turn outline on"),
        )
    return contrast
