"""What `--json` prints. Times are ISO 8601 in UTC; keys are only ever added."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from postguard.model import Delivery, Post, Rendition
from postguard.store import Event, Store


def echo(told: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON, with escapes where the output is not UTF-8."""
    escaped = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
    click.echo(json.dumps(told, ensure_ascii=escaped, indent=indent))


def post(told: Post, deliveries: Sequence[Delivery], store: Store) -> dict[str, Any]:
    """Return one post with its deliveries."""
    receipts = store.deliveries.receipts(told.id)
    urls = {account: receipt.url for account, receipt in receipts.items()}
    return {
        "post": told.id,
        "name": told.name,
        "state": told.state.value,
        "reason": told.reason,
        "recipe": told.recipe,
        "folder": f"{told.place}/{told.folder}",
        "created": _at(told.created_at),
        "deliveries": [_delivery(d, urls.get(d.account)) for d in deliveries],
    }


def details(told: Post, deliveries: Sequence[Delivery], store: Store) -> dict[str, Any]:
    """Return the rest of one post: words, artworks, renditions, history."""
    return {
        "words": {d.account: _words(d) for d in deliveries},
        "artworks": [
            {"name": a.name, "sha256": a.sha256, "size": [a.width, a.height], "alt": a.alt}
            for a in told.artworks
        ],
        "renditions": [rendition(r) for r in store.renditions.of_post(told.id, Path())],
        "history": [event(e) for _, e in store.posts.history(told.id)],
    }


def rendition(told: Rendition) -> dict[str, Any]:
    """Return one protected file and its record."""
    return {
        "file": str(told.path),
        "fit": told.fit,
        "sha256": told.sha256,
        "mime": told.mime,
        "size": [told.width, told.height],
        "bytes": told.size,
        "record": told.record,
    }


def event(told: Event) -> dict[str, Any]:
    """Return one line of a post's history."""
    return {"at": _at(told.at), "what": told.what, "detail": told.detail}


def _delivery(told: Delivery, url: str | None) -> dict[str, Any]:
    return {
        "account": told.account,
        "state": told.state.value,
        "due": _at(told.due_at),
        "not_before": _at(told.not_before),
        "dry_run": told.dry_run,
        "reason": told.reason,
        "url": url,
    }


def _words(told: Delivery) -> dict[str, Any]:
    words = told.words
    return {
        "text": words.text,
        "alts": list(words.alts),
        "cw": words.cw,
        "labels": list(words.labels),
        "tags": list(words.tags),
        "langs": list(words.langs),
        "visibility": words.visibility.value,
        "replies": words.replies.value,
        "quotes": words.quotes.value,
        "lists": list(words.lists),
        "hidden_tags": list(words.hidden_tags),
        "focus": [None if point is None else list(point) for point in words.focus],
        "reply_to": words.reply_to,
        "link_to": words.link_to,
        "thread": words.thread,
    }


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
