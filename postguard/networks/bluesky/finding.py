"""Tells which of an account's posts a draft has made, by what they say and show. Pure.

The bytes of a picture have a name, so a record that shows the very bytes of a draft is it. Where
the pictures were protected anew since, only the words are left, and they may be another post's;
where the words are other ones, only the artist can tell whether these are the post's new words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from postguard.model import Rendition, Words
from postguard.networks.bluesky.names import blob_cid
from postguard.networks.bluesky.reading import cid_of, images_of
from postguard.networks.bluesky.record import Part, shown_text
from postguard.networks.text import alt_of

_SHAPE = 0.02  # apps round
Found = Mapping[str, Any]  # a record with its `uri`, `cid` and `value`


def alike(
    records: Sequence[Found], words: Words, parts: Sequence[Part], taken: Collection[str]
) -> list[tuple[list[Found], bool]]:
    """Return each post, with the parts of its thread, that may have been made of these words, and
    whether it shows the very bytes. Where one does, no other is returned; where none says the
    same, those that show the very bytes: their words may have been changed meanwhile."""
    free = [record for record in records if record["uri"] not in taken]
    found = []
    for first in (record for record in free if _says(record, words, parts[0])):
        chain = _thread(first, records, words, parts)
        same = all(map(_shows, chain, parts))
        found.append((chain, same and len(chain) == len(parts)))
    sure = [each for each in found if each[1]]
    pictured = [record for record in free if parts[0].renditions and _shows(record, parts[0])]
    return sure or found or [([record], False) for record in pictured]


def shaped_alike(
    records: Sequence[Found], words: Words, part: Part, taken: Collection[str]
) -> list[Found]:
    """Return the posts that show pictures of a part's shapes, whatever they say and whichever
    bytes: tags carry the words, so other words are other bytes. What answers nothing is no later
    part of a thread."""
    free = (record for record in records if record["uri"] not in taken and part.renditions)
    placed = (record for record in free if words.reply_to or not _parent(record))
    return [record for record in placed if _shaped_as(record, part)]


def made_at(record: Found) -> datetime:
    """Return when a record says that it was made."""
    return datetime.fromisoformat(str(record["value"]["createdAt"]))


def _thread(
    first: Found, records: Sequence[Found], words: Words, parts: Sequence[Part]
) -> list[Found]:
    """Return a post with those parts of its thread that stand, each an answer to the last."""
    chain = [first]
    for part in parts[1:]:
        answers = [each for each in records if _parent(each) == chain[-1]["uri"]]
        fitting = next((each for each in answers if _says(each, words, part)), None)
        if fitting is None:
            break
        chain.append(fitting)
    return chain


def _parent(record: Found) -> str:
    reply = record["value"].get("reply") or {}
    return str((reply.get("parent") or {}).get("uri") or "")


def _says(record: Found, words: Words, part: Part) -> bool:
    """Return whether a record has the text of a part and as many pictures, and shows its bytes or
    describes them alike."""
    value, images = record["value"], images_of(record["value"])
    if value.get("text") != shown_text(part) or len(images) != len(part.renditions):
        return False
    alts = [str(image.get("alt") or "") for image in images]
    return _shows(record, part) or alts == [alt_of(words, each) for each in part.renditions]


def _shaped_as(record: Found, part: Part) -> bool:
    images = images_of(record["value"])
    return len(images) == len(part.renditions) and all(map(_same_shape, images, part.renditions))


def _same_shape(image: Mapping[str, Any], rendition: Rendition) -> bool:
    """Return whether a picture has these proportions; where nothing is told, it may have."""
    told = image.get("aspectRatio") or {}
    width, height = told.get("width"), told.get("height")
    if not width or not height:
        return True
    return bool(abs((width / height) / (rendition.width / rendition.height) - 1) <= _SHAPE)


def _shows(record: Found, part: Part) -> bool:
    """Return whether a record shows the very bytes of a part's pictures."""
    cids = [cid_of(image) for image in images_of(record["value"])]
    return cids == [blob_cid(each.sha256) for each in part.renditions]
