"""Everything about one post, as an artist reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from pathlib import Path

import click

from postguard import language
from postguard.cli import happening, layered, listing, wide
from postguard.cli.listing import terminal_width
from postguard.language import _
from postguard.model import Delivery, DeliveryState, Post, Rendition, Words, body
from postguard.model.layers import Layers
from postguard.networks import plain_words
from postguard.store import Store
from postguard.store.readings import Reading, says
from postguard.system import folders


def lines(
    store: Store,
    post: Post,
    deliveries: Sequence[Delivery],
    zone: tzinfo | None,
    layers: Layers | None = None,
) -> Iterator[str]:
    """Yield a post's state, its words for each account, its pictures and its history.

    `layers`: what protects its pictures, once it is known.
    """
    receipts = store.deliveries.receipts(post.id)
    said, colour = listing.state(post, receipts.values())
    head = _bold(_("Post {post_id}: {name}").format(post_id=post.id, name=post.name))
    yield f"{head}  {click.style(said, fg=colour or None)}"
    for reason in folders.told(post, post.reason).splitlines():
        yield from (click.style(line, fg="yellow") for line in _under(reason))
    yield _("  recipe {recipe}; its files lie in outbox/{folder}").format(
        recipe=post.recipe, folder=_folder(post)
    )
    yield from _deliveries(store, post, deliveries, zone)
    yield from _renditions(store, post, deliveries)
    if layers is not None:
        yield from ("", _bold(_("What protects it")), *layered.lines(layers))
    yield ""
    yield _bold(_("What happened"))
    for _number, event in store.posts.history(post.id):
        at = f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        yield from _beside(at, folders.told(post, happening.event(event, zone)))


def done(rendition: Rendition) -> Iterator[str]:
    """Yield what was done to a picture, a line for each step."""
    told = plain_words.done(rendition)
    room = max((wide.width(line.name) for line in told), default=0)
    for line in told:
        yield from _beside(wide.fitted(line.name, room), line.words)


def _renditions(store: Store, post: Post, deliveries: Sequence[Delivery]) -> Iterator[str]:
    before: list[str] = []
    for rendition in store.renditions.of_post(post.id, Path()):
        yield ""
        yield _bold(_heading(post, rendition, deliveries))
        lines = list(done(rendition))
        yield from [_("  (the same)")] if lines == before else lines
        before = lines


def _deliveries(
    store: Store, post: Post, deliveries: Sequence[Delivery], zone: tzinfo | None
) -> Iterator[str]:
    receipts, readings = store.deliveries.receipts(post.id), store.readings.of_post(post.id)
    before: list[str] = []
    for delivery in deliveries:
        yield ""
        yield _bold(happening.delivery(delivery, zone, receipts.get(delivery.account)))
        if delivery.account in receipts:
            yield f"  {receipts[delivery.account].url}"
            if delivery.state is not DeliveryState.RETRACTED:
                yield from _seen(readings[delivery.account], delivery)
        if delivery.reason and delivery.state is not DeliveryState.POSTED:
            yield from (click.style(line, fg="yellow") for line in _under(delivery.reason))
        words = _words(delivery.words)
        if words == before:
            yield _("  (the same words)")
        else:
            yield from (line for part in words for line in _under(part))
        around = [*plain_words.audience(delivery.words), *plain_words.ties(delivery.words)]
        yield from _under(language.sentences(around))
        before = words


def _seen(reading: Reading, delivery: Delivery) -> Iterator[str]:
    """Yield what the network shows of a post; what is not as asked stands out."""
    colour = "yellow" if says(reading) else None
    for said in plain_words.shown(reading.seen, delivery.fit):
        yield from (click.style(line, fg=colour) for line in _under(said))


def _words(words: Words) -> list[str]:
    said = [_("content warning: {cw}").format(cw=words.cw)] if words.cw else []
    said += body(words).splitlines()
    said += [_("alt text: {alt}").format(alt=alt) for alt in words.alts if alt]
    said += [_("labels: {labels}").format(labels=", ".join(words.labels))] if words.labels else []
    return said + (
        [_("language: {languages}").format(languages=", ".join(plain_words.languages(words)))]
        * bool(words.langs)
    )


def _heading(post: Post, rendition: Rendition, deliveries: Sequence[Delivery]) -> str:
    names = {a.position: a.name for a in post.artworks}
    whose = ", ".join(d.account for d in deliveries if d.fit == rendition.fit)
    return _("{name} for {whose}: {path}").format(
        name=names.get(rendition.position, ""),
        whose=whose or rendition.fit,
        path=rendition.path,
    )


def _folder(post: Post) -> str:
    return "" if post.place == "outbox" else f"{post.place}/{post.folder}/"


def _under(text: str) -> list[str]:
    return [f"  {line}" for line in wide.wrapped(text, terminal_width() - 2)]


def _beside(head: str, text: str) -> Iterator[str]:
    """Yield `text` in a column of its own, to the right of `head`."""
    first, *more = wide.wrapped(text, terminal_width() - wide.width(head) - 4)
    yield f"  {head}  {first}".rstrip()
    yield from (f"  {' ' * wide.width(head)}  {line}" for line in more)


def _bold(text: str) -> str:
    return click.style(text, bold=True)
