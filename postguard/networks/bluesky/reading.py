"""Reads records of Bluesky back into our own words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from postguard.errors import Refused
from postguard.language import _
from postguard.model import Quotes, Receipt, Replies, Shown, Visibility
from postguard.networks.bluesky.record import GALLERY, POST, POSTGATE, THREADGATE

_RULES = {
    "mentionRule": Replies.MENTIONED,
    "followingRule": Replies.FOLLOWING,
    "followerRule": Replies.FOLLOWERS,
    "listRule": Replies.LISTS,
}
# What of a gate says whom it lets in; it may also hold hidden replies and quotes taken off.
ANSWERS = {THREADGATE: "allow", POSTGATE: "embeddingRules"}

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """The records of one post as they stand; a gate is None where there is none."""

    post: Record
    threadgate: Record | None
    postgate: Record | None


def shown(posts: Sequence[Standing], address: Callable[[str], str]) -> Shown:
    """Return a post, or a thread with its parts put together, without the bytes it holds.

    Args:
        address: returns where the picture with this CID is served.
    """
    root = posts[0]
    images = [image for each in posts for image in images_of(each.post)]
    return Shown(
        text="\n\n".join(text for each in posts if (text := str(each.post.get("text") or ""))),
        alts=tuple(str(image.get("alt") or "") for image in images),
        labels=_labels([each for each in posts if images_of(each.post)] or [root]),
        langs=tuple(root.post.get("langs") or ()),
        visibility=Visibility.PUBLIC,
        replies=None if root.post.get("reply") else replies_of(root.threadgate),
        quotes=_quotes([each.postgate for each in posts]),
        pictures=tuple(address(cid_of(image)) for image in images),
    )


def images_of(post: Record) -> list[dict[str, Any]]:
    """Return the pictures of a post's record, in the order shown."""
    embed = post.get("embed") or {}
    return list(embed.get("items" if embed.get("$type") == GALLERY else "images") or ())


def cid_of(image: Mapping[str, Any]) -> str:
    """Return the name of the bytes that a picture of a record shows."""
    return str(((image.get("image") or {}).get("ref") or {}).get("$link") or "")


def replies_of(threadgate: Record | None) -> Replies | None:
    """Return who may reply; None: a mixture that we have no word for."""
    allow = None if threadgate is None else threadgate.get("allow")
    if allow is None:
        return Replies.EVERYONE
    rules = {_RULES.get(str(rule.get("$type")).partition("#")[2]) for rule in allow}
    if not rules:
        return Replies.NOBODY
    return rules.pop() if len(rules) == 1 else None


def refuse_other(url: str, write: Record, found: Record | None) -> None:
    """Refuse a record that is not the planned one, or is not there beside others that are."""
    if found is not None and _same(write["value"], found.get("value") or {}):
        return
    if write["collection"] != POST:
        said = _(
            "the post stands at {url}, but who may reply or quote was changed there since; set "
            "it there as you want it, or delete the post there"
        ).format(url=url)
    elif found is None:
        said = _(
            "the post was made at {url}, and it or a part of it was deleted there since, so it "
            "is not posted again; drop the picture again if you want it there"
        ).format(url=url)
    else:
        said = _("another post than the planned one stands at {url}: look at it first").format(
            url=url
        )
    raise Refused(said, stands=True)


def place_of(receipt: Receipt) -> tuple[str, list[str]]:
    """Return account and keys of a post and of the parts of its thread."""
    did, _kind, rkey = receipt.uri.removeprefix("at://").split("/")
    return did, cast(list[str], receipt.answer.get("rkeys") or [rkey])


def _same(planned: Record, found: Record) -> bool:
    """Return whether a record stands as planned; of a gate, whether it lets in the same."""
    key = ANSWERS.get(str(planned.get("$type")))
    if key is None:
        return planned == found
    return bool(planned.get(key) == found.get(key))


def _quotes(postgates: Sequence[Record | None]) -> Quotes:
    """Return who may quote; one post of a thread that anybody may quote opens it."""
    shut = all(gate is not None and gate.get("embeddingRules") for gate in postgates)
    return Quotes.NOBODY if shut else Quotes.EVERYONE


def _labels(posts: Sequence[Standing]) -> tuple[str, ...]:
    """Return the labels that cover every picture of a thread."""
    sets = [
        [str(each.get("val")) for each in (post.post.get("labels") or {}).get("values") or ()]
        for post in posts
    ]
    return tuple(label for label in sets[0] if all(label in others for others in sets))
