"""A sentence that forbids AI use, written into the picture where it covers least.

It speaks to people and to every program that sees the pixels: platforms strip tags, not pixels. It
reads at the 600 px that a feed shows, on a plate whose contrast is measured on the blended pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.model import Json
from postguard.protect.lettering import LEADING, Lettering, Typeface, clean
from postguard.protect.placing import Spot, Terrain
from postguard.protect.plate import compose, rounded
from postguard.protect.steps import Scene
from postguard.protect.wrapping import Measure, wrap
from postguard.settings import recipes
from postguard.settings.notices import NOTICES

STEP = "notice"
FEED_CAP, FEED_WIDTH = 14, 600  # cap height in pixels where a feed shows the picture this wide
LEAST_CAP = 9.0  # pixels: kanji cannot be read any smaller
_SHARE, _CROWDED = 0.3, 0.5  # most of the picture that a plate covers; and where it must be small
_SHRINK = 0.94  # from one size tried to the next
_MOST_LINES = 8
_LINE = 1.1  # what each line adds to the cost of a place: a tall block catches the eye
_NARROWER = (1.0, 0.72, 0.5, 0.36, 0.25)  # widths tried, as shares of what there is
_PAD = (0.75, 0.62)  # from the plate's edge to the letters, across and down, in em
_RADIUS = 0.5  # of the plate's corners, in em
_MARGIN = 0.02  # from the picture's edge to the plate, as a share of its short side
_OPAQUE = 255


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to set the notice: its lines, font size (em), and the plate's (width, height)."""

    lines: tuple[str, ...]
    size: float
    plate: tuple[int, int]


