"""The queue: add, list, show, hold, release, pause, retry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from postguard.model import Delivery, Post
    from postguard.store import Store

STATES = ("taking", "taken", "protected", "posted", "held", "released")


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--text", default="", help="What the post says.")
@click.option("--alt", multiple=True, help="Alt text; once for each picture, in order.")
@click.option("--cw", default="", help="Content warning.")
@click.option("--tag", "tags", multiple=True, help="Hashtag, without #; may be repeated.")
@click.option("--label", "labels", multiple=True, help="Label such as sexual or nudity.")
@click.option("--lang", default="", help="Language of the text, as en or ja.")
@click.option("--at", default="", help='Time ("2026-12-24 19:30"), "now" or "slot".')
@click.option("--to", "to", multiple=True, help="Account; may be repeated. Else all of them.")
@click.option("--recipe", default="", help="Recipe of the config.")
@click.option("--visibility", type=click.Choice(["public", "unlisted", "private", "direct"]))
@click.option("--dry-run", is_flag=True, help="Make preview pages; post nothing.")
@click.pass_obj
def add(config: Path | None, /, pictures: tuple[Path, ...], **words: object) -> None:
    """Drop copies of PICTURES into the outbox as one post, with their words."""
    from postguard.app.adding import drop

    dropped = drop(config, pictures, {k: v for k, v in words.items() if v})
    _ring()
    click.echo(f"{dropped} is in the outbox; `postguard list` shows where it is on its way.")


@click.command(name="list")
@click.option("--state", multiple=True, type=click.Choice(STATES), help="Only these states.")
@click.option("--before", type=int, help="Posts older than this number: the next page.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(state: tuple[str, ...], before: int | None, limit: int, as_json: bool) -> None:
    """Show the posts, newest first, and where each is on its way."""
    from postguard.model import PostState

    store = _store()
    posts = store.posts.page([PostState(s) for s in state], before, limit)
    deliveries = {p.id: store.deliveries.of_post(p.id) for p in posts}
    if as_json:
        told = [_post_json(p, deliveries[p.id], store) for p in posts]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    _print_list(store, posts, deliveries)
    if len(posts) == limit:
        click.echo(f"more: postguard list --before {posts[-1].id}")


@click.command()
@click.argument("post_id", metavar="POST", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(post_id: int, as_json: bool) -> None:
    """Show one post: its words, what was done to its pictures, its history and receipts."""
    store = _store()
    post = store.posts.get(post_id)
    deliveries = store.deliveries.of_post(post_id)
    if as_json:
        told = _post_json(post, deliveries, store) | _details_json(post, store)
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    from postguard.cli import looks

    looks.post(store, post, deliveries)


@click.command()
@click.argument("post_id", metavar="POST", type=int)
def hold(post_id: int) -> None:
    """Keep a post back until you release it."""
    from postguard.app import steering

    _say(steering.hold(_store(), post_id, _now()))


@click.command()
@click.argument("post_id", metavar="POST", type=int)
def release(post_id: int) -> None:
    """Let a held post go on; words that you put beside it in held/ are read anew."""
    from postguard.app import steering

    _say(steering.release(_store(), post_id, _now()))


@click.command()
@click.argument("post_id", metavar="POST", type=int)
def retry(post_id: int) -> None:
    """Try a post again now: release it if it is held, and send it without waiting for its slot."""
    from postguard.app import steering

    _say(steering.retry(_store(), post_id, _now()))


@click.command()
@click.argument("account", required=False)
@click.option("--off", is_flag=True, help="Go on posting.")
def pause(account: str | None, off: bool) -> None:
    """Stop posting, to one ACCOUNT or to all; taking and protecting go on."""
    from postguard.store import EVERYTHING

    _store().accounts.pause(account or EVERYTHING, paused=not off)
    whom = account or "all accounts"
    _say(
        f"Posting to {whom} goes on." if off else f"Posting to {whom} is paused; nothing is lost."
    )


COMMANDS = (add, list_, show, hold, release, retry, pause)


def _store() -> Store:
    """Open the rows. The config is not needed, so that a list appears at once."""
    from postguard.store import open_store
    from postguard.system.paths import home

    return open_store(home().database)


def _now() -> datetime:
    from postguard.system.clock import SystemClock

    return SystemClock().now()


def _say(text: str) -> None:
    _ring()
    click.echo(text)


def _ring() -> None:
    from postguard.app.bell import ring

    ring()


def _print_list(store: Store, posts: list[Post], deliveries: dict[int, list[Delivery]]) -> None:
    from postguard.cli import looks

    looks.queue(store, posts, deliveries)


def _post_json(post: Post, deliveries: list[Delivery], store: Store) -> dict[str, Any]:
    receipts = store.deliveries.receipts(post.id)
    return {
        "post": post.id,
        "name": post.name,
        "state": post.state.value,
        "reason": post.reason,
        "recipe": post.recipe,
        "folder": f"{post.place}/{post.folder}",
        "deliveries": [
            {
                "account": d.account,
                "state": d.state.value,
                "due": d.due_at.isoformat() if d.due_at else None,
                "dry_run": d.dry_run,
                "reason": d.reason,
                "url": receipts[d.account].url if d.account in receipts else None,
            }
            for d in deliveries
        ],
    }


def _details_json(post: Post, store: Store) -> dict[str, Any]:
    renditions = store.posts.renditions(post.id, Path())
    return {
        "artworks": [
            {"name": a.name, "sha256": a.sha256, "size": [a.width, a.height], "alt": a.alt}
            for a in post.artworks
        ],
        "renditions": [
            {"file": str(r.path), "fit": r.fit, "sha256": r.sha256, "record": r.record}
            for r in renditions
        ],
        "history": [
            {"at": e.at.isoformat(), "what": e.what, "detail": e.detail}
            for _, e in store.posts.history(post.id)
        ],
    }
