"""One page of the queue as a table."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from types import MappingProxyType

import click

from postguard.cli import happening, underway, wide
from postguard.language import _, marked
from postguard.model import Delivery, DeliveryState, Post, PostState, Receipt, only_drawn
from postguard.store.progress import UnderWay
from postguard.system import folders

_STATES: Mapping[PostState, tuple[str, str]] = {
    PostState.TAKING: (marked("being taken"), ""),
    PostState.TAKEN: (marked("waits for protection"), ""),
    PostState.PROTECTED: (marked("protected"), "cyan"),
    PostState.POSTED: (marked("posted"), "green"),
    PostState.HELD: (marked("held: needs you"), "yellow"),
    PostState.RELEASED: (marked("being read anew"), ""),
    PostState.WITHDRAWN: (marked("withdrawn"), ""),
    PostState.RETRACTED: (marked("taken back"), ""),
}
_DRAWN = (marked("drawn, not posted"), "cyan")  # every account's is a page on this PC
_WORKED_ON = marked("being protected")
_HEADS = (marked("post"), marked("picture"), marked("state"), marked("accounts"))
_MOST = (9, 32, 20)
_INDENT = "      "
_STILL_TO_GO = {DeliveryState.SCHEDULED, DeliveryState.UNSURE}


def lines(
    posts: Sequence[Post],
    deliveries: Mapping[int, Sequence[Delivery]],
    zone: tzinfo | None,
    now: UnderWay | None = None,
    receipts: Mapping[int, Mapping[str, Receipt]] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield the page's lines: a row for each post, with a line for each of its accounts.

    Args:
        now: the post that is being protected.
        receipts: what came of each post, by account.
    """
    came = {p.id: receipts.get(p.id, {}) for p in posts}
    states = {p.id: state(p, came[p.id].values()) for p in posts}
    told = [
        [happening.delivery(d, zone, came[p.id].get(d.account)) for d in deliveries[p.id]] or [""]
        for p in posts
    ]
    far = {p.id: underway.words(now, p) for p in posts}
    rows = [(str(p.id), p.name, _(_WORKED_ON) if far[p.id] else states[p.id][0]) for p in posts]
    heads = [_(head) for head in _HEADS]
    columns = wide.widths([heads[:3], *rows], _most())
    yield click.style(wide.row(heads, columns), bold=True)
    for post, cells, accounts in zip(posts, rows, told, strict=True):
        said = wide.row((*cells, accounts[0]), columns).rstrip()
        yield click.style(said, fg=states[post.id][1] or None)
        for other in accounts[1:]:
            yield wide.row(("", "", "", other), columns)
        if far[post.id]:
            yield f"{_INDENT}{far[post.id]}"
        for reason in _reasons(post, deliveries[post.id]):
            yield click.style(reason, fg="yellow")
        if post.state is PostState.HELD:
            yield f"{_INDENT}{_how_to_go_on(post)}".rstrip()


def state(post: Post, receipts: Iterable[Receipt]) -> tuple[str, str]:
    """Return what a post's state is called, and its colour; `receipts`: what came of it."""
    drawn = post.state is PostState.POSTED and only_drawn(receipts)
    said, colour = _DRAWN if drawn else _STATES[post.state]
    return _(said), colour


def _how_to_go_on(post: Post) -> str:
    lies = "" if post.place == "outbox" else _("it lies in {place}/{folder}/")
    lies = lies.format(place=post.place, folder=post.folder)
    if not (said := folders.how_to_go_on(post)):
        return lies
    return f"{said} ({lies})" if lies else said


def _reasons(post: Post, deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Yield why a post is held, or why a delivery did not go out yet."""
    if post.state is PostState.HELD:
        said = [folders.told(post, post.reason)]
    else:
        waiting = [d for d in deliveries if d.reason and d.state in _STILL_TO_GO]
        held = [d for d in deliveries if d.reason and d.state is DeliveryState.HELD]
        said = [f"{d.account}: {d.reason}" for d in (*held, *waiting)]
    for reason in said:
        for line in wide.wrapped(reason, terminal_width() - len(_INDENT)):
            yield f"{_INDENT}{line}"


def _most() -> tuple[int, ...]:
    """Return the widest that columns may be; for programs nothing is cut."""
    return _MOST if sys.stdout.isatty() else (1_000,) * len(_MOST)


def terminal_width() -> int:
    """Return the columns of the terminal, or of a page where there is none."""
    return max(shutil.get_terminal_size().columns, 40)
