"""Finds the line of a config file that a fault is on; pydantic and tomllib keep none."""

from __future__ import annotations

import re

Location = tuple[int | str, ...]


def dotted(loc: Location) -> str:
    """Return `recipes.default[3].strength` for ("recipes", "default", 3, "strength")."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def undotted(text: str) -> Location:
    """Return the location that `dotted` wrote."""
    parts = re.findall(r"[^.\[\]]+", text)
    return tuple(int(p) if p.isdigit() else p for p in parts)


def of_toml_error(message: str) -> int | None:
    """Return the line that a tomllib error names."""
    match = re.search(r"at line (\d+)", message)
    return int(match[1]) if match else None


def find(text: str, loc: Location) -> int | None:
    """Return the 1-based line of `loc`, or of the nearest table around it that is in the file."""
    known = _Scanner(text).places()
    for end in range(len(loc), 0, -1):
        if loc[:end] in known:
            return known[loc[:end]]
    return None


class _Scanner:
    """Walks valid TOML once, noting where each key and each array element begins."""

    _HEADER = re.compile(r"\s*\[(\[?)([^\]]+)\]?\]")
    _KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*[\w\"'-]+)*)\s*=")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Location, int] = {}
        self.counts: dict[Location, int] = {}

    def places(self) -> dict[Location, int]:
        table: Location = ()
        while self.at < len(self.text):
            if header := self._HEADER.match(self.text, self.at):
                self._skip_to(header.start(2))
                table = self._table(_keys(header[2]), is_array=bool(header[1]))
                self._to_next_line()
            elif key := self._KEY.match(self.text, self.at):
                self._pair(table, key)
                self._to_next_line()
            else:
                self._to_next_line()
        return self.found

    def _table(self, keys: Location, *, is_array: bool) -> Location:
        if is_array:
            index = self.counts.get(keys, 0)
            self.counts[keys] = index + 1
            keys = (*keys, index)
        self.found.setdefault(keys, self._line())
        return keys

    def _pair(self, table: Location, key: re.Match[str]) -> None:
        self._skip_to(key.start(1))
        loc = (*table, *_keys(key[1]))
        self.found.setdefault(loc, self._line())
        self._skip_to(key.end())
        self._value(loc)

    def _value(self, loc: Location) -> None:
        """Move behind one value, noting what is inside arrays and inline tables."""
        self._blank()
        here = self.text[self.at : self.at + 1]
        if here in {'"', "'"}:
            self._string()
        elif here == "[":
            self._array(loc)
        elif here == "{":
            self._inline(loc)
        else:
            match = re.compile(r"[^,\]}\n#]*").match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def _array(self, loc: Location) -> None:
        self.at += 1
        index = 0
        while self._blank() and self.text[self.at] != "]":
            self.found.setdefault((*loc, index), self._line())
            self._value((*loc, index))
            index += 1
            self._blank()
            self.at += self.text[self.at : self.at + 1] == ","
        self.at += 1

    def _inline(self, loc: Location) -> None:
        self.at += 1
        while self._blank() and self.text[self.at] != "}":
            key = self._KEY.match(self.text, self.at)
            if key is None:
                return
            self._pair(loc, key)
            self._blank()
            self.at += self.text[self.at : self.at + 1] == ","
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        triple = quote * 3
        if self.text.startswith(triple, self.at):
            end = self.text.find(triple, self.at + 3)
            self.at = len(self.text) if end < 0 else end + 3
            return
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != quote:
            self.at += 2 if self.text[self.at] == "\\" and quote == '"' else 1
        self.at += 1

    def _blank(self) -> bool:
        """Move behind white space and comments; False at the end of the text."""
        match = re.compile(r"(?:\s|#[^\n]*)*").match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at < len(self.text)

    def _skip_to(self, at: int) -> None:
        self.at = at

    def _to_next_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end + 1

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1


def _keys(text: str) -> Location:
    return tuple(k.strip().strip("\"'") for k in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", text))
