"""What the artist changes afterwards: what is held goes on, times, order and words of what waits,
copies taken back.

Each change is one transaction that looks at the delivery's state itself: what is being sent at
that moment, or may have been sent, is never changed behind the sender's back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from postguard.model import Delivery, DeliveryState, Edit, PostState, Receipt, Words
from postguard.store.attempts import LOOKED_FOR
from postguard.store.connection import Database, to_ms
from postguard.store.deliveries import DeliveryRows
from postguard.store.plans import slots_stay
from postguard.store.posts import PostRows
from postguard.store.renditions import RenditionRows
from postguard.system import wire

# Nothing of it is on the network, and nobody is about to send it.
_UNSENT = """
id = ? AND state IN ('waiting', 'scheduled', 'held') AND NOT EXISTS (SELECT 1 FROM attempts a
  WHERE a.delivery_id = deliveries.id AND a.outcome NOT LIKE 'refused%')"""

# Where every try was refused nothing is on the network; else it must be asked first.
_AFTER_RELEASE = """
CASE WHEN EXISTS (SELECT 1 FROM attempts a
     WHERE a.delivery_id = deliveries.id AND a.outcome NOT LIKE 'refused%')
THEN 'unsure' ELSE 'waiting' END"""

_RETRACT = "UPDATE deliveries SET state = 'retracted', due_at = NULL, slot = NULL, reason = ''"


class WishRows:
    """The artist's changes to the deliveries of one database; False: it was too late."""

    def __init__(
        self, db: Database, posts: PostRows, renditions: RenditionRows, deliveries: DeliveryRows
    ) -> None:
        self._db = db
        self._posts = posts
        self._renditions = renditions
        self._deliveries = deliveries

    def ask(self, delivery_id: int, asked: str) -> bool:
        """Let a delivery be planned anew for what is asked; a held one stays held."""
        with self._db.change() as db:
            changed = db.execute(
                "UPDATE deliveries SET asked = ?, due_at = NULL, planned_at = NULL, slot = NULL,"
                " tries = 0, foretold = 0, state = CASE state WHEN 'held' THEN 'held' ELSE"
                f" 'waiting' END WHERE {_UNSENT}",
                (asked, delivery_id),
            )
        return changed.rowcount > 0

    def release(self, post_id: int, now: datetime) -> int:
        """Let the held deliveries of a post be planned anew, and those whose time has passed while
        the post was held; return how many were held."""
        with self._db.change() as db:
            db.execute(
                "UPDATE deliveries SET state = 'waiting', due_at = NULL, slot = NULL"
                " WHERE post_id = ? AND state = 'scheduled' AND tries = 0 AND due_at <= ?",
                (post_id, to_ms(now)),
            )
            return self._let_go(db, post_id, now)

    def retry_held(self, post_id: int, now: datetime, keeping: Collection[int] = ()) -> int:
        """Make the held deliveries of a post due now, and no other; return how many. Those in
        `keeping` go on, and keep what they asked for."""
        marks = ", ".join("?" * len(keeping))
        with self._db.change() as db:
            db.execute(
                "UPDATE deliveries SET asked = 'now' WHERE post_id = ? AND state = 'held'"
                f" AND id NOT IN ({marks})",
                (post_id, *keeping),
            )
            return self._let_go(db, post_id, now)

    def make_due(self, post_id: int, now: datetime, keeping: Collection[int] = ()) -> int:
        """Make every delivery of the post that is planned due now, but for those in `keeping`;
        return how many."""
        others = f"post_id = ? AND id NOT IN ({', '.join('?' * len(keeping))})"
        with self._db.change() as db:
            rows = db.execute(
                "UPDATE deliveries SET due_at = ?, planned_at = ?, slot = NULL"
                f" WHERE {others} AND state IN ('scheduled', 'unsure') RETURNING id",
                (to_ms(now), to_ms(now), post_id, *keeping),
            ).fetchall()
            db.execute(
                f"UPDATE deliveries SET asked = 'now' WHERE {others} AND state = 'waiting'",
                (post_id, *keeping),
            )
        return len(rows)

    def queue(self, account: str, at: Delivery, *, before: bool, limit: int) -> list[Delivery]:
        """Return what the account is to post before (or behind) a delivery, nearest first; only
        what was not tried yet has a place to give, and no time that the artist gave it."""
        sign, order = ("<", "DESC") if before else (">", "ASC")
        rows = self._db.rows(
            "SELECT id FROM deliveries INDEXED BY deliveries_of_account WHERE account = ?"
            f" AND (due_at, id) {sign} (?, ?) AND state IN ('scheduled', 'unsure', 'sending')"
            " AND state = 'scheduled' AND tries = 0 AND asked NOT GLOB '[0-9]*'"
            " AND EXISTS (SELECT 1 FROM posts p"
            " WHERE p.id = deliveries.post_id AND p.state = 'protected')"
            f" ORDER BY due_at {order}, id {order} LIMIT ?",
            (account, 0 if at.due_at is None else to_ms(at.due_at), at.id, limit),
        )
        return [self._deliveries.get(r[0]) for r in rows]

    def trade(self, deliveries: Sequence[Delivery], places: Sequence[Delivery]) -> None:
        """Give each delivery the time and the slot of the place at the same position. It keeps
        them when slots are dealt out anew."""
        with self._db.change() as db, slots_stay(db):
            db.executemany(
                "UPDATE deliveries SET slot = NULL WHERE id = ?", [(d.id,) for d in deliveries]
            )
            db.executemany(
                "UPDATE deliveries SET due_at = ?, planned_at = ?, slot = ?, asked = ?,"
                " foretold = 0 WHERE id = ?",
                [
                    (*(_ms(p.due_at), _ms(p.planned_at), p.slot, _pinned(p)), d.id)
                    for d, p in zip(deliveries, places, strict=True)
                ],
            )

    def reword(self, delivery: Delivery, words: Words, edit: Edit, now: datetime) -> bool:
        """Change what an unsent delivery will say, whatever the files beside it say later."""
        with self._db.change() as db:
            changed = db.execute(
                f"UPDATE deliveries SET words = ? WHERE {_UNSENT}", (wire.dump(words), delivery.id)
            )
            if changed.rowcount:
                self._posts.keep_edit(delivery.post_id, delivery.account, edit)
                self._posts.note(delivery.post_id, now, "edited", delivery.account)
        return changed.rowcount > 0

    def edited(self, delivery: Delivery, words: Words, receipt: Receipt, now: datetime) -> None:
        """Keep what a post says now, and have it read back."""
        with self._db.change() as db:
            db.execute(
                "UPDATE deliveries SET words = ? WHERE id = ?", (wire.dump(words), delivery.id)
            )
            db.execute(
                "UPDATE receipts SET uri = ?, url = ?, answer = ?, checked_at = NULL, look_at = ?,"
                " seen = '{}' WHERE delivery_id = ?",
                (
                    *(receipt.uri, receipt.url, wire.dump(receipt.answer)),
                    *(to_ms(now), delivery.id),
                ),
            )
            self._posts.note(delivery.post_id, now, "edited", delivery.account)

    def protect_with(self, post_id: int, recipe: str, now: datetime) -> bool:
        """Have a post of which nothing went out protected anew with another recipe, and let it go
        on where it was held. False: it was too late."""
        with self._db.change() as db:
            if not self._renditions.protect_anew(post_id, now):
                return False
            db.execute("UPDATE posts SET recipe = ? WHERE id = ?", (recipe, post_id))
            self.release(post_id, now)
            self._posts.move_to(post_id, PostState.TAKEN, now)
        return True

    def cancel(self, delivery: Delivery, now: datetime) -> bool:
        """Take back what was not sent: it never will be."""
        with self._db.change() as db:
            changed = db.execute(
                f"{_RETRACT} WHERE {_UNSENT}",
                (delivery.id,),
            )
            if changed.rowcount:
                self._posts.note(delivery.post_id, now, "not to be sent", delivery.account)
                self._settle_post(delivery.post_id, now)
        return changed.rowcount > 0

    def stop(self, delivery: Delivery, why: str) -> bool:
        """Hold what may have been sent, so that it is not sent while the network is asked. False:
        it is being sent at this moment."""
        with self._db.change() as db:
            changed = db.execute(
                "UPDATE deliveries SET state = 'held', reason = ? WHERE id = ?"
                " AND state IN ('unsure', 'held') AND NOT EXISTS (SELECT 1 FROM attempts a"
                " WHERE a.delivery_id = deliveries.id AND a.ended_at IS NULL)",
                (why, delivery.id),
            )
        return changed.rowcount > 0

    def retracted(self, delivery: Delivery, now: datetime) -> None:
        """Record that a copy was deleted; its receipt is kept."""
        with self._db.change() as db:
            db.execute(
                f"{_RETRACT} WHERE id = ?",
                (delivery.id,),
            )
            db.execute(
                "UPDATE receipts SET look_at = NULL WHERE delivery_id = ?",
                (delivery.id,),
            )
            self._posts.note(delivery.post_id, now, "retracted from", delivery.account)
            self._settle_post(delivery.post_id, now)

    def taken_back(self, post_id: int) -> set[str]:
        """Return the accounts that have a receipt of the post whose copy was deleted."""
        receipts = self._deliveries.receipts(post_id)
        return {
            d.account
            for d in self._deliveries.of_post(post_id)
            if d.state is DeliveryState.RETRACTED and d.account in receipts
        }

    def _let_go(self, db: sqlite3.Connection, post_id: int, now: datetime) -> int:
        db.execute(
            "UPDATE attempts SET outcome = ? || outcome WHERE outcome LIKE 'unsure%' AND"
            " delivery_id IN (SELECT id FROM deliveries WHERE post_id = ? AND state = 'held')",
            (LOOKED_FOR, post_id),
        )
        rows = db.execute(
            f"UPDATE deliveries SET state = {_AFTER_RELEASE}, due_at = ?, planned_at = ?,"
            " slot = NULL, reason = '', tries = 0"
            " WHERE post_id = ? AND state = 'held' RETURNING id",
            (to_ms(now), to_ms(now), post_id),
        ).fetchall()
        return len(rows)

    def _settle_post(self, post_id: int, now: datetime) -> None:
        """Say of a post whose last copy was taken back, or that waits for nothing more, so."""
        states = {d.state for d in self._deliveries.of_post(post_id)}
        was, becomes = self._posts.get(post_id).state, PostState.RETRACTED
        if states == {DeliveryState.POSTED, DeliveryState.RETRACTED}:
            becomes = PostState.POSTED
        elif states != {DeliveryState.RETRACTED}:
            return
        if was is not becomes:
            self._posts.move_to(post_id, becomes, now)


def _pinned(place: Delivery) -> str:
    """Return what to ask for, to have this very place."""
    if place.slot is not None:
        return f"slot {place.slot}"
    return place.asked if place.due_at is None else f"place {place.due_at.isoformat()}"


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
