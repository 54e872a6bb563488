"""What was spent of each server's allowance: one row for each kind and try, kept for a day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from postguard.store.connection import Database, from_ms, to_ms

_KEPT = timedelta(days=1)  # the longest time that a server counts over


class SpentRows:
    """What the accounts of one database have spent."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def spend(self, account: str, cost: Mapping[str, int], now: datetime) -> None:
        """Note it, before it is spent; forget what no server counts any more."""
        rows = [(account, kind, to_ms(now), points) for kind, points in cost.items()]
        with self._db.change() as db:
            db.executemany(
                "INSERT INTO spent (account, kind, at, points) VALUES (?, ?, ?, ?)", rows
            )
            db.executemany(
                "DELETE FROM spent WHERE account = ? AND kind = ? AND at < ?",
                [(account, kind, to_ms(now - _KEPT)) for kind in cost],
            )

    def spent(
        self, account: str, kinds: Collection[str], since: datetime, now: datetime
    ) -> dict[str, list[tuple[datetime, int]]]:
        """Return when how much was spent since then, by kind."""
        marks = ", ".join("?" * len(kinds))
        with self._db.change() as db:
            # A clock that ran ahead has noted these: they would count until it is so late again.
            db.execute(
                f"UPDATE spent SET at = ? WHERE account = ? AND kind IN ({marks}) AND at > ?",
                (to_ms(now), account, *kinds, to_ms(now)),
            )
        rows = self._db.rows(
            f"SELECT kind, at, points FROM spent WHERE account = ? AND kind IN ({marks})"
            " AND at >= ?",
            (account, *kinds, to_ms(since)),
        )
        found: dict[str, list[tuple[datetime, int]]] = {kind: [] for kind in kinds}
        for row in rows:
            found[row["kind"]].append((from_ms(row["at"]), row["points"]))
        return found
