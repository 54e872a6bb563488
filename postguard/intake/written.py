"""Reads single values of a sidecar, as artists write them. Each raises Unclear with what it may
be instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from typing import TypeVar

from postguard.errors import BadWords
from postguard.intake import names
from postguard.language import _
from postguard.settings import languages

Alt = str | tuple[str, ...] | Mapping[str, str]
Point = tuple[float, float]
Focus = Point | Mapping[str, Point]
_Choice = TypeVar("_Choice", bound=StrEnum)
_MOST_LANGS = 3  # what Bluesky takes
_OWN_WORDS = {"…", "..."}  # what our messages write where the artist's words belong
_YEARS = range(1971, 9999)  # an instant in any zone
_OWN_POST = re.compile(r"[#＃]?([0-9]{1,18})")
_LIST = re.compile(r"at://[^/\s]+/app\.bsky\.graph\.list/[^/\s]+")


class Unclear(BadWords):
    """One value; whoever knows its file and line adds them."""


def trimmed(text: str) -> str:
    """Return `text` without the blank lines and spaces around it; a Japanese indent stays."""
    return text.replace("\r\n", "\n").strip(" \t\n")


def meant(key: str, known: Collection[str]) -> str:
    """Return a question after the nearest of the known words, if one is near."""
    near = difflib.get_close_matches(key.casefold(), list(known), n=1)
    return _("; did you mean {near}?").format(near=near[0]) if near else ""


def text(value: object) -> str:
    """Return a text without the blank lines around it."""
    if not isinstance(value, str):
        raise Unclear(_('write it in quotes: "…"'))
    return trimmed(value)


def flag(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise Unclear(_("write true or false"))
    return value


def texts(value: object) -> tuple[str, ...]:
    """Return a list of texts; one text is cut at its spaces and commas."""
    found = re.split(r"[\s,、，]+", value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise Unclear(_('write a list of texts: ["…", "…"]'))
    return tuple(item.strip() for item in found if item.strip())


def tags(value: object) -> tuple[str, ...]:
    """Return hashtags without their sign, each once."""
    found = tuple(tag.lstrip("#＃") for tag in texts(value))
    for tag in found:
        if re.search(r"\s", tag) or not tag:
            raise Unclear(
                _('"{tag}" cannot be a hashtag: a hashtag is one word without spaces').format(
                    tag=tag
                )
            )
    return tuple(dict.fromkeys(found))


def langs(value: object) -> tuple[str, ...]:
    """Return BCP-47 tags."""
    found = texts(value)
    if unknown := [lang for lang in found if not languages.is_language(lang)]:
        likely = languages.meant(unknown[0])
        raise Unclear(
            _('"{unknown}" is not a language: write it as "ja" or "pt-BR"{meant}').format(
                unknown=unknown[0],
                meant=_("; did you mean {near}?").format(near=likely) if likely else "",
            )
        )
    if len(found) > _MOST_LANGS:
        raise Unclear(_("name at most {most_langs} languages").format(most_langs=_MOST_LANGS))
    return found


def lists(value: object) -> tuple[str, ...]:
    """Return addresses of lists of people."""
    found = texts(value)
    if wrong := [address for address in found if not _LIST.fullmatch(address)]:
        raise Unclear(
            _(
                '"{wrong}" is not a list\'s address: write it as '
                '"at://did:plc:…/app.bsky.graph.list/…"'
            ).format(wrong=wrong[0])
        )
    return found


def choice(kind: type[_Choice], value: object) -> _Choice:
    """Return one of the choices of an enum."""
    try:
        return kind(str(value))
    except ValueError:
        known = [str(one) for one in kind]
        raise Unclear(
            _("must be one of {known}{meant}").format(
                known=", ".join(known), meant=meant(str(value), known)
            )
        ) from None


def targets(value: object, accounts: Collection[str]) -> tuple[str, ...]:
    """Return names of accounts; `all` may be among them."""
    wanted = texts(value)
    if not wanted:
        raise Unclear(_("it names no account; leave it out to post to all of them"))
    for name in wanted:
        if name != "all" and name not in accounts:
            raise Unclear(
                _("there is no account {name}{meant}").format(
                    name=name, meant=meant(name, accounts)
                )
            )
    return tuple(dict.fromkeys(wanted))


def asked(value: object, zone: tzinfo) -> str:
    """Return `now`, `slot` or an ISO time with its zone."""
    if isinstance(value, str) and value.strip().casefold() in {"now", "slot"}:
        return value.strip().casefold()
    found = _moment(value)
    if found is None:
        raise Unclear(_('write "now", "slot", or day and time as 2026-12-01 19:30:00'))
    return _in_zone(found, zone).isoformat()


def earliest(value: object, zone: tzinfo) -> datetime:
    """Return the first moment that is allowed; a day alone means its beginning."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = date.fromisoformat(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    found = _moment(value)
    if found is None:
        raise Unclear(_("write a day as 2026-12-01, or day and time as 2026-12-01 19:30:00"))
    return _in_zone(found, zone)


def _in_zone(when: datetime, zone: tzinfo) -> datetime:
    if when.year not in _YEARS:
        raise Unclear(_("the year {year} cannot be meant").format(year=when.year))
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value.strip()) > len("2026-12-01"):
        with suppress(ValueError):
            return datetime.fromisoformat(value.strip())
    return None


def answered(value: object) -> str:
    """Return the address of the post that is answered, or `#12` for one's own post 12."""
    said = str(value).strip() if isinstance(value, str | int) and value is not True else ""
    if own := _OWN_POST.fullmatch(said):
        return f"#{int(own[1])}"
    if not re.fullmatch(r"(https?|at)://\S+", said):
        raise Unclear(
            _('write the address of a post as "https://…", or "#12" for your own post 12')
        )
    return said


def alt(value: object) -> Alt:
    """Return one alt text, one for each picture, or one for each file name."""
    if isinstance(value, str):
        return seen(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(seen(item) for item in value)
    if isinstance(value, dict):
        return {names.same(name): seen(said) for name, said in _flat(value, "")}
    raise Unclear(_('write one text, or one for each file: alt = { "1.png" = "…" }'))


def seen(said: str) -> str:
    """Return the alt text of one picture; our own advice, taken word for word, is none."""
    found = trimmed(said)
    if found in _OWN_WORDS:
        raise Unclear(
            _('"{sign}" stands for your own words: say what can be seen in the picture').format(
                sign=found
            )
        )
    return found


def focus(value: object) -> Focus:
    """Return the point that crops keep, or one for each file name."""
    if isinstance(value, dict):
        return {names.same(name): _point(said) for name, said in _leaves(value, "")}
    return _point(value)


def _point(value: object) -> Point:
    match value:
        case [int() | float() as x, int() | float() as y] if -1 <= x <= 1 and -1 <= y <= 1:
            return float(x), float(y)
    raise Unclear(
        _("write [across, up] from -1 to 1, as [0.0, 0.5] for the middle of the upper half")
    )


def _flat(table: Mapping[str, object], above: str) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    for name, value in _leaves(table, above):
        if not isinstance(value, str):
            raise Unclear(_('the text of {name} must be in quotes: "…"').format(name=name))
        found.append((name, value))
    return found


def _leaves(table: Mapping[str, object], above: str) -> list[tuple[str, object]]:
    """Return (file name, value): TOML reads `1.png = "…"` without quotes as {1: {png: …}}."""
    found = list[tuple[str, object]]()
    for key, value in table.items():
        name = f"{above}.{key}" if above else key
        found += _leaves(value, name) if isinstance(value, dict) else [(name, value)]
    return found
