"""A sentence that forbids AI use, written into the picture where it covers least, or below it.

It speaks to people and to every program that sees the pixels: platforms strip tags, not pixels. It
reads at the 600 px that a feed shows, on a plate whose contrast is measured on the blended pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from postguard.errors import StepFailed
from postguard.imaging import Picture
from postguard.language import _
from postguard.model import Json, Limits
from postguard.protect import footer
from postguard.protect.lettering import Lettering, Typeface, clean
from postguard.protect.placing import Spot, Terrain
from postguard.protect.plate import compose, rounded, seen_contrast
from postguard.protect.steps import Scene
from postguard.protect.steps.downscale import strictest
from postguard.protect.typesetting import (
    FEED_CAP,
    FEED_WIDTH,
    RADIUS,
    Layout,
    Size,
    at_feed,
    ink,
    lesser,
    plates,
    promised,
)
from postguard.settings import steps
from postguard.settings.notices import NOTICES

STEP = "notice"
_LINE = 1.1  # what each line adds to the cost of a place: a tall block catches the eye
_MARGIN = 0.02  # from the picture's edge to the plate, as a share of its short side
_OPAQUE = 255

Done = tuple[Picture, dict[str, Json]]
Sizes = Callable[[int], Iterator[Size]]  # of a picture's width


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is to be written. `texts`: as it should be, and shorter where there is no room."""

    texts: tuple[str, ...]
    face: Typeface
    limits: tuple[Limits, ...]


class Notice:
    """Write the artist's own `text`, or the built-in sentence of each language asked for."""

    def __init__(self, options: steps.Notice, lettering: Lettering | None = None) -> None:
        self._options = options
        self._lettering = lettering or Lettering()

    def apply(self, picture: Picture, scene: Scene) -> Done:
        """Return the picture with the notice; the record says what was written and where.

        Alpha stays as it is, except under a plate for which there was no opaque place: that plate
        is made opaque, for a notice that the viewer's background swallows would be none.

        Raises:
            StepFailed: no font has the text's characters, or the picture is too small.
        """
        lines = self._wording(scene.artist.langs)
        face = self._lettering.typeface("\n".join(lines), STEP)
        ask = _Ask(tuple(_variants(lines, self._options.text)), face, scene.limits)
        for write, sizes in self._ways():
            if (done := write(picture, ask, sizes)) is not None:
                return done[0], done[1] | self._warning(done[1], lines)
        raise StepFailed(
            STEP,
            _(
                "at {width} × {height} pixels the picture is too small for a legible notice: "
                "leave the notice out for such small works, shorten its text, or have the "
                "recipe's downscale leave more pixels"
            ).format(width=picture.width, height=picture.height),
        )

    def _ways(self) -> list[tuple[Callable[[Picture, _Ask, Sizes], Done | None], Sizes]]:
        """Return what is tried, best first: that it reads in a feed comes before where it is."""

        def sizes(width: int) -> Iterator[Size]:
            return promised(self._options.size * width, width)

        if self._options.place == "footer":
            return [(_below, sizes), (_below, lesser)]
        return [(_inside, sizes), (_below, sizes), (_inside, lesser)]

    def _wording(self, langs: Sequence[str]) -> list[str]:
        own = clean(self._options.text)
        return own.split("\n") if own else sentences(self._options.langs or langs)

    def _warning(self, record: dict[str, Json], lines: Sequence[str]) -> dict[str, Json]:
        """Return, under `warning`, what of its wishes a picture of this shape could not hold."""
        found, cap = [], record["cap_at_600"]
        if record["place"] == "footer" and self._options.place == "auto":
            found.append(_("there is no room for it at the edges, so it stands in a strip below"))
        written = "".join(str(record["text"]).split())
        if any("".join(line.split()) not in written for line in lines):
            found.append(_("there was room for the first of its sentences only"))
        if isinstance(cap, float) and round(cap) < FEED_CAP:
            found.append(
                _(
                    "where the picture is shown {feed_width} pixels wide its letters are "
                    "{cap:.0f} high, less than the {feed_cap} that read well: this shape has no "
                    "room for more"
                ).format(feed_width=FEED_WIDTH, cap=cap, feed_cap=FEED_CAP)
            )
        return {"warning": "; ".join(found)} if found else {}


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


def _inside(picture: Picture, ask: _Ask, sizes: Sizes) -> Done | None:
    """Write it on a plate at an edge of the picture, along the edge that has room for it."""
    for text, turns in product(ask.texts, (0, 1)):
        upright = _turned(picture, turns)
        canvas = upright.width, upright.height
        ways = plates(text, ask.face, canvas, _margin(picture), sizes(picture.width))
        if ways:
            marked, record = _write(upright, ask.face, ways)
            cap = round(at_feed(ask.face.cap * ways[0].size, picture.width), 1)
            return _turned(marked, -turns), record | {"turned": bool(turns), "cap_at_600": cap}
    return None


def _below(picture: Picture, ask: _Ask, sizes: Sizes) -> Done | None:
    """Write it in a strip below the picture, which loses none of itself."""
    for text in ask.texts:
        made = footer.set_below(picture, text, ask.face, sizes, strictest(ask.limits))
        if made is None:
            continue
        record: dict[str, Json] = {
            "text": "\n".join(made.way.lines),
            "place": "footer",
            "at": [0, made.art.height, *made.way.plate],
            "cap_height": round(ask.face.cap * made.way.size, 1),
            "cap_at_600": round(at_feed(ask.face.cap * made.way.size, made.art.width), 1),
            "contrast": made.contrast,
            "covers": 0.0,
            "made_opaque": False,
            "turned": False,
        }
        if made.art is not picture:
            record["shrunk_to"] = [made.art.width, made.art.height]
        return made.picture, record
    return None


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


def _write(picture: Picture, face: Typeface, layouts: Sequence[Layout]) -> Done:
    """Set the cheapest layout at its cheapest place."""
    spot, way = _place(picture, layouts, bare=False)
    if bare := _stands_on_nothing(picture, spot, way):
        spot, way = _place(picture, layouts, bare=True)
    region, shape = _region(spot, way), rounded(*way.plate, RADIUS * way.size)
    letters = ink(face, way)
    plate = compose(
        picture.pixels[region],
        shape,
        letters,
        local=_local(picture, region),
        least=1.0 if bare else 0.0,
    )
    pixels, alpha = picture.pixels.copy(), picture.alpha
    pixels[region] = plate
    if alpha is not None and bare:
        alpha = alpha.copy()
        alpha[region] = np.maximum(alpha[region], np.rint(shape * _OPAQUE).astype(np.uint8))
    record: dict[str, Json] = {
        "text": "\n".join(way.lines),
        "place": "edge",
        "at": [spot.left, spot.top, *way.plate],
        "cap_height": round(face.cap * way.size, 1),
        "contrast": seen_contrast(plate, shape, letters),
        "covers": round(way.plate[0] * way.plate[1] / (picture.width * picture.height), 3),
        "made_opaque": bare,
    }
    return replace(picture, pixels=pixels, alpha=alpha), record


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
