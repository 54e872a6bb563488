"""Breaks sentences into lines, Japanese ones too, as even in length as they can be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

# Kinsoku: what must not begin a line, and what must not end one.
_NOT_BEFORE = (
    "、。，．・：；？！）」』】〉》〕］｝ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…‥%,.:;?!)]}"
)
_NOT_AFTER = "（「『【〈《〔［｛([{"
_PAUSES = "、。，．・：；？！）」』】　"  # where a Japanese sentence breaks without hurting
_END = re.compile(rf"(?<=[.!?]) +|(?<=[。！？])(?=[^{re.escape(_NOT_BEFORE)}])")  # of a sentence
_WIDE = {"W", "F"}
_STEPS = 8  # halvings in search of the narrowest width: exact to 1/256

Measure = Callable[[str], float]


def wrap(text: str, width: float, measure: Measure, *, anywhere: bool = False) -> list[str] | None:
    """Break each line of `text` into the fewest lines within `width`, of nearly even lengths.

    Lines break at spaces and after Japanese pauses; with `anywhere`, between any kanji or kana
    too, but never before closing marks or small kana. Where it takes no line more, each sentence
    begins one.

    Returns:
        The lines; None where one unbreakable piece is wider than `width`.
    """
    lines: list[str] = []
    for paragraph in text.splitlines():
        broken = _even(_pieces(paragraph, anywhere=anywhere), width, measure)
        if broken is None:
            return None
        apart = [
            line
            for sentence in _END.split(paragraph)
            for line in _even(_pieces(sentence, anywhere=anywhere), width, measure) or ()
        ]
        lines += apart if len(apart) == len(broken) else broken
    return lines


def _even(pieces: Sequence[str], width: float, measure: Measure) -> list[str] | None:
    """Fill the fewest lines, then narrow them until one more would be needed."""
    low = max(measure(piece.strip()) for piece in pieces)
    if low > width:
        return None
    best = _fill(pieces, width, measure)
    high = width
    for _ in range(_STEPS):
        middle = (low + high) / 2
        lines = _fill(pieces, middle, measure)
        if len(lines) > len(best):
            low = middle
        else:
            best, high = lines, middle
    return best


def _fill(pieces: Sequence[str], width: float, measure: Measure) -> list[str]:
    lines, line = [], ""
    for piece in pieces:
        if line and measure((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def _pieces(line: str, *, anywhere: bool) -> list[str]:
    """Split a line into pieces that must not be broken; a Latin word keeps its space."""
    pieces = [""]
    for before, here in zip(" " + line, line, strict=False):
        if pieces[-1] and _may_break(before, here, anywhere=anywhere):
            pieces.append("")
        pieces[-1] += here
    return pieces


def _may_break(before: str, here: str, *, anywhere: bool) -> bool:
    if here in _NOT_BEFORE or here == " " or before in _NOT_AFTER:
        return False
    wide = not _WIDE.isdisjoint(map(unicodedata.east_asian_width, (before, here)))
    return before == " " or before in _PAUSES or (anywhere and wide)
