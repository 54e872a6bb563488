"""The kinds of values that an artist writes in the config: times, slots, languages, addresses.

What is wrong with one is said without pydantic's words, and never repeats a text that could be
anything.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from postguard.language import _
from postguard.settings import languages

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,6})?)\s*([smhd])")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SLOT = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:\.\.[a-z]{3})?(?:,[a-z]{3}(?:\.\.[a-z]{3})?)*)\s+)?"
    r"(?P<times>[0-9]{1,2}:[0-9]{2}(?:\s+[0-9]{1,2}:[0-9]{2})*)"
)


def _duration(value: object) -> object:
    if isinstance(value, str) and (m := _DURATION.fullmatch(value.strip())):
        return timedelta(seconds=float(m[1]) * _UNITS[m[2]])
    if isinstance(value, timedelta):
        return value
    raise ValueError(_('write a length of time as "20s", "2m", "3h" or "1d"'))


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Table(BaseModel):
    """Base of all tables: frozen, no unknown keys, values never in error texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Slot(Table):
    """Weekly posting times: every day in `days` (0 = Monday) at every time in `times`."""

    rule: str
    days: tuple[int, ...]
    times: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, rule: str) -> Slot:
        """Read `mon..fri 19:30`, `sat,sun 10:00 21:00` or `19:30` (every day).

        Day names only: numbers mean Monday to some programs and Sunday to others.
        """
        match = _SLOT.fullmatch(rule.strip().lower())
        if match is None:
            raise ValueError(
                _(
                    '"{rule}": write slots as "mon..fri 19:30" or "sat,sun 10:00 21:00", with the '
                    "days by name"
                ).format(rule=rule)
            )
        days = _days(match["days"] or "mon..sun", rule)
        times = tuple(_time(t, rule) for t in match["times"].split())
        return cls(rule=rule.strip(), days=days, times=times)


