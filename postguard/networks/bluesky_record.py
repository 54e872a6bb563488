"""Builds everything that makes one post on Bluesky: key, record, gates. Pure.

Sources: the lexicons app.bsky.feed.{post,threadgate,postgate}, app.bsky.embed.images and
com.atproto.repo.applyWrites; atproto.com/specs/{tid,blob,data-model}.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from datetime import UTC, datetime

from postguard.model import Draft, Json, Quotes, Rendition, Replies, Words, body
from postguard.networks.text import Facet, alt_of, facets

POST = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"

_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH = 13
_CLOCK_IDS = 1 << 10
# CID version 1, codec raw, multihash sha2-256 of 32 bytes.
_RAW_SHA256 = bytes((0x01, 0x55, 0x12, 0x20))
_ALLOW: Mapping[Replies, list[Json]] = {
    Replies.NOBODY: [],
    Replies.MENTIONED: [{"$type": f"{THREADGATE}#mentionRule"}],
    Replies.FOLLOWING: [{"$type": f"{THREADGATE}#followingRule"}],
    Replies.LISTS: [],
    Replies.FOLLOWERS: [{"$type": f"{THREADGATE}#followerRule"}],
}


class Tids:
    """Makes record keys of 53 bits of microseconds and 10 bits that tell machines apart; each
    sorts behind the one before, even when the clock is set back."""

    def __init__(self, clock_id: int) -> None:
        """`clock_id` in [0, 1023], drawn at random for each process."""
        self._clock_id = clock_id % _CLOCK_IDS
        self._last = 0

    def next(self, now: datetime) -> str:
        """Return the key for `now` (timezone-aware): 13 characters."""
        micros = int(now.timestamp()) * 1_000_000 + now.microsecond
        self._last = max(micros, self._last + 1)
        number = self._last << 10 | self._clock_id
        shifts = range(5 * (_TID_LENGTH - 1), -1, -5)
        return "".join(_TID_ALPHABET[number >> shift & 31] for shift in shifts)


def blob_cid(sha256: str) -> str:
    """Return the name Bluesky gives to bytes with this SHA-256 (hex): `bafkrei…`."""
    digest = b32encode(_RAW_SHA256 + bytes.fromhex(sha256)).decode()
    return "b" + digest.rstrip("=").lower()


def blob_of(rendition: Rendition) -> dict[str, Json]:
    """Return the reference by which a record holds these bytes."""
    link: Json = {"$link": blob_cid(rendition.sha256)}
    return {"$type": "blob", "ref": link, "mimeType": rendition.mime, "size": rendition.size}


def handles(words: Words) -> list[str]:
    """Return the handles that the text mentions, each once, in order."""
    return list(dict.fromkeys(f.value for f in facets(body(words)) if f.kind == "mention"))


def writes(
    draft: Draft, did: str, rkey: str, now: datetime, dids: Mapping[str, str]
) -> list[Json]:
    """Return the post and its gates as the writes of one commit.

    Args:
        dids: the account behind each mentioned handle; a handle that is not in it stays text.
    """
    made = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    values = {POST: post_record(draft, made, dids)}
    uri = f"at://{did}/{POST}/{rkey}"
    allow = _ALLOW.get(draft.words.replies)
    if allow is not None:
        values[THREADGATE] = {"post": uri, "allow": allow, "createdAt": made}
    if draft.words.quotes is not Quotes.EVERYONE:
        rules: Json = [{"$type": f"{POSTGATE}#disableRule"}]
        values[POSTGATE] = {"post": uri, "embeddingRules": rules, "createdAt": made}
    return [_create(name, rkey, value) for name, value in values.items()]


def post_record(draft: Draft, made: str, dids: Mapping[str, str]) -> dict[str, Json]:
    """Return the record of the post itself; `made` is its createdAt."""
    words = draft.words
    record: dict[str, Json] = {"text": body(words), "createdAt": made}
    if found := _facets(body(words), dids):
        record["facets"] = found
    if words.langs:
        record["langs"] = list(words.langs)
    if draft.renditions:
        record["embed"] = _images(draft)
    if words.labels:
        values: Json = [{"val": label} for label in words.labels]
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    return record


def _create(collection: str, rkey: str, value: Mapping[str, Json]) -> Json:
    kind = "com.atproto.repo.applyWrites#create"
    typed: Json = {"$type": collection, **value}
    return {"$type": kind, "collection": collection, "rkey": rkey, "value": typed}


def _facets(text: str, dids: Mapping[str, str]) -> list[Json]:
    return [
        {
            "$type": "app.bsky.richtext.facet",
            "index": {"byteStart": facet.start, "byteEnd": facet.end},
            "features": [feature],
        }
        for facet in facets(text)
        if (feature := _feature(facet, dids)) is not None
    ]


def _feature(facet: Facet, dids: Mapping[str, str]) -> Json:
    kind = f"app.bsky.richtext.facet#{facet.kind}"
    if facet.kind == "link":
        return {"$type": kind, "uri": facet.value}
    if facet.kind == "tag":
        return {"$type": kind, "tag": facet.value}
    did = dids.get(facet.value)
    return None if did is None else {"$type": kind, "did": did}


def _images(draft: Draft) -> Json:
    images: list[Json] = [
        {
            "image": blob_of(rendition),
            "alt": alt_of(draft.words, rendition),
            "aspectRatio": {"width": rendition.width, "height": rendition.height},
        }
        for rendition in draft.renditions
    ]
    return {"$type": "app.bsky.embed.images", "images": images}
