"""Lays pictures out in labelled rows on one page, to be looked at instead of read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _FAINT, _EDGE = (250, 249, 246), (32, 32, 36), (96, 96, 104), (208, 206, 200)
_TITLE, _HEAD, _TEXT = 36, 26, 19  # px of the letters
_MARGIN, _GAP = 28, 20
_LEADING = 1.35
# A word with the spaces behind it; of a script without spaces a letter, with what may not begin a
# line.
_BREAKS = re.compile(
    "[\u3000-\u9fff\uff00-\uffef][、。）」』ー％：]*\\s*|[^\\s\u3000-\u9fff\uff00-\uffef]+\\s*"
)
_LEAST_PANEL = 150  # px: room for a label over a tiny picture
_LEAST_PAGE = 900  # px: room for the lines of text

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture (RGB) with what stands over it."""

    label: str
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, under a heading and a sentence; a row may be words alone."""

    head: str
    panels: tuple[Panel, ...] = ()
    words: str = ""


def page(
    title: str, notes: Sequence[str], rows: Sequence[Row], font: Path | None = None
) -> Image.Image:
    """Return the page: the title, a paragraph for each note, then the rows.

    Args:
        font: of all letters; None: Pillow's own, which has Latin ones.
    """
    width = max([_LEAST_PAGE, *(_width(row.panels) for row in rows)])
    parts = [_text(title, _TITLE, _INK, width, font)]
    parts += [_text(note, _TEXT, _INK, width, font) for note in notes]
    for row in rows:
        parts += _parts(row, width, font)
    return _stacked(parts, width)


def _parts(row: Row, width: int, font: Path | None) -> list[Image.Image]:
    parts = [Image.new("RGB", (width, _GAP), _PAPER), _text(row.head, _HEAD, _INK, width, font)]
    if row.words:
        parts.append(_text(row.words, _TEXT, _FAINT, width, font))
    return [*parts, _strip(row.panels, width, font)] if row.panels else parts


def _strip(panels: Sequence[Panel], width: int, font: Path | None) -> Image.Image:
    labels = [_text(p.label, _TEXT, _FAINT, _room(p), font) for p in panels]
    top = max(label.height for label in labels)
    height = top + max(panel.image.height for panel in panels)
    strip = Image.new("RGB", (width, height + _GAP), _PAPER)
    pen = ImageDraw.Draw(strip)
    x = 0
    for panel, label in zip(panels, labels, strict=True):
        strip.paste(label, (x, top - label.height))
        pen.rectangle((x, top, x + panel.image.width + 1, top + panel.image.height + 1), _EDGE)
        strip.paste(panel.image, (x + 1, top + 1))
        x += _room(panel) + _GAP
    return strip


def _width(panels: Sequence[Panel]) -> int:
    return sum(map(_room, panels)) + _GAP * len(panels)


def _room(panel: Panel) -> int:
    return max(panel.image.width + 2, _LEAST_PANEL)


def _text(
    words: str, size: int, ink: tuple[int, int, int], width: int, face: Path | None
) -> Image.Image:
    font = ImageFont.load_default(size) if face is None else ImageFont.truetype(face, size)
    lines = _wrapped(words, font, width)
    step = round(size * _LEADING)
    image = Image.new("RGB", (width, step * len(lines) + size // 3), _PAPER)
    pen = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        pen.text((0, i * step), line, ink, font)
    return image


def _wrapped(words: str, font: Font, width: int) -> list[str]:
    lines = [""]
    for word in _BREAKS.findall(words):
        longer = lines[-1] + word
        if lines[-1] and font.getlength(longer.rstrip()) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [line.strip() for line in lines]


def _stacked(parts: Sequence[Image.Image], width: int) -> Image.Image:
    height = sum(part.height for part in parts)
    whole = Image.new("RGB", (width + 2 * _MARGIN, height + 2 * _MARGIN), _PAPER)
    y = _MARGIN
    for part in parts:
        whole.paste(part, (_MARGIN, y))
        y += part.height
    return whole
