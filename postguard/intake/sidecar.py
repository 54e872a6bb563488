"""Reads the fields of a sidecar: what an artist may write in `fox.toml` or above a text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from postguard.errors import BadWords
from postguard.intake import written
from postguard.intake.written import Alt, Focus, Unclear, meant
from postguard.language import _
from postguard.model import Quotes, Replies, Visibility
from postguard.settings import lines, toml

_MOST_TOLD = 20  # faults of one file, which may be no words at all
_WHOLE_POST = {"to", "series"}  # said once for all accounts
# What other programs, and the config, call it.
_ELSEWHERE = {
    **dict.fromkeys(("account", "accounts"), "to"),
    **dict.fromkeys(("time", "date", "when", "schedule"), "at"),
    **dict.fromkeys(("alt_text", "description"), "alt"),
    **dict.fromkeys(("caption", "body", "content"), "text"),
    **dict.fromkeys(("warning", "content_warning", "spoiler", "spoiler_text"), "cw"),
    **dict.fromkeys(("language", "langs"), "lang"),
    "hashtags": "tags",
    "overflow": "thread",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """One table of a sidecar; None: it does not say.

    Attributes:
        alt: one text for the only picture, one for each in their order, or one for each file name.
        tags: without `#`.
        asked: `now`, `slot` or an ISO time with its zone, from `at`.
        to: names of accounts; `all` among them means every account. Never in an account's table.
        reply_to: address of the post that this one answers, or `#N` for the artist's post N.
        series: name of the posts that follow each other. Never in an account's table.
        focus: of the only picture, or for each file name, the point that crops keep.
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
    title: str | None = None
    reply_to: str | None = None
    series: str | None = None
    not_before: datetime | None = None
    hidden_tags: tuple[str, ...] | None = None
    lists: tuple[str, ...] | None = None
    focus: Focus | None = None
    thread: bool | None = None


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
        BadWords: it is not TOML, or says something unknown; a line for each key that is wrong,
            with file and line, and what may have been meant.
    """
    return _Reader(text, file, accounts, zone, lines_above).read()


class _Reader:
    def __init__(
        self, text: str, file: str, accounts: Collection[str], zone: tzinfo, lines_above: int
    ) -> None:
        self._text = text
        self._file = file
        self._accounts = accounts
        self._lines_above = lines_above
        self._faults: list[tuple[lines.Location, str]] = []
        self._readers: dict[str, tuple[str, Callable[[object], object]]] = {
            "text": ("text", written.text),
            "title": ("title", written.text),
            "alt": ("alt", written.alt),
            "cw": ("cw", written.text),
            "labels": ("labels", written.texts),
            "tags": ("tags", written.tags),
            "hidden_tags": ("hidden_tags", written.tags),
            "lang": ("langs", written.langs),
            "at": ("asked", lambda value: written.asked(value, zone)),
            "not_before": ("not_before", lambda value: written.earliest(value, zone)),
            "to": ("to", lambda value: written.targets(value, accounts)),
            "recipe": ("recipe", written.text),
            "visibility": ("visibility", lambda value: written.choice(Visibility, value)),
            "replies": ("replies", lambda value: written.choice(Replies, value)),
            "quotes": ("quotes", lambda value: written.choice(Quotes, value)),
            "lists": ("lists", written.lists),
            "reply_to": ("reply_to", written.answered),
            "series": ("series", written.text),
            "focus": ("focus", written.focus),
            "thread": ("thread", written.flag),
            "dry_run": ("dry_run", written.flag),
        }

    def read(self) -> Dropped:
        data = self._toml()
        own = {
            key: self._fields(value, (key,))
            for key, value in data.items()
            if key in self._accounts and key not in self._readers and isinstance(value, dict)
        }
        top = {key: value for key, value in data.items() if key not in own}
        dropped = Dropped(self._fields(top, ()), own)
        if self._faults:
            raise self._refusal()
        return dropped

    def _toml(self) -> dict[str, object]:
        try:
            return toml.read(self._text)
        except toml.NotTomlError as exc:
            said = _("is not valid TOML: {said}").format(said=exc)
            raise BadWords(self._at(exc.line, said)) from None

    def _fields(self, table: Mapping[str, object], at: tuple[str, ...]) -> Fields:
        said = dict[str, object]()
        for key, value in table.items():
            loc = (*at, key)
            if key not in self._readers or (at and key in _WHOLE_POST):
                self._note(loc, self._unknown(key, value, at))
                continue
            name, read = self._readers[key]
            try:
                said[name] = read(value)
            except Unclear as exc:
                self._note(loc, str(exc))
        return Fields(**said)  # type: ignore[arg-type]  # each reader returns its field's type

    def _unknown(self, key: str, value: object, at: tuple[str, ...]) -> str:
        if at and key in _WHOLE_POST:
            return _("stands at the top of the file, not in an account's table")
        if isinstance(value, dict) and not at:
            known = [*self._accounts, "alt", "focus"]
            return _("there is no account of this name{meant}").format(meant=meant(key, known))
        if other := _ELSEWHERE.get(key.casefold()):
            return _("unknown key; it is called {key} here").format(key=other)
        if near := meant(key, self._readers):
            return _("unknown key{meant}").format(meant=near)
        return _("unknown key; the keys are {known}").format(known=", ".join(self._readers))

    def _note(self, loc: tuple[str, ...], problem: str) -> None:
        self._faults.append((loc, problem))
        if len(self._faults) == _MOST_TOLD:
            raise self._refusal()

    def _refusal(self) -> BadWords:
        """Return all faults that were met, a line for each, in the order of the file."""
        places = lines.places(self._text)
        faults = sorted(
            ((places.line_of(loc), loc, problem) for loc, problem in self._faults),
            key=lambda fault: fault[0],
        )
        told = (self._at(line, f"{lines.dotted(loc)}: {said}") for line, loc, said in faults)
        return BadWords("\n".join(told))

    def _at(self, line: int, problem: str) -> str:
        """A value that is told may have line breaks."""
        return f"{self._file}:{line + self._lines_above}: {problem.replace(chr(10), ' ')}"
