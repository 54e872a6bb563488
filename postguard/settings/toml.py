"""Reads TOML that an artist wrote, and says in their words what keeps a text from being it.

tomllib tells that to programmers, in English, and names a sign that an input method wrote only as
an invalid value."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from postguard.language import _, marked

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_QUOTES = "“”„‟«»‘’‚‛「」『』＂＇"
_MEANT = {
    "＝": "=",
    ":": "=",
    "：": "=",
    "［": "[",
    "］": "]",
    "｛": "{",
    "｝": "}",
    "，": ",",
    "、": ",",
    "＃": "#",
}
_WIDE_SPACES = "\u3000\u00a0"  # of Japanese input; of what was copied from a page

# What tomllib begins its message with, and what an artist does about it.
_ONE_LINE = marked("the text is not closed on its line; its last quote is missing")
_BACKSLASH = marked("a \\ must be written twice, or the text be put into ' instead: '…'")
_TWICE = marked("a name stands twice; take one of the two out")
_SENTENCES = {
    "Invalid value": marked('a text needs quotes: name = "…"'),
    "Expected '='": marked('between a name and its value belongs a =: name = "…"'),
    "Expected newline": marked(
        "more stands behind the value than belongs there; a text or a time needs quotes, and a "
        "text that has \" inside is put into ' instead: name = '…'"
    ),
    "Invalid statement": marked('a line is name = "…", or [name], or begins with # as a remark'),
    "Illegal character '\\n'": _ONE_LINE,
    "Unterminated string": marked("a text is not closed; its last quote is missing"),
    "Unclosed array": marked('the list is not closed, or lacks a comma: ["…", "…"]'),
    "Unclosed inline table": marked(
        "what stands in { } is not closed, or lacks a comma; it stands on one line"
    ),
    "Expected ']": marked("the ] of [name] is missing"),
    "Cannot overwrite a value": _TWICE,
    "Duplicate inline table key": _TWICE,
    "Cannot declare": marked("this [name] stands twice; put what is below both below one of them"),
    "Unescaped '\\'": _BACKSLASH,
    "Invalid hex value": _BACKSLASH,
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


def refused(error: Exception, text: str) -> NotTomlError:
    """Return in words what tomllib refused; it calls the last line the end."""
    if isinstance(error, RecursionError):
        return NotTomlError(1, _("brackets are nested too deeply"))
    said = str(error)
    found = _POSITION.search(said)
    message = said[: found.start()] if found else said
    rows = text.splitlines() or [""]
    line = int(found[1]) if found and found[1] else len(rows)
    row = rows[line - 1] if line <= len(rows) else ""
    at = int(found[2]) - 1 if found and found[2] else len(row)
    return NotTomlError(line, _sign(message, row, at) or _sentence(message))


def _sign(message: str, row: str, at: int) -> str:
    """Return what is said of a sign that only looks like TOML's own; empty: there is none."""
    sign = row[at : at + 1]
    if sign in _WIDE_SPACES and sign:
        return _("a space that is not an ordinary one stands here; write it with the space bar")
    quote = sign if sign and sign in _QUOTES else _quote_at_end(message, row)
    if quote:
        return _('{sign} is no quote to TOML, only straight ones are: "…"').format(sign=quote)
    if sign in _MEANT and not (sign == ":" and not message.startswith("Expected '='")):
        return _("{sign} is not what TOML reads; write {meant} instead").format(
            sign=sign, meant=_MEANT[sign]
        )
    return ""


def _quote_at_end(message: str, row: str) -> str:
    """Return the sign that was to close a text; empty: another fault, or none of that kind."""
    open_text = message.startswith(("Unterminated string", "Illegal character '\\n'"))
    last = row.rstrip()[-1:]
    return last if open_text and last and last in _QUOTES else ""


def _sentence(message: str) -> str:
    """Return the sentence for tomllib's message; what has none is told as it is."""
    known = (said for begin, said in _SENTENCES.items() if message.startswith(begin))
    return _(next(known, message))
