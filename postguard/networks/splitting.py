"""Splits a text that is too long for one post where a reader would pause. No I/O."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex  # \X and scripts, which `re` has not

from postguard.networks.text import spans

_PARAGRAPH, _SENTENCE, _WORD, _ANYWHERE = range(4)  # the better place to pause first
_CLOSING = r"」』）)】〉》\]”’\"'"
_PAUSES = (
    (_PARAGRAPH, regex.compile(r"\n\s*")),
    (_SENTENCE, regex.compile(rf"[。！？…‼⁉]+[{_CLOSING}]*\s*|[.!?]+[{_CLOSING}]*\s+")),
    (_WORD, regex.compile(r"\s+|[、，；：・]\s*")),
    # Japanese has no spaces: any two letters of it may part, but what closes or lengthens stays
    # with what it follows, and what opens with what follows it.
    (
        _WORD,
        regex.compile(
            r"[\p{Han}\p{Hiragana}\p{Katakana}ー々」』）】〉》]"
            r"(?=[\p{Han}\p{Hiragana}\p{Katakana}「『（【〈《])"
            r"(?![ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶー々ゝゞヽヾ])"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class _Pause:
    """A place where a text may be cut: before the character at `at`."""

    at: int
    rank: int


def split(text: str, count: Callable[[str], int], limit: int) -> list[str]:
    """Return the text in parts of which each counts at most `limit`; one part where it fits.

    A part ends with a paragraph where that leaves it at least half full, else with a sentence,
    else with a word. Links, mentions and hashtags stay whole; white space at a cut is dropped.
    Only what has no such place (a word longer than a post) is cut between any two characters.

    Args:
        count: what the network counts of a text; it must not fall when the text grows.
        limit: at least 1. A single character that counts more stays one part, for the caller to
            object to.
    """
    parts, rest = [], text.strip()
    while count(rest) > limit:
        end = _end(rest, count, limit)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _end(text: str, count: Callable[[str], int], limit: int) -> int:
    """Return where the first part of a text ends that is too long for one."""

    def size(pause: _Pause) -> int:
        return count(text[: pause.at].rstrip())

    def overflows(pause: _Pause) -> bool:
        return size(pause) > limit

    pauses = _pauses(text)
    fitting = pauses[: bisect_left(pauses, True, key=overflows)]
    half = fitting[bisect_left(fitting, (limit + 1) // 2, key=size) :]
    if fitting:
        return _last_of_best(half or fitting).at
    ends = [_Pause(match.end(), _ANYWHERE) for match in regex.finditer(r"\X", text)]
    return ends[max(bisect_left(ends, True, key=overflows) - 1, 0)].at


def _last_of_best(pauses: Sequence[_Pause]) -> _Pause:
    return min(pauses, key=lambda pause: (pause.rank, -pause.at))


def _pauses(text: str) -> list[_Pause]:
    """Return the places to pause in order, each once with its best rank."""
    whole = [(span.start, span.end) for span in spans(text)]
    found: dict[int, int] = {}
    for rank, pattern in _PAUSES:
        for match in pattern.finditer(text):
            found.setdefault(match.end(), rank)
    kept = (at for at in sorted(found) if not any(start < at < end for start, end in whole))
    return [_Pause(at, found[at]) for at in kept]
