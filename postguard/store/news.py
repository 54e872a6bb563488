"""What happened lately, over all posts: the histories as one stream."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from postguard.store.connection import Database, from_ms
from postguard.store.posts import Event

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Happened:
    """One event, of which post, and its number in the stream."""

    number: int
    post_id: int
    post_name: str
    event: Event

    @property
    def at(self) -> datetime:
        return self.event.at


class NewsRows:
    """The stream of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def last(self) -> int:
        """Return the number of the newest event; 0: nothing has happened yet."""
        row = self._db.row("SELECT coalesce(max(id), 0) FROM events")
        return 0 if row is None else int(row[0])

    def last_at(self) -> datetime | None:
        """Return when the newest event happened, by the clock of then; None: nothing has."""
        row = self._db.row("SELECT at FROM events ORDER BY id DESC LIMIT 1")
        return None if row is None else from_ms(row[0])

    def after(self, number: int, kinds: Collection[str]) -> list[Happened]:
        """Return events of these kinds behind a number, the oldest first."""
        marks = ", ".join("?" * len(kinds))
        rows = self._db.rows(
            "SELECT e.*, p.name FROM events e JOIN posts p ON p.id = e.post_id"
            f" WHERE e.id > ? AND e.what IN ({marks}) ORDER BY e.id LIMIT ?",
            (number, *kinds, AT_ONCE),
        )
        return [
            Happened(
                r["id"], r["post_id"], r["name"], Event(from_ms(r["at"]), r["what"], r["detail"])
            )
            for r in rows
        ]
