"""Facts about this installation, each a text under its key."""

from __future__ import annotations

from postguard.store.connection import Database

DISK_LOW = "disk-low"  # a key; its value says since when, empty: there is room
CONFIG_LOOKED_AT = "config-looked-at"  # a key; its value says how the file lay there
DRAWING = "drawing"  # a key; its value names the accounts that post nothing, as JSON
CONFIG_NOT_TAKEN = "config-not-taken"  # a key; its value says why, empty: it was taken


class MetaRows:
    """The facts of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, key: str) -> str | None:
        """Return a fact; None: it was never kept."""
        row = self._db.row("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def put(self, key: str, value: str) -> None:
        """Keep a fact, in place of what stood under its key."""
        with self._db.change() as db:
            db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
