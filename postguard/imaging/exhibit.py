"""Draws a copy and what it was taken from side by side, the part that it shows outlined."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from postguard.imaging.locating import Place
from postguard.imaging.picture import Picture, flatten, to_image
from postguard.language import _

_PANEL = (760, 760)
_GAP = 24
_HEAD = 76
_NARROWEST = 290  # room for the words above a panel
_GROUND, _INK = (245, 245, 242), (30, 30, 30)
_OUTLINE = ((0, 0, 0), 7), ((255, 210, 0), 3)  # dark around light: it shows on any picture


def sheet(copy: Picture, posted: Picture, original: Picture | None, place: Place) -> bytes:
    """Return a PNG. `original`: beside the other two, where it is still there."""
    part = (
        _("all of it") if place.whole else _("{area:.0%} of it, outlined").format(area=place.area)
    )
    hand = _(", mirrored") if place.mirrored else ""
    panels = [
        (_("The copy"), _small(copy)),
        (
            _("What you posted:\n{part}{hand}").format(part=part, hand=hand),
            _outlined(_small(posted), place),
        ),
    ]
    if original is not None:
        panels.append((_("Your original"), _small(original)))
    out = io.BytesIO()
    _in_a_row(panels).save(out, "PNG")
    return out.getvalue()


def _small(picture: Picture) -> Image.Image:
    image = to_image(flatten(picture))
    image.thumbnail(_PANEL, Image.Resampling.LANCZOS, reducing_gap=3)
    return image


def _outlined(image: Image.Image, place: Place) -> Image.Image:
    pen = ImageDraw.Draw(image)
    left, top = place.left * image.width, place.top * image.height
    right, bottom = left + place.width * image.width, top + place.height * image.height
    for colour, width in _OUTLINE:
        inset = (_OUTLINE[0][1] - width) / 2
        box = (
            max(left, 0) + inset,
            max(top, 0) + inset,
            min(right, image.width) - 1 - inset,
            min(bottom, image.height) - 1 - inset,
        )
        pen.rectangle(box, outline=colour, width=width)
    return image


def _in_a_row(panels: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    widths = [max(image.width, _NARROWEST) for _, image in panels]
    width = sum(widths) + _GAP * (len(panels) + 1)
    height = max(image.height for _, image in panels) + _HEAD + _GAP
    page = Image.new("RGB", (width, height), _GROUND)
    pen, font, x = ImageDraw.Draw(page), ImageFont.load_default(22), _GAP
    for (title, image), room in zip(panels, widths, strict=True):
        pen.text((x, 14), title, _INK, font)
        page.paste(image, (x, _HEAD))
        x += room + _GAP
    return page
