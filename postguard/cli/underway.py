"""How far the post is that is being protected, in words and for programs. Pure."""

from __future__ import annotations

from typing import Any

from postguard import language
from postguard.language import _, marked
from postguard.model import Post, names
from postguard.store.progress import UnderWay

_DOING = {
    "encode": marked("saving"),
    "measure": marked("measuring the cloak"),
}  # the others by their own names
_MINUTE, _HOUR = 60.0, 3600.0


def words(now: UnderWay | None, post: Post) -> str:
    """Return `picture 2 of 4, cloak 40 %, about 50 s left`; empty where another post's turn is.

    The time is that of the step.
    """
    if now is None or now.post_id != post.id:
        return ""
    if (told := now.progress) is None:
        return _("just begun")
    pictures = len(post.artworks)
    which = [
        _("picture {position} of {pictures}").format(position=told.position + 1, pictures=pictures)
    ] * (pictures > 1)
    much = "" if told.fraction is None else f" {int(told.fraction * 100)} %"
    rest = [] if told.seconds_left is None else [left(told.seconds_left)]
    return language.listed([*which, f"{doing(told.step)}{much}", *rest])


def doing(step: str) -> str:
    """Return what is worked on."""
    return _(_DOING[step]) if step in _DOING else names.of_step(step)


def fields(now: UnderWay | None, post: Post) -> dict[str, Any] | None:
    """Return the same for programs; None where another post's turn is."""
    if now is None or now.post_id != post.id:
        return None
    told = now.progress
    return {
        "picture": 1 if told is None else told.position + 1,
        "pictures": len(post.artworks),
        "step": None if told is None else told.step,
        "fraction": None if told is None else told.fraction,
        "seconds_left": None if told is None else told.seconds_left,
    }


def left(seconds: float) -> str:
    """Return a time in round words: an estimate that names each second looks like a promise."""
    if seconds < 5:  # noqa: PLR2004
        return _("a few seconds left")
    if seconds < _MINUTE - 2.5:
        return _("about {seconds} s left").format(seconds=round(seconds / 5) * 5)
    if seconds < 1.5 * _HOUR:
        return _("about {seconds} min left").format(seconds=round(seconds / _MINUTE))
    return _("about {seconds} h left").format(seconds=round(seconds / _HOUR))
