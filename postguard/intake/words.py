"""Reads the words beside a picture, and merges them into what each account says."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar

from postguard.errors import BadWords
from postguard.intake import names, templates, tongues
from postguard.intake.sidecar import Dropped, Fields, parse
from postguard.intake.written import Alt, Focus, Point, trimmed
from postguard.language import _
from postguard.model import Edit, Inspection, Words
from postguard.settings.schema import Account

_T = TypeVar("_T")
LONGEST = 64_000  # bytes; fifty times the longest text that a network takes
_FENCE = "+++"
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_KANA = re.compile(r"[\u3041-\u30ff]")
_HALF_KANA = re.compile(r"[\uff61-\uff9f]")
_LONE_KANJI = re.compile(r"[A-Za-z][\u4e00-\u9fff](?![\u3040-\u9fff])")
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
_AS_WRITTEN = Edit()


def read(paths: Sequence[Path], accounts: Collection[str], zone: tzinfo) -> Dropped:
    """Read the files with words of one post: at most one `.toml` and one `.md` or `.txt`.

    Fields come from the first, text from the second (or its fields, too, between `+++` lines).

    Raises:
        BadWords: they cannot be read, contradict each other, or say something unknown.
    """
    tables = [path for path in paths if path.suffix.casefold() == ".toml"]
    texts = [path for path in paths if path not in tables]
    for several in (tables, texts):
        if len(several) > 1:
            told = _(" and ").join(sorted(path.name for path in several))
            raise BadWords(
                _("{told} both hold words for this post; keep one of them").format(told=told)
            )
    above = parse(_load(tables[0]), tables[0].name, accounts, zone) if tables else Dropped()
    if not texts:
        return above
    return _with_text(above, tables, texts[0], accounts, zone)


def _with_text(
    above: Dropped, tables: Sequence[Path], file: Path, accounts: Collection[str], zone: tzinfo
) -> Dropped:
    front, body = _split(_load(file), file.name)
    text = trimmed(body)
    if front is not None:
        if tables:
            raise BadWords(
                _("{name} and {file_name} both have fields; keep one of them").format(
                    name=tables[0].name, file_name=file.name
                )
            )
        above = parse(front, file.name, accounts, zone, lines_above=1)
    if not text:
        return above
    if above.top.text:
        where = tables[0].name if tables else _("the lines between +++")
        raise BadWords(
            _("{where} and {name} both have a text; keep one of them").format(
                where=where, name=file.name
            )
        )
    return replace(above, top=replace(above.top, text=text))


def _split(text: str, file: str) -> tuple[str | None, str]:
    """Return (front matter, text); None where the first line is no fence."""
    rows = text.split("\n")
    if rows[0].rstrip() != _FENCE:
        return None, text
    for i, row in enumerate(rows[1:], start=1):
        if row.rstrip() == _FENCE:
            return "\n".join(rows[1:i]), "\n".join(rows[i + 1 :])
    raise BadWords(
        _("{file}:1: the fields begin with +++ but no second +++ line ends them").format(file=file)
    )


def _load(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as exc:
        raise BadWords(
            _("{name} cannot be read: {strerror}").format(name=path.name, strerror=exc.strerror)
        ) from exc
    if len(data) > LONGEST:
        raise BadWords(
            _("{name} is longer than {longest} kB; is it meant as words?").format(
                name=path.name, longest=LONGEST // 1000
            )
        )
    return decode(data, path.name).replace("\r\n", "\n").replace("\r", "\n")


def decode(data: bytes, file: str) -> str:
    """Return the text of UTF-8, UTF-16 with its mark, or Shift_JIS as Windows Notepad saves it.

    Raises:
        BadWords: it is none of them. Another encoding is never guessed: it would be posted as
            garbage.
    """
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            text = _try(data[len(bom) :], encoding)
            break
    else:
        text = _try(data, "utf-8")
        if text is None:
            text = _japanese(data)
    if text is None or "\0" in text:
        raise BadWords(
            _("{file} cannot be read as text; save it again with the encoding UTF-8").format(
                file=file
            )
        )
    return text


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _japanese(data: bytes) -> str | None:
    """Return text in CP932 if it can be meant as that.

    EUC-JP would come out as half-width katakana alone, `Léa` as `L饌`, broken UTF-8 as `譁`, and
    much else as private characters.
    """
    text = _try(data, "cp932")
    if text is None or _PRIVATE.search(text) or _is_broken_utf8(data):
        return None
    if _KANA.search(text):
        return text
    foreign = sum(not char.isascii() for char in text)
    half = len(_HALF_KANA.findall(text))
    return None if 2 * half > foreign or _LONE_KANJI.search(text) else text


def _is_broken_utf8(data: bytes) -> bool:
    """Return whether there are as many whole characters of three bytes, as Japanese has in UTF-8,
    as broken ones."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(char > "\u07ff" for char in text) - broken >= broken


