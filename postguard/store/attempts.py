"""Tries at deliveries as rows: claimed, begun, and what came of them. Implements `ports.Attempts`.

A delivery leaves the queue only with a receipt or a reason. Its plan is committed before anything
is sent, so that after any crash the network can be asked whether the post is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from postguard.errors import Refused
from postguard.language import _
from postguard.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Json,
    PostState,
    Receipt,
    only_drawn,
)
from postguard.store.connection import Database, Row, from_ms, to_ms
from postguard.store.deliveries import DeliveryRows, delivery_of
from postguard.store.posts import PostRows
from postguard.store.readings import FIRST_LOOK
from postguard.system import wire

# The + and CROSS keep SQLite on the index of due times, whose first row that fits is the answer.
# An `unsure` one stays `unsure`, so that a crash while asking is asked again. One whose folder
# still lies in held/ waits: its files would be moved away while they are read. One that a restored
# backup knows is looked for first: it may have gone out since.
_CLAIM = """
UPDATE deliveries SET
  state = CASE state WHEN 'unsure' THEN 'unsure' ELSE 'sending' END,
  tries = tries + 1
WHERE id = (
  SELECT d.id FROM deliveries d CROSS JOIN posts p ON p.id = d.post_id
  WHERE (+d.account IN ({marks}) OR d.dry_run AND +d.account IN ({dry}))
    AND d.state IN ('scheduled', 'unsure') AND d.due_at <= ?
    AND p.state = 'protected' AND p.place = 'queued'
    AND NOT EXISTS (SELECT 1 FROM unmatched u
      WHERE u.post_id = d.post_id AND u.account = d.account AND NOT d.dry_run)
  ORDER BY d.due_at, d.id LIMIT 1
) RETURNING *"""
_STOPPED = {DeliveryState.HELD, DeliveryState.RETRACTED}
_GOES_ON = {DeliveryState.SCHEDULED, DeliveryState.UNSURE}
# What the artist stopped while its sender was at work does not go on by the sender's word.
_NOT_STOPPED = "state NOT IN ('held', 'retracted')"
# What an artist let go on who had been told to look whether it is there.
LOOKED_FOR = "looked for; before that "


class AttemptRows:
    """The tries at the deliveries of one database."""

    def __init__(self, db: Database, posts: PostRows, deliveries: DeliveryRows) -> None:
        self._db = db
        self._posts = posts
        self._deliveries = deliveries

    def claim(
        self, now: datetime, accounts: Sequence[str], dry_only: Sequence[str] = ()
    ) -> Delivery | None:
        """Take the delivery of these accounts that has been due longest, if any; of those in
        `dry_only`, only dry runs.

        It becomes `sending`, or stays `unsure`. Deliveries of held posts wait with their post.
        """
        marks, dry = (", ".join("?" * len(names)) for names in (accounts, dry_only))
        claim = _CLAIM.format(marks=marks, dry=dry)
        with self._db.change() as db:
            row = db.execute(claim, (*accounts, *dry_only, to_ms(now))).fetchone()
        return None if row is None else delivery_of(row)

    def begin(self, delivery_id: int, plan: Mapping[str, Json], now: datetime) -> Attempt:
        """Store an attempt with its plan; only afterwards may anything be sent. Raises Refused
        where the artist has stopped it since it was claimed."""
        with self._db.change() as db:
            delivery = self._deliveries.get(delivery_id)
            held = self._posts.get(delivery.post_id).state is PostState.HELD
            if held or delivery.state in _STOPPED:
                raise Refused(
                    _("you stopped it while it was on its way; nothing was sent now"), stands=True
                )
            attempt_id = db.execute(
                "INSERT INTO attempts (delivery_id, plan, started_at) VALUES (?, ?, ?)"
                " RETURNING id",
                (delivery_id, wire.dump(plan), to_ms(now)),
            ).fetchone()[0]
        return Attempt(attempt_id, delivery_id, dict(plan), now)

    def last(self, delivery_id: int) -> Attempt | None:
        """Return the newest attempt at a delivery."""
        rows = self._db.rows(
            "SELECT * FROM attempts WHERE delivery_id = ? ORDER BY id DESC", (delivery_id,)
        )
        return _newest(rows) if rows else None

    def being_sent(self, post_id: int) -> bool:
        """Return whether a try at one of the post's deliveries has begun and not ended."""
        row = self._db.row(
            "SELECT 1 FROM deliveries d JOIN attempts a ON a.delivery_id = d.id"
            " WHERE d.post_id = ? AND a.ended_at IS NULL",
            (post_id,),
        )
        return row is not None

    def finish(self, delivery_id: int, receipt: Receipt, now: datetime) -> None:
        """Record the receipt; the post is `posted` when this was its last delivery."""
        with self._db.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO receipts (delivery_id, uri, url, at, answer, look_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(delivery_id, receipt.uri, receipt.url, to_ms(receipt.at)),
                    *(wire.dump(receipt.answer), to_ms(now + FIRST_LOOK)),
                ),
            )
            delivery = self._settle(delivery_id, DeliveryState.POSTED, "", "posted", now)
            post_id = delivery.post_id
            self._posts.note(post_id, now, "sent", f"{delivery.account} {receipt.url}")
            states = self._states(post_id)
            if states == {DeliveryState.POSTED}:
                drawn = only_drawn(self._deliveries.receipts(post_id).values())
                event = "drawn" if drawn else ""
                self._posts.move_to(post_id, PostState.POSTED, now, event=event)
            elif states == {DeliveryState.POSTED, DeliveryState.HELD}:
                self._posts.move_to(post_id, PostState.HELD, now, self._reasons(post_id))

    def put_back(
        self, delivery_id: int, state: DeliveryState, due_at: datetime, why: str, now: datetime
    ) -> None:
        """Return a claimed delivery to the queue as `scheduled` or `unsure`, due again later."""
        with self._db.change() as db:
            outcome = "unsure" if state is DeliveryState.UNSURE else "refused"
            delivery = self._settle(delivery_id, state, why, outcome, now)
            db.execute(
                "UPDATE deliveries SET due_at = ? WHERE id = ?", (to_ms(due_at), delivery_id)
            )
            db.execute(  # a clock that was wrong then must not make it wait for that time now
                "UPDATE attempts SET ended_at = ? WHERE delivery_id = ? AND ended_at > ?",
                (to_ms(now), delivery_id, to_ms(now)),
            )
            self._posts.note(delivery.post_id, now, "try again", f"{delivery.account}: {why}")

    def leave(self, delivery_id: int) -> None:
        """Return a claimed delivery to the queue as it was: nothing was tried."""
        with self._db.change() as db:
            db.execute(
                "UPDATE deliveries SET tries = tries - 1,"
                " state = CASE state WHEN 'unsure' THEN 'unsure' ELSE 'scheduled' END"
                f" WHERE id = ? AND {_NOT_STOPPED}",
                (delivery_id,),
            )

    def postpone(
        self, delivery_id: int, due_at: datetime, why: str, now: datetime, *, anew: bool
    ) -> None:
        """Return a claimed delivery to the queue, due later; no try is counted. `anew`: lateness
        is counted from then."""
        was = self._deliveries.get(delivery_id)
        with self._db.change() as db:
            db.execute(
                "UPDATE deliveries SET tries = tries - 1, reason = ?,"
                " state = CASE state WHEN 'unsure' THEN 'unsure' ELSE 'scheduled' END,"
                " due_at = ?, planned_at = CASE WHEN ? THEN ? ELSE planned_at END"
                f" WHERE id = ? AND {_NOT_STOPPED}",
                (why, to_ms(due_at), anew, to_ms(due_at), delivery_id),
            )
            if was.reason != why:  # it may look many times
                self._deliveries.tell(was, why, now)

    def hold(self, delivery_id: int, reason: str, now: datetime, *, sure: bool = True) -> None:
        """Hold the delivery; its post is held with it once no other delivery can go on.

        `sure`: nothing of it is on the network, so a release may send it anew.
        """
        with self._db.change():
            delivery = self._settle(
                delivery_id, DeliveryState.HELD, reason, "refused" if sure else "unsure", now
            )
            self._posts.note(delivery.post_id, now, "held", f"{delivery.account}: {reason}")
            states = self._states(delivery.post_id)
            if states and states <= {DeliveryState.HELD, DeliveryState.POSTED}:
                reasons = self._reasons(delivery.post_id)
                self._posts.move_to(delivery.post_id, PostState.HELD, now, reasons)

    def recover(self, now: datetime, busy: Collection[str] = ()) -> int:
        """Take back what is `sending` though nobody sends it: it was cut off, its outcome is
        unknown. `busy`: the accounts that are being sent to.

        Without a stored plan nothing can have been sent, and it is simply due again.
        """
        lost = f"state = 'sending' AND account NOT IN ({', '.join('?' * len(busy))})"
        with self._db.change() as db:
            db.execute(
                "UPDATE attempts SET ended_at = ?, outcome = 'unsure' WHERE ended_at IS NULL AND"
                f" delivery_id IN (SELECT id FROM deliveries WHERE {lost})",
                (to_ms(now), *busy),
            )
            rows = db.execute(
                "UPDATE deliveries SET due_at = ?, state = CASE WHEN EXISTS (SELECT 1 FROM"
                " attempts a WHERE a.delivery_id = deliveries.id) THEN 'unsure' ELSE 'scheduled'"
                f" END WHERE {lost} RETURNING id",
                (to_ms(now), *busy),
            ).fetchall()
        return len(rows)

    def _settle(
        self, delivery_id: int, state: DeliveryState, reason: str, outcome: str, now: datetime
    ) -> Delivery:
        with self._db.change() as db:
            stays = _NOT_STOPPED if state in _GOES_ON else "state != 'retracted'"
            db.execute(
                f"UPDATE deliveries SET state = ?, reason = ? WHERE id = ? AND {stays}",
                (state, reason, delivery_id),
            )
            db.execute(
                "UPDATE attempts SET ended_at = ?, outcome = ? WHERE delivery_id = ?"
                " AND ended_at IS NULL",
                (to_ms(now), f"{outcome}: {reason}" if reason else outcome, delivery_id),
            )
        return self._deliveries.get(delivery_id)

    def _states(self, post_id: int) -> set[DeliveryState]:
        """Return the states of a post's deliveries, but for what was taken back."""
        return {d.state for d in self._deliveries.of_post(post_id)} - {DeliveryState.RETRACTED}

    def _reasons(self, post_id: int) -> str:
        held = [d for d in self._deliveries.of_post(post_id) if d.state is DeliveryState.HELD]
        return "\n".join(f"{d.account}: {d.reason}" for d in held)


def _newest(rows: Sequence[Row]) -> Attempt:
    """Return the first of a delivery's attempts, which come newest first."""
    row, outcomes = rows[0], [str(r["outcome"]) for r in rows]
    doubtful = [o for o in outcomes if not o.startswith("refused")]
    return Attempt(
        id=row["id"],
        delivery_id=row["delivery_id"],
        plan=wire.load(dict[str, Json], row["plan"]),
        started_at=from_ms(row["started_at"]),
        in_vain=not doubtful,
        first_at=from_ms(min(r["started_at"] for r in rows if r["plan"] == row["plan"])),
        ended_at=None if row["ended_at"] is None else from_ms(row["ended_at"]),
        looked_for=bool(doubtful) and all(o.startswith(LOOKED_FOR) for o in doubtful),
    )
