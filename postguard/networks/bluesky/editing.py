"""Which writes make a post that stands on Bluesky say what it is to say now. Pure.

The text of a post stays as it is: the app gives nobody a way to change it and goes on showing the
first one to many, under likes and quotes that meant that one. Alt texts, labels, languages and
hidden tags describe the post and may be mended; who may reply and who may quote are records of
their own, which the app itself changes in this way.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from postguard.errors import Refused
from postguard.language import _
from postguard.model import Json, Words, body
from postguard.networks.bluesky.names import record_cid
from postguard.networks.bluesky.reading import ANSWERS, Record, Standing, images_of
from postguard.networks.bluesky.record import (
    POST,
    POSTGATE,
    THREADGATE,
    create,
    gates_of,
    labels_of,
    update,
)


def changes(
    words: Words, did: str, rkeys: Sequence[str], posts: Sequence[Standing], made: str
) -> list[Json]:
    """Return the writes, none where all stands as it is to be.

    Args:
        rkeys, posts: the parts of the thread, or the one post, in order.
        made: createdAt of a gate that is new.

    Raises:
        Refused: the text is another, which cannot be changed there.
    """
    _refuse_other_text(words, posts)
    found: list[Json] = []
    alts, cids = iter(words.alts), dict[str, str]()
    for number, (rkey, post) in enumerate(zip(rkeys, posts, strict=True)):
        uri, root = f"at://{did}/{POST}/{rkey}", number == 0 and not post.post.get("reply")
        new = _described(words, post.post, alts, tagged=number == 0)
        _point(new, cids)
        cids[uri] = record_cid(new)
        if new != post.post:
            found.append(update(rkey, new))
        wanted = gates_of(words, uri, made, root=root)
        if root:
            found += _gate(rkey, wanted.get(THREADGATE), post.threadgate)
        found += _gate(rkey, wanted.get(POSTGATE), post.postgate)
    return found


def _refuse_other_text(words: Words, posts: Sequence[Standing]) -> None:
    asked = _letters(body(words))
    there = _letters("".join(str(each.post.get("text") or "") for each in posts))
    if there == asked or (words.link_to and there == asked + _letters(_last_link(posts[-1].post))):
        return
    raise Refused(
        _(
            "Bluesky cannot change the text of a post, so the one that stands there was left as "
            "it is; delete it with `postguard retract` and post it again"
        ),
        stands=True,
    )


def _letters(text: str) -> str:
    return "".join(text.split())


def _last_link(post: Record) -> str:
    """Return the words of the link that ends a post's text; empty: none does."""
    data = str(post.get("text") or "").encode()
    ends = [f["index"] for f in post.get("facets") or () if f["index"]["byteEnd"] == len(data)]
    return data[ends[0]["byteStart"] :].decode() if ends else ""


def _described(words: Words, post: Record, alts: Iterator[str], *, tagged: bool) -> dict[str, Any]:
    """Return a post's record with what describes it as these words say it."""
    new: dict[str, Any] = copy.deepcopy(dict(post))
    for image in images_of(new):
        image["alt"] = next(alts, "")
    said: dict[str, Json] = {
        "labels": labels_of(words) if words.labels else None,
        "langs": list(words.langs),
        "tags": list(words.hidden_tags) if tagged else None,
    }
    for key, value in said.items():
        if value:
            new[key] = value
        else:
            new.pop(key, None)
    return new


def _point(post: dict[str, Any], cids: dict[str, str]) -> None:
    """Let an answer mean the posts before it as they are now."""
    for place in (post.get("reply") or {}).values():
        if isinstance(place, dict) and place.get("uri") in cids:
            place["cid"] = cids[place["uri"]]


def _gate(rkey: str, wanted: dict[str, Json] | None, there: Record | None) -> list[Json]:
    """Return the write for one gate. One that is to open stays, since it also holds which
    replies are hidden and which quotes taken off."""
    if there is None:
        return [] if wanted is None else [create(rkey, wanted)]
    key = ANSWERS[str(there["$type"])]
    if wanted is None:
        opened = {name: value for name, value in there.items() if name != key}
        return [update(rkey, opened)] if there.get(key) is not None else []
    if there.get(key) == wanted[key]:
        return []
    return [update(rkey, {**there, key: wanted[key]})]