class Notice:
    """Write the artist's own `text`, or the built-in sentence of each language asked for."""

    def __init__(self, options: recipes.Notice, lettering: Lettering | None = None) -> None:
        self._options = options
        self._lettering = lettering or Lettering()

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the picture with the notice; the record says what was written and where.

        Alpha stays as it is, except under a plate for which there was no opaque place: that plate
        is made opaque, for a notice that the viewer's background swallows would be none.

        Raises:
            StepFailed: no font has the text's characters, or the picture is too small.
        """
        lines = self._wording(scene.artist.langs)
        face = self._lettering.typeface("\n".join(lines), STEP)
        wanted = self._options.size * picture.width
        for text, turns in product(_variants(lines, self._options.text), (0, 1)):
            upright = _turned(picture, turns)
            layouts = lay_out(text, face, upright, wanted, _feed_cap(picture.width))
            if layouts:
                marked, record = _write(upright, face, layouts)
                return _turned(marked, -turns), record | {"turned": bool(turns)}
        raise StepFailed(
            STEP,
            f"at {picture.width} x {picture.height} pixels the picture is too small for a legible "
            "notice: leave the notice out for such small works, or shorten its text",
        )

    def _wording(self, langs: Sequence[str]) -> list[str]:
        own = clean(self._options.text)
        return own.split("\n") if own else sentences(self._options.langs or langs)


def _variants(lines: list[str], own: str) -> Iterator[str]:
    """Yield the wording as it should be, on one line, and (built-in) in the first language only:
    a small or very narrow picture has no room for more."""
    yield "\n".join(lines)
    if len(lines) > 1:
        yield "  ".join(lines)
        if not own:
            yield lines[0]


def sentences(langs: Sequence[str]) -> list[str]:
    """Return the built-in sentences of `langs` in their order; English where there is none."""
    known = dict.fromkeys(lang.split("-")[0].lower() for lang in langs)
    return [NOTICES[lang] for lang in known if lang in NOTICES] or [NOTICES["en"]]


def _feed_cap(width: int) -> float:
    return max(LEAST_CAP, width * FEED_CAP / FEED_WIDTH)


def lay_out(
    text: str, face: Typeface, picture: Picture, wanted: float, feed: float
) -> list[Layout]:
    """Return the ways to set `text` at the largest cap height up to `wanted` that fits.

    Args:
        wanted: cap height in pixels; raised to `feed` where it is smaller.
        feed: cap height at which it reads in a feed; less only where the shape leaves no room.

    Returns:
        Layouts of one size, with different lines; empty where none is legible.
    """

    @cache
    def measure(line: str) -> float:
        return face.width(line, 100) / 100  # in em

    canvas = picture.width, picture.height
    for (cap, share), anywhere in product(_sizes(max(wanted, feed), feed), (False, True)):
        size = cap / face.cap
        room = (canvas[0] - 2 * _margin(picture)) / size - 2 * _PAD[0]
        ways = (wrap(text, room * part, measure, anywhere=anywhere) for part in _NARROWER)
        plates = [_plate(lines, size, face.cap, measure) for lines in ways if lines]
        if fitting := [way for way in plates if _fits(way, canvas, share)]:
            return list(dict.fromkeys(fitting))
    return []


def _sizes(wanted: float, feed: float) -> Iterator[tuple[float, float]]:
    """Yield (cap height, largest share of the picture), from what is wanted to what is least."""
    cap = wanted
    while cap > feed:
        yield cap, _SHARE
        cap *= _SHRINK
    yield feed, _SHARE
    cap = feed
    while cap > LEAST_CAP:
        yield cap, _CROWDED
        cap *= _SHRINK
    yield LEAST_CAP, _CROWDED


def _plate(lines: Sequence[str], size: float, cap: float, measure: Measure) -> Layout:
    across = max(map(measure, lines)) + 2 * _PAD[0]
    down = cap + (len(lines) - 1) * LEADING + 2 * _PAD[1]
    return Layout(tuple(lines), size, (int(np.ceil(across * size)), int(np.ceil(down * size))))


def _fits(way: Layout, canvas: tuple[int, int], share: float) -> bool:
    inside = way.plate[0] <= canvas[0] and way.plate[1] <= canvas[1]
    small = way.plate[0] * way.plate[1] <= share * canvas[0] * canvas[1]
    return inside and small and len(way.lines) <= _MOST_LINES


def _margin(picture: Picture) -> int:
    return round(_MARGIN * min(picture.width, picture.height))


def _turned(picture: Picture, quarters: int) -> Picture:
    """Return the picture turned counter-clockwise by quarters of a circle."""
    if not quarters:
        return picture
    alpha = None if picture.alpha is None else np.rot90(picture.alpha, quarters)
    return Picture(
        np.ascontiguousarray(np.rot90(picture.pixels, quarters)),
        None if alpha is None else np.ascontiguousarray(alpha),
        picture.gray,
    )


def _write(
    picture: Picture, face: Typeface, layouts: Sequence[Layout]
) -> tuple[Picture, dict[str, Json]]:
    """Set the cheapest layout at its cheapest place."""
    spot, way = _place(picture, layouts, bare=False)
    if bare := _stands_on_nothing(picture, spot, way):
        spot, way = _place(picture, layouts, bare=True)
    region, shape = _region(spot, way), rounded(*way.plate, _RADIUS * way.size)
    plate = compose(
        picture.pixels[region],
        shape,
        _ink(face, way),
        local=_local(picture, region),
        least=1.0 if bare else 0.0,
    )
    pixels, alpha = picture.pixels.copy(), picture.alpha
    pixels[region] = plate.pixels
    if alpha is not None and bare:
        alpha = alpha.copy()
        alpha[region] = np.maximum(alpha[region], np.rint(shape * _OPAQUE).astype(np.uint8))
    record: dict[str, Json] = {
        "text": "\n".join(way.lines),
        "at": [spot.left, spot.top, *way.plate],
        "cap_height": round(face.cap * way.size, 1),
        "contrast": round(plate.contrast, 1),
        "covers": round(way.plate[0] * way.plate[1] / (picture.width * picture.height), 3),
        "made_opaque": bare,
    }
    return Picture(pixels, alpha, picture.gray), record


def _place(picture: Picture, layouts: Sequence[Layout], *, bare: bool) -> tuple[Spot, Layout]:
    terrain, margin = Terrain(picture, bare=bare), _margin(picture)
    places = [(terrain.best(way.plate, margin), way) for way in layouts]
    return min(places, key=lambda place: place[0].cost * _LINE ** len(place[1].lines))


def _region(spot: Spot, way: Layout) -> tuple[slice, slice]:
    left, top = spot.left, spot.top
    return slice(top, top + way.plate[1]), slice(left, left + way.plate[0])


def _stands_on_nothing(picture: Picture, spot: Spot, way: Layout) -> bool:
    return picture.alpha is not None and bool(picture.alpha[_region(spot, way)].min() < _OPAQUE)


def _local(picture: Picture, region: tuple[slice, slice]) -> NDArray[np.uint8]:
    """Return (N, 3) colours around the plate: of what is visible there, else in the picture."""
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is None:
        return pixels[region].reshape(-1, 3)
    visible = pixels[region][alpha[region] > 0]
    return visible if len(visible) else pixels[alpha > 0]


def _ink(face: Typeface, way: Layout) -> NDArray[np.float32]:
    """Return (H, W) coverage of the letters on the plate, in [0, 1]."""
    block = face.draw(way.lines, way.size)
    ink = np.zeros((way.plate[1], way.plate[0]), np.float32)
    left = (way.plate[0] - block.fill.shape[1]) // 2
    top = round(_PAD[1] * way.size - block.top)
    height, width = block.fill.shape
    ink[top : top + height, left : left + width] = block.fill / np.float32(_OPAQUE)
    return ink