def _days(text: str, rule: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        ends = part.split("..")
        if unknown := [d for d in ends if d not in _DAYS]:
            raise ValueError(
                _('"{rule}": {unknown} is not one of {days}').format(
                    rule=rule, unknown=unknown[0], days=" ".join(_DAYS)
                )
            )
        first, last = _DAYS.index(ends[0]), _DAYS.index(ends[-1])
        found.update((first + i) % 7 for i in range((last - first) % 7 + 1))
    return tuple(sorted(found))


def _time(text: str, rule: str) -> tuple[int, int]:
    hour, minute = (int(n) for n in text.split(":"))
    try:
        time(hour, minute)
    except ValueError:
        raise ValueError(
            _('"{rule}": {text} is not a time of day').format(rule=rule, text=text)
        ) from None
    return hour, minute


def _slots(value: object) -> object:
    rules = [value] if isinstance(value, str) else value
    if not isinstance(rules, list | tuple):
        raise ValueError(_('write slots as a list: ["mon..fri 19:30"]'))  # noqa: TRY004  # pydantic's
    return tuple(r if isinstance(r, Slot) else Slot.parse(str(r)) for r in rules)


Slots = Annotated[tuple[Slot, ...], BeforeValidator(_slots)]


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of each day, over midnight where it ends before it begins."""

    rule: str
    start: time
    end: time

    @classmethod
    def parse(cls, rule: str) -> Hours:
        """Read `22:00-08:00`."""
        match = re.fullmatch(r"([0-9]{1,2}:[0-9]{2})\s*-\s*([0-9]{1,2}:[0-9]{2})", rule.strip())
        if match is None:
            raise ValueError(_('write hours as "22:00-08:00"'))
        start, end = (time(*_time(text, rule)) for text in match.groups())
        return cls(rule.strip(), start, end)

    def hold(self, at: time) -> bool:
        """Return whether a time of day is within; the same start and end are the whole day."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def _hours(value: object) -> object:
    return value if isinstance(value, Hours) else Hours.parse(str(value))


Daily = Annotated[Hours, BeforeValidator(_hours)]


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _lang(value: str) -> str:
    if not languages.is_language(value):
        likely = languages.meant(value)
        hint = _('; did you mean "{near}"?').format(near=likely) if likely else ""
        raise ValueError(_('must be a language, such as "ja" or "en"{hint}').format(hint=hint))
    return value


Langs = Annotated[
    tuple[Annotated[str, AfterValidator(_lang)], ...],
    BeforeValidator(_one_or_more),
    Field(max_length=3),
]


def _secure_url(url: str) -> str:
    """Return the origin of `url`. Plain http would show the password to the network, so it is
    taken only on this machine."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or parts.scheme not in {"https", "http"}:
        raise ValueError(_('write the address as "https://…"'))
    if parts.scheme == "http" and not loopback:
        raise ValueError(_("plain http would show your password to the network: write https://"))
    if parts.username or parts.password:
        raise ValueError(_("no name or password in the address: use `postguard login`"))
    return f"{parts.scheme}://{parts.netloc}"


Address = Annotated[str, AfterValidator(_secure_url)]


# What abbreviations mean that are no zones; IST and CST mean several, so nothing is guessed.
_ABBREVIATED = {
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "EDT": "America/New_York",
    "BST": "Europe/London",
}
_LONGEST_ABBREVIATED = 4


def zone_hint(name: str) -> str:
    """Return what to write instead of a name that is no time zone."""
    near = _near_zone(name)
    return _('did you mean "{near}"?').format(near=near) if near else _('write it as "Asia/Tokyo"')


def _near_zone(name: str) -> str:
    """Return the zone that is meant; empty: none is near. Never one of the abbreviations or of
    Etc/GMT+9, which is nine hours behind: one letter beside the right one is half a day."""
    if len(name) <= _LONGEST_ABBREVIATED:
        return _ABBREVIATED.get(name.upper(), "")
    named = [z for z in available_timezones() if not z.isupper() and not z.startswith("Etc/")]
    return next(iter(difflib.get_close_matches(name, named, n=1)), "")


def _timezone(value: object) -> object:
    try:
        return value if isinstance(value, ZoneInfo) else ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = zone_hint(str(value))
        raise ValueError(_("not a time zone; {hint}").format(hint=hint)) from None


Timezone = Annotated[ZoneInfo, BeforeValidator(_timezone)]

_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
PLACES = ("text", "title", "tags", "notice")


def _template(value: str) -> str:
    unknown = [name for name in _PLACEHOLDER.findall(value) if name not in PLACES]
    if unknown:
        near = difflib.get_close_matches(unknown[0], PLACES, n=1)
        known = ", ".join(f"{{{name}}}" for name in PLACES)
        hint = (
            _("did you mean {{{near}}}?").format(near=near[0])
            if near
            else _("there is {known}").format(known=known)
        )
        raise ValueError(
            _("it has a place in braces that nothing fills; {hint}").format(hint=hint)
        )
    return value


Template = Annotated[str, AfterValidator(_template)]


def _list_address(value: str) -> str:
    if not re.fullmatch(r"at://[^/\s]+/app\.bsky\.graph\.list/[^/\s]+", value):
        raise ValueError(_('write a list\'s address as "at://did:plc:…/app.bsky.graph.list/…"'))
    return value


Lists = Annotated[
    tuple[Annotated[str, AfterValidator(_list_address)], ...], BeforeValidator(_one_or_more)
]


def _hardware_address(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}", value):
        raise ValueError(_('write a hardware address as "3c:52:82:11:a0:7f"'))
    return value.replace("-", ":").lower()


HardwareAddress = Annotated[str, AfterValidator(_hardware_address)]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
# These would read as fields of a sidecar, whose tables are named after accounts.
RESERVED = {
    *("text", "alt", "cw", "labels", "tags", "lang", "at", "to", "recipe", "all", "dry_run"),
    *("visibility", "replies", "quotes", "lists", "thread", "title", "hidden_tags", "focus"),
    *("reply_to", "series", "not_before"),
}


def _account_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(_("an account's name is made of letters, digits, - and _"))
    if name in RESERVED:
        raise ValueError(
            _('"{name}" means something else beside a picture: choose another name').format(
                name=name
            )
        )
    return name


AccountName = Annotated[str, AfterValidator(_account_name)]
