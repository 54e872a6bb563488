"""The queue: deliveries and their receipts as rows. Implements `ports.Deliveries`."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from postguard.model import Copy, Delivery, DeliveryState, Json, Receipt, Words
from postguard.store.connection import Database, Row, from_ms, to_ms
from postguard.store.posts import PostRows
from postguard.system import wire

AT_ONCE = 20  # deliveries planned in one tick, so that what is due is sent in between


class DeliveryRows:
    """The deliveries of one database."""

    def __init__(self, db: Database, posts: PostRows) -> None:
        self._db = db
        self._posts = posts

    def of_post(self, post_id: int) -> list[Delivery]:
        """Return the deliveries of a post."""
        return self._many("WHERE post_id = ? ORDER BY id", post_id)

    def get(self, delivery_id: int) -> Delivery:
        """Return one delivery that is known to exist."""
        return self._many("WHERE id = ?", delivery_id)[0]

    def with_own_times(self) -> list[Delivery]:
        """Return what has still to go out at a day and time that the artist gave it."""
        return self._many(
            "WHERE state IN ('waiting', 'scheduled', 'held') AND asked GLOB '[0-9]*' ORDER BY id"
        )

    def counts(self) -> dict[str, int]:
        """Return how many deliveries are in each state."""
        rows = self._db.rows(
            "SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state"
        )
        return {str(r[0]): int(r[1]) for r in rows}

    def unplanned(self, limit: int = AT_ONCE) -> list[Delivery]:
        """Return waiting deliveries whose post is protected, oldest post first."""
        # CROSS JOIN holds SQLite to this order: few wait to be planned, while many are protected.
        rows = self._db.rows(
            "SELECT d.* FROM deliveries d CROSS JOIN posts p ON p.id = d.post_id"
            " WHERE d.state = 'waiting' AND p.state = 'protected'"
            " ORDER BY d.post_id, d.id LIMIT ?",
            (limit,),
        )
        return [delivery_of(r) for r in rows]

    def schedule(
        self, delivery_id: int, due_at: datetime, slot: str | None, now: datetime
    ) -> bool:
        """Give a due time; False when another delivery of the account has that slot already."""
        try:
            with self._db.change() as db:
                post_id, account = db.execute(
                    "UPDATE deliveries SET state = 'scheduled', due_at = ?, planned_at = ?,"
                    " slot = ?, reason = '', tries = 0, foretold = 0"
                    " WHERE id = ? RETURNING post_id, account",
                    (to_ms(due_at), to_ms(due_at), slot, delivery_id),
                ).fetchone()
                self._posts.note(post_id, now, "scheduled", f"{account} {due_at.isoformat()}")
        except sqlite3.IntegrityError:
            return False
        return True

    def refit(self, delivery_id: int, fit: str) -> None:
        """Note which renditions a delivery will send."""
        with self._db.change() as db:
            db.execute("UPDATE deliveries SET fit = ? WHERE id = ?", (fit, delivery_id))

    def next_due(self, now: datetime) -> datetime | None:
        """Return when the next delivery becomes due, paused accounts included."""
        row = self._db.row(
            "SELECT due_at FROM deliveries WHERE state IN ('scheduled', 'unsure') AND due_at > ?"
            " ORDER BY due_at LIMIT 1",
            (to_ms(now),),
        )
        return None if row is None else from_ms(row[0])

    def taken_uris(self, account: str, since: datetime) -> set[str]:
        """Return the addresses of the account's posts that have a receipt of `since` or later."""
        rows = self._db.rows(
            "SELECT r.uri FROM receipts r CROSS JOIN deliveries d ON d.id = r.delivery_id"
            " WHERE r.at >= ? AND d.account = ?",
            (to_ms(since), account),
        )
        return {str(r[0]) for r in rows}

    def in_doubt(self, account: str) -> list[Delivery]:
        """Return what may or may not have been posted to the account, held or not."""
        return self._many(
            "WHERE account = ? AND state IN ('unsure', 'held') AND (state = 'unsure' OR EXISTS"
            " (SELECT 1 FROM attempts a WHERE a.delivery_id = deliveries.id"
            " AND a.outcome NOT LIKE 'refused%')) ORDER BY id",
            account,
        )

    def tell(self, delivery: Delivery, said: str, now: datetime, what: str = "told") -> None:
        """Add a line to the post's history."""
        self._posts.note(delivery.post_id, now, what, f"{delivery.account}: {said}")

    def copy(self, post_id: int, account: str) -> Copy | None:
        """Return a post's delivery to one account with its receipt; None: it has none."""
        found = self._many("WHERE post_id = ? AND account = ?", post_id, account)
        if not found:
            return None
        state = self._posts.get(post_id).state
        return Copy(found[0], state, self.receipts(post_id).get(account))

    def before_in_series(self, post_id: int, account: str) -> int | None:
        """Return the post before this one in its series that the account has or is to get."""
        row = self._db.row(
            "SELECT p.id FROM posts p JOIN deliveries d ON d.post_id = p.id AND d.account = ?"
            " WHERE p.series = ? AND p.series != '' AND p.id < ? AND NOT d.dry_run"
            " AND (d.state = 'posted' OR d.state NOT IN ('held', 'retracted')"
            "      AND p.state NOT IN ('held', 'withdrawn', 'retracted'))"
            " ORDER BY p.id DESC LIMIT 1",
            (account, self._posts.series(post_id), post_id),
        )
        return None if row is None else int(row[0])

    def receipts(self, post_id: int) -> dict[str, Receipt]:
        """Return the receipt of each account that has one."""
        rows = self._db.rows(
            "SELECT d.account, r.* FROM receipts r JOIN deliveries d ON d.id = r.delivery_id"
            " WHERE d.post_id = ?",
            (post_id,),
        )
        return {
            r["account"]: Receipt(
                r["uri"], r["url"], from_ms(r["at"]), wire.load(dict[str, Json], r["answer"])
            )
            for r in rows
        }

    def _many(self, where: str, *values: object) -> list[Delivery]:
        rows = self._db.rows(f"SELECT * FROM deliveries {where}", values)
        return [delivery_of(r) for r in rows]


def delivery_of(row: Row) -> Delivery:
    """Return the delivery that a whole row of `deliveries` holds."""
    return Delivery(
        id=row["id"],
        post_id=row["post_id"],
        account=row["account"],
        words=wire.load(Words, row["words"]),
        state=DeliveryState(row["state"]),
        asked=row["asked"],
        fit=row["fit"],
        dry_run=bool(row["dry_run"]),
        due_at=None if row["due_at"] is None else from_ms(row["due_at"]),
        planned_at=None if row["planned_at"] is None else from_ms(row["planned_at"]),
        slot=row["slot"],
        tries=row["tries"],
        reason=row["reason"],
        not_before=None if row["not_before"] is None else from_ms(row["not_before"]),
    )
