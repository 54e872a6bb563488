"""What the terminal shows of posts: tables and colours, nothing decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from postguard.model import Delivery, DeliveryState, Post, PostState
from postguard.store import Store

COLOURS = {
    PostState.HELD: "yellow",
    PostState.POSTED: "green",
    PostState.PROTECTED: "cyan",
}
_SAID = {
    PostState.TAKING: "being taken",
    PostState.TAKEN: "waits for protection",
    PostState.PROTECTED: "protected",
    PostState.POSTED: "posted",
    PostState.HELD: "held: needs you",
    PostState.RELEASED: "being read anew",
    PostState.WITHDRAWN: "withdrawn",
}


def queue(store: Store, posts: Sequence[Post], deliveries: Mapping[int, list[Delivery]]) -> None:
    """Print one page of the queue."""
    console = Console()
    if not posts:
        console.print("No posts yet. Drop a picture into the outbox, or: postguard add fox.png")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("post", "picture", "state", "accounts and times"):
        table.add_column(column, overflow="fold")
    for post in posts:
        state = f"[{COLOURS.get(post.state, 'default')}]{_SAID[post.state]}[/]"
        told = "\n".join(_delivery(d) for d in deliveries[post.id])
        reason = f"\n{escape(post.reason)}" if post.state is PostState.HELD else ""
        table.add_row(str(post.id), escape(post.name), state, escape(told) + reason)
    console.print(table)
    for line in _stopped(store):
        console.print(line, style="yellow")


def post(store: Store, post: Post, deliveries: Sequence[Delivery]) -> None:
    """Print everything about one post."""
    console = Console()
    console.print(f"[bold]Post {post.id}: {escape(post.name)}[/] - {_SAID[post.state]}")
    if post.reason:
        console.print(escape(post.reason), style="yellow")
    console.print(f"its files: {post.place}/{escape(post.folder)}   recipe: {post.recipe}")
    receipts = store.deliveries.receipts(post.id)
    for delivery in deliveries:
        url = receipts[delivery.account].url if delivery.account in receipts else ""
        console.print(f"\n[bold]{escape(_delivery(delivery))}[/] {escape(url)}")
        console.print(escape(delivery.words.text))
        for i, alt in enumerate(delivery.words.alts, start=1):
            console.print(f"  alt text {i}: {escape(alt)}", style="dim")
    for rendition in store.posts.renditions(post.id, Path()):
        told = f"{rendition.width}x{rendition.height}, {rendition.size:,} bytes, {rendition.mime}"
        console.print(f"\n[bold]{rendition.path}[/] {told}")
        for line in record(rendition.record):
            console.print(f"  {escape(line)}")
    console.print("\n[bold]history[/]")
    for _, event in store.posts.history(post.id):
        at = event.at.astimezone()
        console.print(f"  {at:%Y-%m-%d %H:%M:%S} {event.what} {escape(event.detail)}")


def record(told: Mapping[str, Any]) -> list[str]:
    """Return a rendition's record as lines: what each step did."""
    lines = []
    for step in told.get("steps", ()):
        name = step.get("step", "")
        rest = ", ".join(f"{k} {_short(v)}" for k, v in step.items() if k != "step")
        lines.append(f"{name}: {rest}" if rest else str(name))
    if encoded := told.get("encode"):
        lines.append("encode: " + ", ".join(f"{k} {_short(v)}" for k, v in encoded.items()))
    return lines


def _short(value: Any) -> str:  # noqa: ANN401  # any JSON
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _delivery(delivery: Delivery) -> str:
    due = delivery.due_at.astimezone() if delivery.due_at else None
    at = f" {due:%a %Y-%m-%d %H:%M}" if due and delivery.state is DeliveryState.SCHEDULED else ""
    dry = " (dry run)" if delivery.dry_run else ""
    return f"{delivery.account}: {delivery.state.value}{at}{dry}"


def _stopped(store: Store) -> list[str]:
    out = store.accounts.logged_out()
    lines = [f"{name} is logged out: run postguard login {name}" for name in out]
    if paused := store.accounts.paused():
        names = "all accounts" if "*" in paused else ", ".join(sorted(paused))
        lines.append(f"Posting to {names} is paused: postguard pause --off goes on.")
    return lines
