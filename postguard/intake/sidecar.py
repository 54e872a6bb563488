"""Reads the fields of a sidecar: what an artist may write in `fox.toml` or above a text."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TypeVar

from postguard.errors import BadWords
from postguard.intake import names
from postguard.model import Quotes, Replies, Visibility
from postguard.settings import lines

Alt = str | tuple[str, ...] | Mapping[str, str]
_Choice = TypeVar("_Choice", bound=StrEnum)
_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_MOST_LANGS = 3  # what Bluesky takes
_YEARS = range(1971, 9999)  # an instant in any zone


@dataclass(frozen=True, slots=True)
class Fields:
    """One table of a sidecar; None: it does not say.

    Attributes:
        alt: one text for the only picture, one for each in their order, or one for each file name.
        tags: without `#`.
        asked: `now`, `slot` or an ISO time with its zone, from `at`.
        to: names of accounts; `all` among them means every account. Never in an account's table.
    """

    text: str | None = None
    alt: Alt | None = None
    cw: str | None = None
    labels: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None
    asked: str | None = None
    to: tuple[str, ...] | None = None
    recipe: str | None = None
    visibility: Visibility | None = None
    replies: Replies | None = None
    quotes: Quotes | None = None
    dry_run: bool | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """The words beside a post's pictures, as written: for all accounts, and for single ones."""

    top: Fields = Fields()
    accounts: Mapping[str, Fields] = field(default_factory=dict)

    def own(self, account: str) -> Fields:
        """Return what stands in the account's own table."""
        return self.accounts.get(account, Fields())


def parse(
    text: str, file: str, accounts: Collection[str], zone: tzinfo, lines_above: int = 0
) -> Dropped:
    """Read a sidecar's TOML.

    Args:
        file: its name, for errors.
        accounts: names of the config's accounts, whose tables may stand in it.
        zone: for times without one.
        lines_above: lines of the file that stand before `text`.

    Raises:
        BadWords: it is not TOML, or says something unknown; names file and line, and what may
            have been meant.
    """
    return _Reader(text, file, accounts, zone, lines_above).read()


class _Unclear(BadWords):
    """One value; whoever knows its file and line adds them."""


class _Reader:
    def __init__(
        self, text: str, file: str, accounts: Collection[str], zone: tzinfo, lines_above: int
    ) -> None:
        self._text = text
        self._file = file
        self._accounts = accounts
        self._lines_above = lines_above
        self._readers: dict[str, tuple[str, Callable[[object], object]]] = {
            "text": ("text", _text),
            "alt": ("alt", _alt),
            "cw": ("cw", _text),
            "labels": ("labels", _list),
            "tags": ("tags", _tags),
            "lang": ("langs", _langs),
            "at": ("asked", lambda value: _asked(value, zone)),
            "to": ("to", lambda value: _to(value, accounts)),
            "recipe": ("recipe", _text),
            "visibility": ("visibility", lambda value: _choice(Visibility, value)),
            "replies": ("replies", lambda value: _choice(Replies, value)),
            "quotes": ("quotes", lambda value: _choice(Quotes, value)),
            "dry_run": ("dry_run", _flag),
        }

    def read(self) -> Dropped:
        data = self._toml()
        own = {
            key: self._fields(value, (key,))
            for key, value in data.items()
            if key in self._accounts and key not in self._readers and isinstance(value, dict)
        }
        top = {key: value for key, value in data.items() if key not in own}
        return Dropped(self._fields(top, ()), own)

    def _toml(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._text)
        except ValueError as exc:  # TOMLDecodeError, and int's own for 5,000 digits
            line = lines.of_toml_error(str(exc), self._text)
            problem = f"this is not TOML: {exc}"
            raise self._bad(problem, line) from exc
        except RecursionError:
            raise self._bad("brackets are nested too deeply", None) from None

    def _fields(self, table: Mapping[str, object], at: tuple[str, ...]) -> Fields:
        said = dict[str, object]()
        for key, value in table.items():
            loc = (*at, key)
            if key not in self._readers or (at and key == "to"):
                raise self._bad_at(loc, self._unknown(key, value, at))
            name, read = self._readers[key]
            try:
                said[name] = read(value)
            except _Unclear as exc:
                raise self._bad_at(loc, str(exc)) from None
        return Fields(**said)  # type: ignore[arg-type]  # each reader returns its field's type

    def _unknown(self, key: str, value: object, at: tuple[str, ...]) -> str:
        if at and key == "to":
            return "stands at the top of the file, not in an account's table"
        if isinstance(value, dict) and not at:
            known = [*self._accounts, "alt"]
            return f"there is no account of this name{_meant(key, known)}"
        return f"unknown key{_meant(key, self._readers)}"

    def _bad_at(self, loc: tuple[str, ...], problem: str) -> BadWords:
        return self._bad(f"{lines.dotted(loc)}: {problem}", lines.find(self._text, loc))

    def _bad(self, problem: str, line: int | None) -> BadWords:
        where = f":{line + self._lines_above}" if line else ""
        return BadWords(f"{self._file}{where}: {problem}")