def resolve(
    dropped: Dropped,
    account: str,
    defaults: Account,
    artist_langs: tuple[str, ...],
    files: Sequence[str],
    embedded: Sequence[Inspection],
    edit: Edit = _AS_WRITTEN,
) -> Words:
    """Merge what one account says: its own table in the sidecar, else the sidecar, else the
    account's settings; words from the pictures' metadata only where the sidecar has none.

    Args:
        artist_langs: what the artist writes in, for a post that does not say its language.
        files: names of the pictures, in their order.
        embedded: what each picture's file says, in the same order.
        edit: what the artist said since; it goes before all of them.

    Raises:
        BadWords: alt texts that do not fit the pictures.
    """
    own, top = dropped.own(account), dropped.top
    description = next((i.description for i in embedded if i.description), "")
    said = Words(
        text=_first(own.text, top.text, description),
        alts=_alts(own, top, files, embedded),
        cw=_first(own.cw, top.cw, ""),
        labels=_first(own.labels, top.labels, defaults.labels),
        tags=_first(own.tags, top.tags, _bare(defaults.tags)),
        langs=_first(own.langs, top.langs, defaults.lang),
        visibility=_first(own.visibility, top.visibility, defaults.visibility),
        replies=_first(own.replies, top.replies, defaults.replies),
        quotes=_first(own.quotes, top.quotes, defaults.quotes),
        lists=_first(own.lists, top.lists, defaults.lists),
        hidden_tags=_first(own.hidden_tags, top.hidden_tags, _bare(defaults.hidden_tags)),
        focus=_focus(own, top, files),
        reply_to=_first(own.reply_to, top.reply_to, ""),
        link_to=defaults.link,
        thread=_first(own.thread, top.thread, defaults.overflow == "thread"),
        title=_first(own.title, top.title, ""),
    )
    said = edit.of(said, files)
    said = replace(said, langs=said.langs or tongues.of_words(said, artist_langs))
    return replace(said, text=templates.filled(defaults.text, said))


def _bare(tags: Sequence[str]) -> tuple[str, ...]:
    return tuple(tag.lstrip("#＃") for tag in tags)


def asked(dropped: Dropped, account: str) -> str:
    """Return when the account is to post: `now`, an ISO time, or its next `slot`."""
    return _first(dropped.own(account).asked, dropped.top.asked, "slot")


def not_before(dropped: Dropped, account: str) -> datetime | None:
    """Return the earliest time that the account may post, if the artist says one."""
    return _first(dropped.own(account).not_before, dropped.top.not_before, None)


def dry_run(dropped: Dropped, account: str, defaults: Account) -> bool:
    """Return whether the post goes to the preview instead of the account. An account that draws
    pages only posts nothing, whatever a post says."""
    said = _first(dropped.own(account).dry_run, dropped.top.dry_run, otherwise=False)
    return said or defaults.dry_run


def recipe(dropped: Dropped, account: str, defaults: Account) -> str:
    """Return the name of the recipe asked for."""
    return _first(dropped.own(account).recipe, dropped.top.recipe, defaults.recipe or "default")


def _first(own: _T | None, top: _T | None, otherwise: _T) -> _T:
    said = own if own is not None else top
    return otherwise if said is None else said


def _alts(
    own: Fields, top: Fields, files: Sequence[str], embedded: Sequence[Inspection]
) -> tuple[str, ...]:
    """Return the alt text of each picture, from the nearest place that says one."""
    inside = [i.alt or i.description for i in embedded]
    return tuple(
        next((alt for alt in choice if alt is not None), "")
        for choice in zip(spread(own.alt, files), spread(top.alt, files), inside, strict=True)
    )


def spread(alt: Alt | None, files: Sequence[str]) -> list[str | None]:
    """Return the alt text for each file name; None where `alt` says nothing about it.

    Raises:
        BadWords: one text for several pictures, another number of texts than pictures, or a text
            for a file that is not there.
    """
    if alt is None or not files:
        return [None] * len(files)
    if isinstance(alt, str) and len(files) > 1:
        raise BadWords(
            _(
                "alt is one text, but there are {count} pictures; write one for each:"
                ' alt = {{ "{file}" = "…" }}'
            ).format(count=len(files), file=files[0])
        )
    if isinstance(alt, str):
        return [alt]
    if isinstance(alt, Mapping):
        return _by_name(alt, files)
    if len(alt) != len(files):
        raise BadWords(
            _("alt has {count} texts for {pictures} pictures").format(
                count=len(alt), pictures=len(files)
            )
        )
    return list(alt)


def _by_name(alt: Mapping[str, _T], files: Sequence[str], key: str = "alt") -> list[_T | None]:
    """Match names as people write them: any case, with or without the suffix."""
    found: list[_T | None] = [None] * len(files)
    for name, said in alt.items():
        matches = _matching(name, files)
        if len(matches) != 1:
            near = difflib.get_close_matches(name, list(files), n=1)
            meant = (
                _("; did you mean {near}?").format(near=near[0]) if near and not matches else ""
            )
            raise BadWords(
                _('{key} names "{name}", but no single picture has that name{meant}').format(
                    key=key, name=name, meant=meant
                )
            )
        found[matches[0]] = said
    return found


def _focus(own: Fields, top: Fields, files: Sequence[str]) -> tuple[Point | None, ...]:
    """Return the focus of each picture, from the nearest place that says one; empty: none has."""
    choices = zip(_points(own.focus, files), _points(top.focus, files), strict=True)
    found = tuple(one or other for one, other in choices)
    return found if any(found) else ()


def _points(focus: Focus | None, files: Sequence[str]) -> list[Point | None]:
    if focus is None:
        return [None] * len(files)
    if isinstance(focus, Mapping):
        return _by_name(focus, files, "focus")
    if len(files) != 1:
        raise BadWords(
            _(
                "focus is one point, but there are {count} pictures; write one for each: "
                'focus = {{ "{file}" = [0.0, 0.0] }}'
            ).format(count=len(files), file=files[0])
        )
    return [focus]


def _matching(name: str, files: Sequence[str]) -> list[int]:
    wanted = names.same(name).casefold()
    whole = [i for i, file in enumerate(files) if names.same(file).casefold() == wanted]
    return whole or [i for i, file in enumerate(files) if names.stem(file).casefold() == wanted]
