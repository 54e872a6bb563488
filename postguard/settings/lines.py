"""Finds where in a config file something stands; pydantic and tomllib do not keep it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

Location = tuple[int | str, ...]

_TOKEN = re.compile(
    r'''
      (?P<text>  """(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*' )
    | (?P<aside> \#[^\n]* | [^\S\n]+ )
    | (?P<end>   \n )
    | (?P<mark>  [][{},=.] )
    | (?P<bare>  [^][{},=.\s#"']+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


def dotted(loc: Location) -> str:
    """Return `recipes.default[3].strength` for ("recipes", "default", 3, "strength")."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def find(text: str, loc: Location) -> int:
    """Return what `Places.line_of` says: for one place, since it reads all of the text."""
    return places(text).line_of(loc)


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything stands in valid TOML.

    Attributes:
        lines: 1-based, of each table, key and array element.
        values: (start, end) of each value, in characters.
        headers: where `[a.b]` of a table and `[[a.b]]` of each of an array begin.
    """

    lines: dict[Location, int] = field(default_factory=dict)
    values: dict[Location, tuple[int, int]] = field(default_factory=dict)
    headers: dict[Location, int] = field(default_factory=dict)

    def line_of(self, loc: Location) -> int:
        """Return the 1-based line of `loc`, or of the nearest thing around it."""
        around = (loc[:n] for n in range(len(loc), 0, -1))
        return next((self.lines[each] for each in around if each in self.lines), 1)


def places(text: str) -> Places:
    """Return where everything stands in valid TOML."""
    return _Walk(text).places()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def _tokens(text: str) -> list[_Token]:
    """Return what counts in the file, with an `end` behind each line and at the end."""
    tokens, line = [], 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "aside":
            tokens.append(_Token(kind, match[0], line, match.start()))
        line += match[0].count("\n")
    return [*tokens, _Token("end", "", line, len(text))]


class _Walk:
    """One walk through valid TOML, noting where each table, key and array element begins."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._found = Places()
        self._elements: dict[Location, int] = {}  # of each array of tables, so far

    def places(self) -> Places:
        table: Location = ()
        while self._at < len(self._tokens):
            if self._takes("["):
                table = self._header()
            elif self._next().kind == "end":
                self._at += 1
            else:
                self._pair(table)
        return self._found

    def _next(self) -> _Token:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _takes(self, mark: str) -> bool:
        found = self._next().kind == "mark" and self._next().text == mark
        self._at += found
        return found

    def _skip_lines(self) -> None:
        while self._next().kind == "end" and self._at < len(self._tokens) - 1:
            self._at += 1

    def _note(self, loc: Location, line: int) -> None:
        self._found.lines.setdefault(loc, line)

    def _header(self) -> Location:
        """Read the rest of `[a.b]` or `[[a.b]]`; return the table that the next keys belong to."""
        line, start = self._next().line, self._tokens[self._at - 1].start
        of_array = self._takes("[")
        keys = self._keys()
        while self._takes("]"):
            pass
        loc: Location = ()
        for key in keys[:-1]:
            loc = (*loc, key)
            self._note(loc, line)
            loc = (*loc, self._elements[loc]) if loc in self._elements else loc
        loc = (*loc, *keys[-1:])
        self._note(loc, line)
        if of_array:
            self._elements[loc] = self._elements.get(loc, -1) + 1
            loc = (*loc, self._elements[loc])
            self._note(loc, line)
        self._found.headers[loc] = start
        return loc

    def _keys(self) -> tuple[str, ...]:
        """Read `a."b c".d`."""
        keys = [self._key()]
        while self._takes("."):
            keys.append(self._key())
        return tuple(keys)

    def _key(self) -> str:
        token = self._next()
        self._at += 1
        if token.kind == "text":
            return str(tomllib.loads(f"key = {token.text}")["key"])
        return token.text

    def _pair(self, table: Location) -> None:
        line = self._next().line
        loc = table
        for key in self._keys():
            loc = (*loc, key)
            self._note(loc, line)
        self._takes("=")
        self._value(loc)

    def _value(self, loc: Location) -> None:
        start = self._next().start
        if self._takes("["):
            self._array(loc)
        elif self._takes("{"):
            self._inline_table(loc)
        else:
            while self._next().kind != "end" and self._next().text not in {",", "]", "}"}:
                self._at += 1
        self._found.values[loc] = (start, self._tokens[self._at - 1].end)

    def _array(self, loc: Location) -> None:
        index = 0
        self._skip_lines()
        while not self._takes("]"):
            self._note((*loc, index), self._next().line)
            self._value((*loc, index))
            index += 1
            self._skip_lines()
            self._takes(",")
            self._skip_lines()

    def _inline_table(self, loc: Location) -> None:
        self._skip_lines()
        while not self._takes("}"):
            self._pair(loc)
            self._skip_lines()
            self._takes(",")
            self._skip_lines()
