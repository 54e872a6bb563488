"""What a Mastodon server says of its limits, and what it shows of a text. Pure but for one GET."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

from postguard.errors import Retryable
from postguard.language import _
from postguard.model import Limits
from postguard.networks.asking import get_json
from postguard.networks.text import MASTODON_LINK_LENGTH, short_mentions

# Larger pictures are shrunk by the server (mastodon, app/models/media_attachment.rb): 3840x2160.
KEPT_PIXELS = 8_294_400
QUOTES_SINCE = 7  # api_versions.mastodon of Mastodon 4.5
# Relatives that know a repeated Idempotency-Key, as they name themselves in their version. Takahe
# takes the header and does nothing with it, Pixelfed documents that it does not, and GoToSocial
# has learned it only of late.
_HONOURING = re.compile(r"\b(pleroma|akkoma)\b", re.IGNORECASE)
_RELATIVE = re.compile(r"\(.*\)")  # "2.7.2 (compatible; Pleroma 2.9.1)"
_MASTODON = re.compile(r"[2-9]\.\d+\.\d+")  # forks add to it: 4.4.1+glitch; GoToSocial is at 0.x
_MIMES = ("image/jpeg", "image/png", "image/webp")
_TAKEN_BY_ALL = _MIMES[:2]
_DENIED = {401, 403}
_MISSING = 404
_OK = 200


def ask(instance: str, token: Callable[[], str], timeout: float | None = None) -> dict[str, Any]:
    """Return what the server says of itself. One that hides it from visitors is asked with the
    account's token, one before Mastodon 4.0 by the older address.

    Raises:
        Retryable: the server cannot be reached, or a page in its place says something else (a
            hotel's login, a notice of maintenance): what it takes must not be guessed then.
        LoggedOut: it answers members only, and there is no token.
    """
    url = f"{instance}/api/v2/instance"
    said = get_json(url, timeout=timeout)
    if said.status in _DENIED:
        said = get_json(url, {"Authorization": f"Bearer {token()}"}, timeout)
    if said.status == _MISSING:
        said = get_json(f"{instance}/api/v1/instance", timeout=timeout)
    if said.status == _OK and not isinstance(said.value, dict):
        raise Retryable(
            _("{instance} does not answer as a Mastodon server at the moment").format(
                instance=instance
            )
        )
    return said.value if isinstance(said.value, dict) else {}


def api_version(said: Mapping[str, Any]) -> int:
    """Return Mastodon's API version; 0 for servers before 4.3 and for its relatives."""
    return _number(_table(said, "api_versions"), "mastodon", 0)


def limits_of(said: Mapping[str, Any]) -> Limits:
    """Return the limits; where the server is silent, those of a fresh Mastodon.

    Mastodon 4.3 and 4.4 know no quotes at all, so whoever asks for none has none: that is as good
    as a policy. What an unknown server lets others do cannot be said.
    """
    config = _table(said, "configuration")
    statuses, media = _table(config, "statuses"), _table(config, "media_attachments")
    # Pleroma before 2.6 has no `configuration` and says it on the first level.
    size = _number(media, "image_size_limit", _number(said, "upload_limit", 16 * 1024 * 1024))
    pixels = min(KEPT_PIXELS, _number(media, "image_matrix_limit", KEPT_PIXELS))
    taken = media.get("supported_mime_types") or _TAKEN_BY_ALL
    return Limits(
        fit=f"mastodon-{size}-{pixels}",
        text=_number(statuses, "max_characters", _number(said, "max_toot_chars", 500)),
        alt=_number(media, "description_limit", _number(said, "description_limit", 1500)),
        images=_number(statuses, "max_media_attachments", 4),
        image_bytes=size,
        pixels=pixels,
        mimes=tuple(mime for mime in _MIMES if mime in taken),
        link_length=_number(statuses, "characters_reserved_per_url", MASTODON_LINK_LENGTH),
        quote_policy=api_version(said) > 0,
        once=honours_keys(said),
    )


def honours_keys(said: Mapping[str, Any]) -> bool:
    """Return whether a repeated Idempotency-Key makes no second post; a server of which that is
    not known is taken for one where it does."""
    version = str(said.get("version") or "")
    if _RELATIVE.search(version):
        return _HONOURING.search(version) is not None
    return _MASTODON.match(version) is not None or (not version and api_version(said) > 0)


def print_of(text: str) -> str:
    """Return what is left of a text when everything is gone that a server may change: spaces,
    forms of letters, case, the servers in mentions. Equal prints: the same words."""
    same = unicodedata.normalize("NFKC", short_mentions(text)).casefold()
    return "".join(same.split())


def plain_text(status: Mapping[str, Any]) -> str:
    """Return the words of a status as its server shows it; Pleroma tells them without HTML."""
    told = ((status.get("pleroma") or {}).get("content") or {}).get("text/plain")
    return told if isinstance(told, str) else shown_text(str(status.get("content") or ""))


def shown_text(html: str) -> str:
    """Return the words of a status's HTML, hidden parts of links included."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "".join(reader.words)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "p"}:
            self.words.append("\n")


def _table(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = said.get(key)
    return value if isinstance(value, dict) else {}


def _number(table: Mapping[str, Any], key: str, usual: int) -> int:
    value = table.get(key)
    return value if isinstance(value, int) and value > 0 else usual
