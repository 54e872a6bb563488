"""Reads TOML that an artist wrote, and says in their words what keeps a text from being it.

tomllib tells that to programmers, in English, and names a sign that an input method wrote only as
an invalid value.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from typing import Any

from postguard.language import _, marked

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_QUOTES = frozenset("“”„‟«»‘’‚‛「」『』＂＇")
_CLOSING = frozenset("“”„‟’‛＂＇")  # what is meant as the quote that closes a text
_MEANT = {"、": ",", "：": "=", ":": "="}  # what is no form of the ASCII sign, as a colon is none
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-"

# What tomllib begins its message with where it was not within a text, and the signs that it may
# have looked for there. Within a text, and elsewhere, a sign is the artist's own.
_LOOKED_FOR = {
    "Invalid value": "[{0123456789+-",
    "Expected '='": f"={_LETTERS}",
    "Expected newline": "#",
    "Invalid statement": f"[#{_LETTERS}",
    "Invalid initial character": _LETTERS,
    "Unclosed array": ",]",
    "Unclosed inline table": ",}",
    "Expected ']": "]",
}
# What it says of a text that nothing closes.
_TO_THE_END = ("Unterminated string", "Expected \"'")
_TO_THE_LINES_END = ("Illegal character '\\n'", "Found invalid character '\\n'")
_ONE_LINE = marked("the text is not closed on its line; its last quote is missing")
_NOT_CLOSED = marked("a text is not closed; its last quote is missing")
_UNSEEN = marked("a sign that cannot be seen stands here; write the line anew")
_BACKSLASH = marked("a \\ must be written twice, or the text be put into ' instead: '…'")
_TWICE = marked("a name stands twice; take one of the two out")
# What tomllib begins its message with, and what an artist does about it.
_SENTENCES = {
    "Invalid value": marked(
        'a text needs quotes, name = "…"; true and false are written in small letters'
    ),
    "Expected '='": marked(
        'between a name and its value belongs a =: name = "…"; a number has no commas'
    ),
    "Expected newline": marked(
        "more stands behind the value than belongs there; a text or a time needs quotes, and a "
        "text that has \" inside is put into ' instead: name = '…'"
    ),
    "Invalid statement": marked('a line is name = "…", or [name], or begins with # as a remark'),
    "Invalid initial character": marked(
        'a name of other letters than a to z needs quotes: "狐.png" = "…"; what stands in { } '
        "stands on one line"
    ),
    "Illegal character '\\n'": _ONE_LINE,
    "Found invalid character '\\n'": _ONE_LINE,
    "Illegal character": _UNSEEN,
    "Found invalid character": _UNSEEN,
    "Unterminated string": _NOT_CLOSED,
    "Expected \"'": _NOT_CLOSED,
    "Unclosed array": marked('the list is not closed, or lacks a comma: ["…", "…"]'),
    "Unclosed inline table": marked(
        "what stands in { } is not closed, or lacks a comma, or is a text without quotes; it "
        "stands on one line"
    ),
    "Expected ']": marked("the ] of [name] is missing"),
    "Cannot overwrite a value": _TWICE,
    "Duplicate inline table key": _TWICE,
    "Cannot mutate immutable namespace": _TWICE,
    "Cannot redefine namespace": _TWICE,
    "Cannot declare": marked("this [name] stands twice; put what is below both below one of them"),
    "Unescaped '\\'": _BACKSLASH,
    "Invalid hex value": _BACKSLASH,
    "Escaped character": _BACKSLASH,
    "Invalid date or datetime": marked("there is no such day or time"),
    "Exceeds the limit": marked("a number is far too long"),
}


class NotTomlError(ValueError):
    """A text is not TOML; says what is to be done about it, and on which 1-based line."""

    def __init__(self, line: int, said: str) -> None:
        super().__init__(said)
        self.line = line


def read(text: str) -> dict[str, Any]:
    """Return what the text says. Raises NotTomlError."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # TOMLDecodeError; int's own for 5,000 digits
        raise refused(exc, text) from None


def refused(error: ValueError | RecursionError, text: str) -> NotTomlError:
    """Return in words what tomllib raised for `text`."""
    if isinstance(error, RecursionError):
        return NotTomlError(1, _("brackets are nested too deeply"))
    found = _POSITION.search(str(error))
    message = str(error)[: found.start()] if found else str(error)
    rows = text.replace("\r\n", "\n").split("\n")
    if found and found[1]:
        line, row, at = int(found[1]), rows[int(found[1]) - 1], int(found[2]) - 1
    else:
        line = _last_of(message, text.rstrip())
        if text.count("[") > text.count("]"):
            message = message.replace("Invalid value", "Unclosed array")
        row = rows[line - 1]
        at = len(row)
    return NotTomlError(line, _sign(message, row, at) or _sentence(message))


def _last_of(message: str, text: str) -> int:
    """Return the 1-based line that is told where tomllib names the end: a text over several lines
    has begun above it."""
    opened = max(text.rfind('"""'), text.rfind("'''"))
    several = opened >= 0 and message.startswith(_TO_THE_END)
    return text.count("\n", 0, opened if several else len(text)) + 1


def _sign(message: str, row: str, at: int) -> str:
    """Return what is said of a sign that only looks like TOML's own; empty: there is none.

    Args:
        at: 0-based, of the character in `row` that tomllib stopped at.
    """
    looked_for = next((s for begin, s in _LOOKED_FOR.items() if message.startswith(begin)), "")
    sign = row[at : at + 1] if looked_for else _wrong_end(message, row)
    if not sign:
        return ""
    if sign in _QUOTES:
        return _('{sign} is no quote to TOML, only straight ones are: "…"').format(sign=sign)
    meant = _MEANT.get(sign, unicodedata.normalize("NFKC", sign))
    if meant == " " != sign:
        return _("a space that is not an ordinary one stands here; write it with the space bar")
    if meant == sign or meant.lower() not in looked_for:
        return ""
    return _("{sign} is not what TOML reads; write {meant} instead").format(sign=sign, meant=meant)


def _wrong_end(message: str, row: str) -> str:
    """Return the sign that was to close the text of a row; empty: another fault, or none."""
    last = row.rstrip()[-1:]
    is_open = message.startswith((*_TO_THE_END, *_TO_THE_LINES_END))
    return last if is_open and last in _CLOSING and '"""' not in row else ""


def _sentence(message: str) -> str:
    """Return the sentence for tomllib's message; what has none is told as it is."""
    known = (said for begin, said in _SENTENCES.items() if message.startswith(begin))
    return _(next(known, message))
