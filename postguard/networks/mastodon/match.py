"""Tells whether a status on the server is one that was planned. Pure.

Whoever takes another post for this one loses a post; whoever overlooks this one doubles it. So
what was said must be there, but what a server is known to lose (a warning, alt texts, whole
pictures) may be missing: such a status is ours all the same, only not whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from postguard.networks.mastodon.instance import plain_text, print_of
from postguard.networks.mastodon.parts import Part

# The clocks of a PC and a server differ by less than a day: certificates fail before. There is no
# latest time: a PC that slept for weeks sends the plan of before again.
EARLIEST = timedelta(days=1)
_TELLING = 8  # characters of an alt text that describes one picture and no other
_SHAPE = 0.02  # a server that shrinks a picture rounds its sides
_FILLERS = {"", ".", "🖼"}  # Mastodon writes these where there is only a warning


class Likeness(IntEnum):
    """How far a status is what was planned."""

    OTHER = 0
    DAMAGED = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for.

    Attributes:
        after: id of the account's newest status when it was planned; empty: it had none.
        answers: id of the status that it replies to; empty: none; None: whichever.
        taken: uris of statuses that are other posts'.
    """

    part: Part
    planned_at: datetime
    after: str
    answers: str | None
    taken: Collection[str]


def best_of(statuses: Iterable[Mapping[str, Any]], sought: Sought) -> Mapping[str, Any] | None:
    """Return the status that is the planned one: a whole one before a damaged one, and of equals
    the one that was posted first; None where none is it."""
    found = [(likeness(status, sought), status) for status in statuses]
    ours = [(like, status) for like, status in found if like is not Likeness.OTHER]
    if not ours:
        return None
    return min(ours, key=lambda each: (-each[0], order_of(str(each[1]["id"]))))[1]


def likeness(status: Mapping[str, Any], sought: Sought) -> Likeness:
    """Return how far a status is the planned one."""
    if not _stands_right(status, sought) or not _says_the_same(status, sought.part):
        return Likeness.OTHER
    part = sought.part
    warned = print_of(str(status.get("spoiler_text") or "")) == print_of(part.cw)
    shown = _alts(status)
    if warned and shown == [print_of(alt) for alt in part.alts]:
        return Likeness.WHOLE
    return Likeness.DAMAGED if _lost(status, part) else Likeness.OTHER


def shows_the_same(status: Mapping[str, Any], sought: Sought) -> bool:
    """Return whether a status shows pictures of the planned shapes with the planned alt texts,
    whatever else it says. A word or none as alt text does not tell its pictures from others."""
    alts, media = _alts(status), status.get("media_attachments") or ()
    told = max(map(len, alts), default=0) >= _TELLING
    described = told and alts == [print_of(alt) for alt in sought.part.alts]
    shapes = len(media) == len(sought.part.sizes) and all(
        map(_same_shape, media, sought.part.sizes)
    )
    return described and shapes and _stands_right(status, sought)


def may_be_shown_by(status: Mapping[str, Any], part: Part, since: datetime) -> bool:
    """Return whether a status of `since` or later has pictures of the planned shapes, whatever it
    says of them: words and alt texts may have been changed in any app."""
    media = status.get("media_attachments") or ()
    if status.get("reblog") or status["created_at"] < since or not media:
        return False
    return len(media) == len(part.sizes) and all(map(_same_shape, media, part.sizes))


def order_of(identity: str) -> tuple[int, str]:
    """Return what sorts ids by their age: numbers that grow, or letters of equal length that do
    (Pleroma, GoToSocial)."""
    return len(identity), identity


def _stands_right(status: Mapping[str, Any], sought: Sought) -> bool:
    """Return whether its place fits: time, conversation, and that nobody else has it."""
    if str(status.get("uri")) in sought.taken or status.get("reblog"):
        return False
    if sought.after and order_of(str(status["id"])) <= order_of(sought.after):
        return False
    if status["created_at"] < sought.planned_at - EARLIEST:
        return False
    return sought.answers in {None, str(status.get("in_reply_to_id") or "")}


def _says_the_same(status: Mapping[str, Any], part: Part) -> bool:
    """Return whether text and shapes of pictures are those planned, as far as they are there."""
    shown, planned = print_of(plain_text(status)), print_of(part.text)
    filled = not planned and part.cw and shown in _FILLERS
    if shown != planned and not filled:
        return False
    media = status.get("media_attachments") or ()
    if len(media) == len(part.sizes):
        return all(map(_same_shape, media, part.sizes))
    return True


def _lost(status: Mapping[str, Any], part: Part) -> bool:
    """Return whether all that differs is missing: nothing is there that was not planned.

    Where a post is all pictures, they must be there: an empty text says nothing.
    """
    cw, shown = print_of(str(status.get("spoiler_text") or "")), _alts(status)
    if cw not in {"", print_of(part.cw)} or len(shown) > len(part.alts):
        return False
    if len(shown) < len(part.alts):
        return bool(print_of(part.text))
    return all(
        alt in {"", print_of(planned)} for alt, planned in zip(shown, part.alts, strict=True)
    )


def _alts(status: Mapping[str, Any]) -> list[str]:
    media = status.get("media_attachments") or ()
    return [print_of(str(each.get("description") or "")) for each in media]


def _same_shape(media: Mapping[str, Any], size: tuple[int, int]) -> bool:
    """Return whether a picture has the planned proportions; where nothing is told, it may have."""
    told = ((media.get("meta") or {}).get("original")) or {}
    width, height = told.get("width"), told.get("height")
    if not width or not height:
        return True
    ratio = (width / height) / (size[0] / size[1])
    return abs(ratio - 1) <= _SHAPE or _within_a_pixel((width, height), size)


def _within_a_pixel(told: tuple[float, float], size: tuple[int, int]) -> bool:
    """Return whether rounding alone explains it: very narrow pictures are all rounding."""
    long = 0 if size[0] >= size[1] else 1
    scale = told[long] / size[long]
    return abs(told[1 - long] - size[1 - long] * scale) <= 1
