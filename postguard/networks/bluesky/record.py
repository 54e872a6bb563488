"""Builds everything that makes one post on Bluesky: records, gates, writes. Pure.

Sources: the lexicons app.bsky.feed.{post,threadgate,postgate}, app.bsky.embed.{images,gallery} and
com.atproto.repo.applyWrites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from postguard.model import Draft, Json, Quotes, Rendition, Replies, Words, body
from postguard.networks.bluesky.names import blob_cid, record_cid
from postguard.networks.bluesky.rules import (
    LINK_GRAPHEMES,
    MAX_GRAPHEMES,
    MAX_IMAGES,
    length,
    texts,
)
from postguard.networks.text import Facet, alt_of, cut, facets

POST = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
IMAGES = "app.bsky.embed.images"
GALLERY = "app.bsky.embed.gallery"

_FACET = "app.bsky.richtext.facet"
_RULES = {
    Replies.MENTIONED: "mentionRule",
    Replies.FOLLOWING: "followingRule",
    Replies.FOLLOWERS: "followerRule",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the network knows and the draft does not.

    Attributes:
        did: of the account that posts.
        dids: the account behind each mentioned handle; a handle that is not in it stays text.
        reply: the `reply` of a post that answers another: references to it and its thread's root.
    """

    did: str
    dids: Mapping[str, str] = field(default_factory=dict)
    reply: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One post of a thread, or the only one. `link`: the address put behind its text."""

    text: str
    renditions: tuple[Rendition, ...] = ()
    link: str = ""


def parts_of(draft: Draft, images: int) -> list[Part]:
    """Return what each post holds: one, or with `thread` as many as text and pictures take.

    Args:
        images: how many pictures one post may hold.
    """
    said = texts(draft.words, MAX_GRAPHEMES)
    if not draft.words.thread:
        return [Part(said[0], draft.renditions, draft.link)]
    shown = [draft.renditions[i : i + images] for i in range(0, len(draft.renditions), images)]
    count = max(len(said), len(shown))
    said += [""] * (count - len(said))
    shown += [()] * (count - len(shown))
    if draft.link and length(_with_link(said[-1], draft.link)) > MAX_GRAPHEMES:
        said, shown = [*said, ""], [*shown, ()]
    links = [""] * (len(said) - 1) + [draft.link]
    return [Part(*each) for each in zip(said, shown, links, strict=True)]


def handles(words: Words) -> list[str]:
    """Return the handles that the text mentions, each once, in order."""
    return list(dict.fromkeys(f.value for f in facets(body(words)) if f.kind == "mention"))


def blob_of(rendition: Rendition) -> dict[str, Json]:
    """Return the reference by which a record holds these bytes."""
    link: Json = {"$link": blob_cid(rendition.sha256)}
    return {"$type": "blob", "ref": link, "mimeType": rendition.mime, "size": rendition.size}


def writes(
    words: Words, parts: Sequence[Part], rkeys: Sequence[str], now: datetime, known: Known
) -> list[Json]:
    """Return the posts and their gates as the writes of one commit.

    The posts are a millisecond apart: the order of equal times is undefined. Each has a postgate,
    which stands for its own post alone; only the root of a thread has a threadgate.
    """
    made: list[Json] = []
    reply = known.reply
    for number, (part, rkey) in enumerate(zip(parts, rkeys, strict=True)):
        at = time_of(now + timedelta(milliseconds=number))
        record = typed(POST, post_record(words, part, at, known.dids))
        if reply is not None:
            record["reply"] = reply
        if number == 0 and words.hidden_tags:
            record["tags"] = list(words.hidden_tags)
        uri = f"at://{known.did}/{POST}/{rkey}"
        gates = gates_of(words, uri, at, root=reply is None)
        made += [create(rkey, each) for each in (record, *gates.values())]
        here: Json = {"uri": uri, "cid": record_cid(record)}
        reply = {"root": here if reply is None else reply["root"], "parent": here}
    return made


def post_record(words: Words, part: Part, made: str, dids: Mapping[str, str]) -> dict[str, Json]:
    """Return the record of one post; `made` is its createdAt."""
    record: dict[str, Json] = {"text": shown_text(part), "createdAt": made}
    if found := [*_facets(part.text, dids), *_link_facet(part)]:
        record["facets"] = found
    if words.langs:
        record["langs"] = list(words.langs)
    if part.renditions:
        record["embed"] = _embed(words, part.renditions)
    if words.labels:
        record["labels"] = labels_of(words)
    return record


def shown_text(part: Part) -> str:
    """Return the text of a part with the link behind it, as its record says it."""
    return _with_link(part.text, part.link)


def gates_of(words: Words, uri: str, made: str, *, root: bool) -> dict[str, dict[str, Json]]:
    """Return the gates of the post at `uri` that these words ask for, by their collection."""
    gates: dict[str, dict[str, Json]] = {}
    if root and words.replies is not Replies.EVERYONE:
        gate: dict[str, Json] = {"post": uri, "allow": allowed(words), "createdAt": made}
        gates[THREADGATE] = typed(THREADGATE, gate)
    if words.quotes is not Quotes.EVERYONE:
        rules: Json = [{"$type": f"{POSTGATE}#disableRule"}]
        gates[POSTGATE] = typed(
            POSTGATE, {"post": uri, "embeddingRules": rules, "createdAt": made}
        )
    return gates


def allowed(words: Words) -> list[Json]:
    """Return who may reply, as a threadgate says it; not for `everyone`, which needs none."""
    if words.replies is Replies.LISTS:
        kind = f"{THREADGATE}#listRule"
        return [{"$type": kind, "list": address} for address in dict.fromkeys(words.lists)]
    rule = _RULES.get(words.replies)
    return [] if rule is None else [{"$type": f"{THREADGATE}#{rule}"}]


def labels_of(words: Words) -> Json:
    """Return the labels that cover the pictures, each once."""
    values: Json = [{"val": label} for label in dict.fromkeys(words.labels)]
    return {"$type": "com.atproto.label.defs#selfLabels", "values": values}


def create(rkey: str, value: dict[str, Json]) -> Json:
    """Return the write that makes a record."""
    return _write("create", str(value["$type"]), rkey) | {"value": value}


def update(rkey: str, value: dict[str, Json]) -> Json:
    """Return the write that replaces a record."""
    return _write("update", str(value["$type"]), rkey) | {"value": value}


def delete(collection: str, rkey: str) -> Json:
    """Return the write that deletes a record."""
    return _write("delete", collection, rkey)


def typed(collection: str, value: Mapping[str, Json]) -> dict[str, Json]:
    """Return a record that says of which kind it is."""
    return {"$type": collection, **value}


def _write(kind: str, collection: str, rkey: str) -> dict[str, Json]:
    name = f"com.atproto.repo.applyWrites#{kind}"
    return {"$type": name, "collection": collection, "rkey": rkey}


def time_of(at: datetime) -> str:
    """Return a time as records hold it."""
    shown = at.astimezone(UTC)
    return shown.strftime("%Y-%m-%dT%H:%M:%S.") + f"{shown.microsecond // 1000:03d}Z"


def _with_link(text: str, link: str) -> str:
    """Return the text with the shortened address of a link behind it."""
    return "\n\n".join(each for each in (text, link and _short(link)) if each)


def _short(link: str) -> str:
    """Return an address as apps show it, without its scheme and never longer than the room that
    is kept for it; the facet holds the whole."""
    parts = urlsplit(link)
    whole = link.removeprefix(f"{parts.scheme}://")
    short = cut(whole, LINK_GRAPHEMES)
    return whole if short == whole else cut(whole, LINK_GRAPHEMES - 1) + "…"


def _link_facet(part: Part) -> list[Json]:
    if not part.link:
        return []
    end = len(_with_link(part.text, part.link).encode())
    start = end - len(_short(part.link).encode())
    return [_facet(start, end, {"$type": f"{_FACET}#link", "uri": part.link})]


def _facets(text: str, dids: Mapping[str, str]) -> list[Json]:
    return [
        _facet(facet.start, facet.end, feature)
        for facet in facets(text)
        if (feature := _feature(facet, dids)) is not None
    ]


def _facet(start: int, end: int, feature: Json) -> Json:
    index: Json = {"byteStart": start, "byteEnd": end}
    return {"$type": _FACET, "index": index, "features": [feature]}


def _feature(facet: Facet, dids: Mapping[str, str]) -> Json:
    kind = f"{_FACET}#{facet.kind}"
    if facet.kind == "link":
        return {"$type": kind, "uri": facet.value}
    if facet.kind == "tag":
        return {"$type": kind, "tag": facet.value}
    did = dids.get(facet.value)
    return None if did is None else {"$type": kind, "did": did}


def _embed(words: Words, renditions: Sequence[Rendition]) -> Json:
    """Return the pictures: as a gallery, which older apps do not show, only where they must."""
    images = [_image(words, rendition) for rendition in renditions]
    if len(images) <= MAX_IMAGES:
        return {"$type": IMAGES, "images": list(images)}
    kind: Json = f"{GALLERY}#image"
    return {"$type": GALLERY, "items": [{"$type": kind, **image} for image in images]}


def _image(words: Words, rendition: Rendition) -> dict[str, Json]:
    shape: Json = {"width": rendition.width, "height": rendition.height}
    return {"image": blob_of(rendition), "alt": alt_of(words, rendition), "aspectRatio": shape}
