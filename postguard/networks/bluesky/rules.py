"""What Bluesky takes, and why it cannot post certain words. Pure.

Sources: the lexicons app.bsky.feed.{post,threadgate} and app.bsky.embed.{images,gallery}, and the
official app where it asks for less than they would take.
"""

from __future__ import annotations

import re
from math import ceil

from postguard.language import _
from postguard.model import Limits, Quotes, Replies, Visibility, Words, body
from postguard.networks.splitting import split
from postguard.networks.text import MAX_TAG_GRAPHEMES, graphemes

MAX_GRAPHEMES = 300
MAX_BYTES = 3000  # of UTF-8
MAX_ALT = 2000
MAX_IMAGES = 4
MAX_GALLERY = 10  # what apps are asked to keep to; the lexicon takes 20
MAX_LANGS = 3
MAX_HIDDEN_TAGS = 8
MAX_TAG_BYTES = 640
MAX_LISTS = 5
# The app itself takes 4000 pixels (social-app, IMAGE_SIZE_CONFIG_POSTS), but the larger of the
# sizes in which a picture is served lies inside 2000 (atproto, packages/bsky/src/image/uri.ts):
# what is larger is resized before anybody sees it, and with it the marks and the cloak.
MAX_SIDE = 2000
# Every part of a thread has its postgate, and the first its threadgate: one commit takes 200.
MAX_PARTS = 99
MIMES = ("image/jpeg", "image/png", "image/webp")  # the lexicon takes any image; AVIF is untried
LABELS = ("sexual", "nudity", "porn", "graphic-media")
# The address of another copy is known only when that copy is posted: room is kept for it.
LINK_GRAPHEMES = 48
_LINK_ROOM = LINK_GRAPHEMES + len("\n\n")
_LIST = re.compile(r"at://did:[a-z]+:[A-Za-z0-9.:%_-]+/app\.bsky\.graph\.list/[A-Za-z0-9.:_~-]+")
_URI = re.compile(r"at://([^/]+)/app\.bsky\.feed\.post/([^/?#]+)")
# As bsky.app writes it, and every other app that shows Bluesky.
_ADDRESS = re.compile(r"https://[^/]+/profile/([^/]+)/post/([^/?#]+)(?:[/?#].*)?")


def limits_for(size: int, *, gallery: bool = False) -> Limits:
    """Return Bluesky's limits with pictures of at most `size` bytes."""
    return Limits(
        fit=f"bluesky-{size}",
        text=MAX_GRAPHEMES,
        alt=MAX_ALT,
        images=most_images(gallery=gallery),
        image_bytes=size,
        side=MAX_SIDE,
        mimes=MIMES,
        named=True,
    )


def most_images(*, gallery: bool) -> int:
    """Return how many pictures one post may hold."""
    return MAX_GALLERY if gallery else MAX_IMAGES


def length(text: str) -> int:
    """Return what a text counts of `MAX_GRAPHEMES`: a tenth of its bytes, where that is more."""
    return max(graphemes(text), ceil(len(text.encode()) * MAX_GRAPHEMES / MAX_BYTES))


def texts(words: Words, limit: int) -> list[str]:
    """Return the text of each post: one, or as many as it takes where a thread is wanted."""
    return split(body(words), length, limit) if words.thread else [body(words)]


def place_of_post(address: str) -> tuple[str, str] | None:
    """Return handle or DID and key of the post at an at:// or web address; None: it is none."""
    found = _URI.fullmatch(address) or _ADDRESS.fullmatch(address)
    return None if found is None else (found[1], found[2])


def objections(words: Words, images: int, limits: Limits) -> list[str]:
    """Return why Bluesky cannot post these words exactly as asked; empty: it can."""
    return [
        *_size_objections(words, images, limits),
        *_alt_objections(words, limits),
        *_tag_objections(words),
        *_audience_objections(words),
        *_label_objections(words),
        *_reply_objections(words),
    ]