def trimmed(text: str) -> str:
    """Return `text` without the blank lines and spaces around it; a Japanese indent stays."""
    return text.replace("\r\n", "\n").strip(" \t\n")


def _meant(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key.casefold(), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Unclear('write it in quotes: "…"')
    return trimmed(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Unclear("write true or false")
    return value


def _list(value: object) -> tuple[str, ...]:
    found = re.split(r"[\s,、，]+", value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise _Unclear('write a list of texts: ["…", "…"]')
    return tuple(item.strip() for item in found if item.strip())


def _tags(value: object) -> tuple[str, ...]:
    tags = tuple(tag.lstrip("#＃") for tag in _list(value))
    for tag in tags:
        if re.search(r"\s", tag) or not tag:
            raise _Unclear(f'"{tag}" cannot be a hashtag: a hashtag is one word without spaces')
    return tuple(dict.fromkeys(tags))


def _langs(value: object) -> tuple[str, ...]:
    langs = _list(value)
    if unknown := [lang for lang in langs if not _LANG.fullmatch(lang)]:
        raise _Unclear(f'"{unknown[0]}" is not a language: write it as "ja" or "pt-BR"')
    if len(langs) > _MOST_LANGS:
        raise _Unclear(f"name at most {_MOST_LANGS} languages")
    return langs


def _choice(kind: type[_Choice], value: object) -> _Choice:
    try:
        return kind(str(value))
    except ValueError:
        known = [str(choice) for choice in kind]
        raise _Unclear(f"must be one of {', '.join(known)}{_meant(str(value), known)}") from None


def _to(value: object, accounts: Collection[str]) -> tuple[str, ...]:
    wanted = _list(value)
    if not wanted:
        raise _Unclear("it names no account; leave it out to post to all of them")
    for name in wanted:
        if name != "all" and name not in accounts:
            raise _Unclear(f"there is no account {name}{_meant(name, accounts)}")
    return tuple(dict.fromkeys(wanted))


def _asked(value: object, zone: tzinfo) -> str:
    """Return `now`, `slot` or an ISO time with its zone."""
    if isinstance(value, str) and value.strip().casefold() in {"now", "slot"}:
        return value.strip().casefold()
    when = _moment(value)
    if when.year not in _YEARS:
        raise _Unclear(f"the year {when.year} cannot be meant")
    return (when if when.tzinfo else when.replace(tzinfo=zone)).isoformat()


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value.strip()) > len("2026-12-01"):
        with suppress(ValueError):
            return datetime.fromisoformat(value.strip())
    raise _Unclear('write "now", "slot", or day and time as 2026-12-01 19:30:00')


def _alt(value: object) -> Alt:
    if isinstance(value, str):
        return trimmed(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(trimmed(item) for item in value)
    if isinstance(value, dict):
        return {names.same(name): trimmed(text) for name, text in _flat(value, "")}
    raise _Unclear('write one text, or one for each file: alt = { "1.png" = "…" }')


def _flat(table: Mapping[str, object], above: str) -> list[tuple[str, str]]:
    """Return (file name, text): TOML reads `1.png = "…"` without quotes as {1: {png: …}}."""
    found = list[tuple[str, str]]()
    for key, value in table.items():
        name = f"{above}.{key}" if above else key
        if isinstance(value, str):
            found.append((name, value))
        elif isinstance(value, dict):
            found += _flat(value, name)
        else:
            raise _Unclear(f'the text of {name} must be in quotes: "…"')
    return found
