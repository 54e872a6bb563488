"""What a picture says about itself, before it becomes bytes, and text that is safe to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import regex

# Control characters (XML 1.0 forbids most, readers stumble over the others) and noncharacters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Statement:
    """The fields of one picture; an empty one is left out of every block.

    Attributes:
        web: the artist's page: where the rights are stated, and licences are asked for.
        extended: a longer description for those who cannot see it, beside `alt`.
        mining: identifier in the PLUS vocabulary, e.g. `DMI-PROHIBITED-AIMLTRAINING`.
        policy: the rights in ODRL: a URL, or the JSON text itself.
        constraints: what may not be done, by language; the main language stands first.
        usage: the terms of use, by language; the main language stands first.
        short: the constraint in one line of at most 256 bytes, in all its languages.
    """

    creator: str = ""
    rights: str = ""
    credit: str = ""
    web: str = ""
    description: str = ""
    alt: str = ""
    extended: str = ""
    mining: str = ""
    source_type: str = ""
    policy: str = ""
    short: str = ""
    constraints: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, str] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()


def clean(text: str) -> str:
    """Return `text` as every block can hold it: lone surrogates, control characters other than
    tab and newline, and noncharacters dropped; surrogate pairs joined; newlines as LF."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    lines = joined.replace("\r\n", "\n").replace("\r", "\n")
    return _FORBIDDEN.sub("", lines).strip()


def cut(text: str, size: int) -> str:
    """Return the longest run of whole graphemes of `text` that takes at most `size` UTF-8 bytes.

    A kanji, an emoji family or a letter with its accents is kept whole or left out.
    """
    if len(text.encode()) <= size:
        return text
    kept, used = 0, 0
    for grapheme in regex.finditer(r"\X", text):
        used += len(grapheme.group().encode())
        if used > size:
            break
        kept = grapheme.end()
    return text[:kept].rstrip()
