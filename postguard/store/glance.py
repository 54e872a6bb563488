"""What an open page looks at: the newest posts with their copies, and whether anything changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from postguard.model import PostState
from postguard.store.connection import Database, Row, from_ms

RECENT = 40  # posts that went out and are still shown
_SHOWN = f"""
SELECT id FROM posts WHERE state NOT IN ('posted', 'withdrawn', 'retracted')
UNION SELECT id FROM (SELECT id FROM posts WHERE state IN ('posted', 'retracted')
  ORDER BY changed_at DESC, id DESC LIMIT {RECENT})"""


@dataclass(frozen=True, slots=True)
class Noted:
    """One event of one post, with the post's name."""

    id: int
    post_id: int
    name: str
    at: datetime
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post is on its way, without the rest of it.

    Attributes:
        held: one of its copies is, if not all of it.
        due: milliseconds of its next copy; None: none has a time.
        changed: milliseconds of its last change of state.
        at_work: it is being protected now.
    """

    id: int
    state: PostState
    held: bool
    due: int | None
    changed: int
    at_work: bool


def places(db: Database) -> list[Place]:
    """Return the posts that are under way and those that went out last."""
    rows = db.rows(
        "SELECT p.id, p.state, coalesce(max(d.state = 'held'), 0), min(d.due_at), p.changed_at,"
        " p.id IN (SELECT post_id FROM progress)"
        " FROM posts p LEFT JOIN deliveries d ON d.post_id = p.id"
        f" WHERE p.id IN ({_SHOWN}) GROUP BY p.id"
    )
    return [
        Place(int(r[0]), PostState(r[1]), bool(r[2]), r[3], int(r[4]), bool(r[5])) for r in rows
    ]


def held(db: Database) -> list[int]:
    """Return the posts that are held, or one of whose copies is, oldest first."""
    rows = db.rows(
        "SELECT id FROM posts WHERE state = 'held' UNION"
        " SELECT d.post_id FROM deliveries d JOIN posts p ON p.id = d.post_id"
        " WHERE d.state = 'held' AND p.state NOT IN ('posted', 'withdrawn', 'retracted')"
    )
    return sorted(int(r[0]) for r in rows)


def prints(db: Database) -> dict[int, str]:
    """Return, for each of them, a text that is another one when what is shown of it changes."""
    rows = db.rows(
        "SELECT p.id, p.state, p.place, p.reason, p.changed_at,"
        " (SELECT group_concat(d.state || coalesce(d.due_at, '') || d.tries || d.reason)"
        "  FROM deliveries d WHERE d.post_id = p.id),"
        " (SELECT max(e.id) FROM events e WHERE e.post_id = p.id),"
        " (SELECT w.position || coalesce(w.step, '') || coalesce(w.fraction, '')"
        "  FROM progress w WHERE w.post_id = p.id)"
        f" FROM posts p WHERE p.id IN ({_SHOWN})"
    )
    return {int(r[0]): "\0".join(map(str, tuple(r)[1:])) for r in rows}


def events(db: Database, before: int | None, limit: int) -> list[Noted]:
    """Return what happened to any post, newest first; `before`: the id of the last one seen."""
    where, values = ("", ()) if before is None else (" WHERE e.id < ?", (before,))
    rows = db.rows(
        "SELECT e.id, e.post_id, p.name, e.at, e.what, e.detail FROM events e"
        f" JOIN posts p ON p.id = e.post_id{where} ORDER BY e.id DESC LIMIT ?",
        (*values, limit),
    )
    return _noted(rows)


def _noted(rows: Sequence[Row]) -> list[Noted]:
    return [
        Noted(r["id"], r["post_id"], r["name"], from_ms(r["at"]), r["what"], r["detail"])
        for r in rows
    ]
