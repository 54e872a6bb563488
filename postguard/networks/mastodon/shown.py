"""What a server shows of a post, as the statuses say that it became. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from postguard.model import Quotes, Shown, Visibility

_QUOTES = {"public": Quotes.EVERYONE, "followers": Quotes.FOLLOWERS}
_KNOWN = {each.value for each in Visibility}
# The nearest of ours for the audiences that only Pleroma has.
_AUDIENCES = {"local": Visibility.PUBLIC, "list": Visibility.PRIVATE}


def shown_of(statuses: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Shown:
    """Return a post as it is shown: of a thread, the texts and pictures of all parts in order.

    Args:
        texts: the plain text of each status.
    """
    first = statuses[0]
    media = [each for status in statuses for each in status.get("media_attachments") or ()]
    return Shown(
        text="\n\n".join(filter(None, texts)),
        alts=tuple(str(each.get("description") or "") for each in media),
        cw=_told(first, "spoiler_text", str),
        sensitive=_told(first, "sensitive", bool),
        langs=_langs(first),
        visibility=_visibility(first),
        quotes=_quotes(first),
        pictures=tuple(str(each.get("url") or each.get("remote_url") or "") for each in media),
    )


def _told(status: Mapping[str, Any], name: str, kind: type[Any]) -> Any:  # noqa: ANN401
    value = status.get(name)
    return value if isinstance(value, kind) else None


def _langs(status: Mapping[str, Any]) -> tuple[str, ...] | None:
    """No language is told as null; a server without languages has no such field."""
    if "language" not in status:
        return None
    return (str(status["language"]),) if status["language"] else ()


def _visibility(status: Mapping[str, Any]) -> Visibility | None:
    made = str(status.get("visibility") or "")
    if made in _AUDIENCES:
        return _AUDIENCES[made]
    return Visibility(made) if made in _KNOWN else None


def _quotes(status: Mapping[str, Any]) -> Quotes | None:
    policy = status.get("quote_approval")
    if not isinstance(policy, Mapping):
        return None
    return next(
        (_QUOTES[each] for each in policy.get("automatic") or () if each in _QUOTES), Quotes.NOBODY
    )
