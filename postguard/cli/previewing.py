"""Prints what exactly is sent to a network: `show POST --as NETWORK`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

import click

from postguard import language
from postguard.app.previewing import View
from postguard.cli import happening
from postguard.cli.listing import terminal_width
from postguard.cli.wide import wrapped
from postguard.language import _, marked
from postguard.model import Rendition
from postguard.networks import plain_words
from postguard.networks.outgoing import Outgoing, pieces
from postguard.networks.plain_words import NAMES, bytes_in_words, kind_of
from postguard.networks.text import alt_of

_KINDS = {"link": marked("a link"), "mention": marked("a mention"), "tag": marked("a hashtag")}


def lines(view: View, zone: tzinfo | None) -> Iterator[str]:
    """Yield a delivery as its network gets it, then the page."""
    where = _("As {network} gets it").format(network=NAMES[view.shows])
    yield click.style(f"{where}{_(', ')}{happening.delivery(view.delivery, zone)}", bold=True)
    if view.receipt is not None:
        yield f"  {view.receipt.url}"
    for said in view.objections:
        yield from (
            click.style(line, fg="yellow")
            for line in _under(_("Not taken so: {said}").format(said=said))
        )
    for number, post in enumerate(view.posts, start=1):
        yield ""
        yield from _post(view, number, post)
    yield ""
    for said in _around(view):
        yield from _under(said)
    if view.page is None:
        yield from (
            click.style(line, fg="yellow")
            for line in _under(_("No page: {no_page}").format(no_page=view.no_page))
        )
    else:
        yield click.style(str(view.page), bold=True)


def told(view: View) -> dict[str, Any]:
    """Return the same for programs."""
    words = view.delivery.words
    return {
        "account": view.delivery.account,
        "network": view.shows,
        "state": view.delivery.state.value,
        "url": None if view.receipt is None else view.receipt.url,
        "posts": [_told(view, post) for post in view.posts],
        "objections": list(view.objections),
        "alts": list(words.alts),
        "cw": words.cw,
        "labels": list(words.labels),
        "langs": list(words.langs),
        "visibility": words.visibility.value,
        "replies": words.replies.value,
        "lists": list(words.lists),
        "quotes": words.quotes.value,
        "hidden_tags": list(words.hidden_tags),
        "reply_to": words.reply_to,
        "link_to": words.link_to,
        "page": None if view.page is None else str(view.page),
        "no_page": view.no_page,
    }


def _post(view: View, number: int, post: Outgoing) -> Iterator[str]:
    of = (
        _("post {number} of {count}, ").format(number=number, count=len(view.posts))
        if len(view.posts) > 1
        else ""
    )
    yield f"  {of}{post.counted()}"
    for line in post.text.splitlines():
        yield from (f"  │ {part}".rstrip() for part in wrapped(line, terminal_width() - 4))
    for piece in pieces(post.text, view.shows):
        if piece.kind:
            yield from _under(
                _("{text} becomes {kind}").format(text=piece.text, kind=_(_KINDS[piece.kind]))
            )
    for rendition in post.renditions:
        yield from _picture(view, rendition)


def _picture(view: View, rendition: Rendition) -> Iterator[str]:
    size = _("{width} × {height} pixels, {size}").format(
        width=rendition.width,
        height=rendition.height,
        size=bytes_in_words(rendition.size),
    )
    yield from _under(
        _("picture {position}: {kind}, {size}").format(
            position=rendition.position + 1, kind=kind_of(rendition.mime), size=size
        )
    )
    alt = alt_of(view.draft.words, rendition)
    yield from _under(_("  alt text: {alt}").format(alt=alt) if alt else _("  it has no alt text"))


def _around(view: View) -> Iterator[str]:
    """Yield all that is not text and pictures: what covers it, who sees it, how it is found."""
    words = view.delivery.words
    if not view.draft.renditions:
        yield from (_("alt text: {alt}").format(alt=alt) for alt in words.alts if alt)
    if words.cw:
        yield _("content warning: {cw}").format(cw=words.cw)
    if words.labels:
        yield _("labels: {labels}").format(labels=", ".join(words.labels))
    if cover := plain_words.cover(words, view.shows):
        yield _("over the pictures stands: {cover}").format(cover=cover)
    if words.langs:
        yield _("language: {languages}").format(languages=", ".join(plain_words.languages(words)))
    yield language.sentences([*plain_words.audience(words), *plain_words.ties(words)])


def _told(view: View, post: Outgoing) -> dict[str, Any]:
    special = [p for p in pieces(post.text, view.shows) if p.kind]
    return {
        "text": post.text,
        "facets": [{"kind": p.kind, "text": p.text} for p in special],
        "length": post.length,
        "limit": post.most,
        "bytes": post.size,
        "pictures": [
            {
                "file": r.path.name,
                "mime": r.mime,
                "size": [r.width, r.height],
                "bytes": r.size,
                "sha256": r.sha256,
                "alt": alt_of(view.draft.words, r),
            }
            for r in post.renditions
        ],
    }


def _under(text: str) -> list[str]:
    return [f"  {line}" for line in wrapped(text, terminal_width() - 2)]