def _size_objections(words: Words, images: int, limits: Limits) -> list[str]:
    if words.thread:
        return _thread_objections(words, images, limits)
    found, text = [], body(words)
    room = _LINK_ROOM if words.link_to else 0
    count, size = graphemes(text) + room, len(text.encode()) + room
    with_link = _(" with the link to the other copy") if room else ""
    if count > limits.text:
        found.append(
            _(
                "the text has {count} characters{with_link}; Bluesky takes {most}: shorten it, "
                "or let it become a thread (thread = true)"
            ).format(count=count, with_link=with_link, most=limits.text)
        )
    elif size > MAX_BYTES:
        found.append(
            _("the text has {size} bytes; Bluesky takes {most}: shorten it").format(
                size=size, most=MAX_BYTES
            )
        )
    if images > limits.images:
        found.append(
            _(
                "{images} pictures in one post; Bluesky takes {most}: take some out, or "
                "let it become a thread (thread = true)"
            ).format(images=images, most=limits.images)
        )
    return found


def _thread_objections(words: Words, images: int, limits: Limits) -> list[str]:
    parts = texts(words, limits.text)
    found = []
    if any(length(part) > limits.text for part in parts):
        found.append(
            _("a character of the text has more than {most} bytes: take it out").format(
                most=MAX_BYTES
            )
        )
    if (count := max(len(parts), ceil(images / limits.images))) >= MAX_PARTS:
        found.append(
            _("the thread would have {count} posts; postguard makes {most}").format(
                count=count, most=MAX_PARTS - 1
            )
        )
    return found


def _alt_objections(words: Words, limits: Limits) -> list[str]:
    return [
        _("the alt text of picture {number} has {long} characters; Bluesky takes {most}").format(
            number=number, long=long, most=limits.alt
        )
        for number, alt in enumerate(words.alts, start=1)
        if (long := graphemes(alt)) > limits.alt
    ]


def _tag_objections(words: Words) -> list[str]:
    found = []
    if len(words.langs) > MAX_LANGS:
        found.append(
            _("{count} languages; Bluesky takes {most}").format(
                count=len(words.langs), most=MAX_LANGS
            )
        )
    if len(words.hidden_tags) > MAX_HIDDEN_TAGS:
        found.append(
            _("{count} hidden tags; Bluesky takes {most}").format(
                count=len(words.hidden_tags), most=MAX_HIDDEN_TAGS
            )
        )
    found += [
        _('the hidden tag "{tag}…" is too long: Bluesky takes {most} characters').format(
            tag=tag[:20], most=MAX_TAG_GRAPHEMES
        )
        for tag in words.hidden_tags
        if graphemes(tag) > MAX_TAG_GRAPHEMES or len(tag.encode()) > MAX_TAG_BYTES
    ]
    return found


def _audience_objections(words: Words) -> list[str]:
    found = []
    if words.visibility is not Visibility.PUBLIC:
        found.append(
            _("every post on Bluesky is public; it cannot be {visibility}").format(
                visibility=words.visibility.value
            )
        )
    if words.quotes is Quotes.FOLLOWERS:
        found.append(_('Bluesky cannot let only followers quote: say quotes = "nobody"'))
    if words.replies is Replies.LISTS:
        found += _list_objections(words)
    return found


def _list_objections(words: Words) -> list[str]:
    if not 1 <= len(words.lists) <= MAX_LISTS:
        return [
            _(
                'replies = "lists" with {count} lists; Bluesky takes 1 to {most}: name '
                'them, e.g. lists = ["at://did:plc:…/app.bsky.graph.list/…"]'
            ).format(count=len(words.lists), most=MAX_LISTS)
        ]
    return [
        _(
            '"{address}" is not the address of a list; it reads at://did:…/app.bsky.graph.list/…'
        ).format(address=address)
        for address in words.lists
        if not _LIST.fullmatch(address)
    ]


def _label_objections(words: Words) -> list[str]:
    found = []
    if unknown := [label for label in words.labels if label not in LABELS]:
        found.append(
            _('Bluesky has no label "{label}"; it knows {labels}').format(
                label=unknown[0], labels=", ".join(LABELS)
            )
        )
    if words.cw and not words.labels:
        # Never wider: a warning put into the text would leave the picture uncovered.
        found.append(
            _(
                "Bluesky has no content warning in words: add labels for it in this account's "
                'table of the sidecar, e.g. labels = ["{label}"] (of {labels}), '
                'or cw = "" there'
            ).format(label=LABELS[1], labels=", ".join(LABELS))
        )
    return found


def _reply_objections(words: Words) -> list[str]:
    said = words.reply_to
    if not said or said.startswith("#") or place_of_post(said) is not None:
        return []
    return [
        _(
            'reply_to = "{said}" is not the address of a post on Bluesky; it reads '
            "https://bsky.app/profile/…/post/… or at://…"
        ).format(said=said)
    ]
