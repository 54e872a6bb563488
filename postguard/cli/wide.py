"""Text in columns of a terminal, where Japanese is two columns wide. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_GAP = "  "
# A line may break at a space, and before any wide sign but one that closes what stands before it,
# or that stands behind one which opens something.
_WIDE = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3"
)
_WIDE += "\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001faff"
_CLOSING = "、。，．・：；？！）］｝」』】〕〉》ーゝ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_OPENING = "「『（［｛【〔〈《"
_PIECE = re.compile(rf"\s+|[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*")


def width(text: str) -> int:
    """Return how many columns `text` takes: 2 for wide signs, 0 for what joins the sign before."""
    return sum(_columns(sign) for sign in text)


def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in {"Cf", "Me", "Mn"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1


def fitted(text: str, room: int) -> str:
    """Return `text` in exactly `room` columns: filled with spaces, or cut and ended by `…`."""
    text = " ".join(text.split())
    if width(text) > room:
        while text and width(text) > room - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (room - width(text))


def wrapped(text: str, room: int) -> list[str]:
    """Return the lines of `text`, none wider than `room` columns where it can be broken at all."""
    return [line for part in text.splitlines() or [""] for line in _lines(part, room)]


def _lines(text: str, room: int) -> list[str]:
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and width(line + piece.rstrip()) > room:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def widths(rows: Sequence[Sequence[str]], most: Sequence[int]) -> list[int]:
    """Return the width of each column: what its cells need, within the most that it may have."""
    return [min(max(map(width, cells)), limit) for cells, limit in zip(zip(*rows), most)]  # noqa: B905


def row(cells: Sequence[str], columns: Sequence[int]) -> str:
    """Return one line of a table; cells beyond `columns` stand as they are."""
    fixed = [fitted(cell, room) for cell, room in zip(cells, columns, strict=False)]
    return _GAP.join([*fixed, *cells[len(columns) :]])
