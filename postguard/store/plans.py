"""When accounts are to post and have posted, as planning asks it. Implements `ports.Plans`.

A queue may be long, so that nothing here reads all of it: free slots are found behind the runs of
taken ones that are known (`slot_runs`), and distances by the nearest posts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from postguard.store.connection import Database, from_ms, in_ms, to_ms

_LONGEST_PAUSE = timedelta(hours=1)  # between two tries
_LONGEST_TRY = timedelta(hours=1)  # from its start to its end, for uploads on a slow line
# Read of a queue that may be long, where the first few are enough.
_SLOTS_AT_ONCE, _TIMES_AT_ONCE = 50, 200
# Before it nothing goes out that has a slot, or a day and time of its own, still ahead: it was
# tried by a clock that was ahead, and no wait that is made shorter may send it before its time.
_NOT_BEFORE = """
CASE WHEN slot IS NOT NULL OR asked GLOB '[0-9]*' THEN coalesce(planned_at, 0) ELSE 0 END"""


class PlanRows:
    """The times of the deliveries of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def free_slot(
        self, account: str, start: str, rules: str, keys: Callable[[str], Iterator[str]]
    ) -> str | None:
        """Return the first slot from the key `start` on that no delivery of the account has.

        Args:
            rules: says which slots there are; runs that were found by other rules are forgotten.
            keys: yields the slots from a key on, in order.
        """
        with self._db.change() as db:
            db.execute("DELETE FROM slot_runs WHERE account = ? AND rules != ?", (account, rules))
            key, taken, passed = None, list[str](), False
            for key in self._outside_runs(account, start, keys):
                if not taken or key > taken[-1]:
                    taken = self._next_taken(account, key)
                if key not in taken:
                    break
                passed = True
            if key is not None and passed:
                self._note_run(account, start, key, rules)
        return key

    def taken_slots(self, account: str, since: str, until: str) -> set[str]:
        """Return the slots between two keys that the account has used or will use."""
        rows = self._db.rows(
            "SELECT slot FROM deliveries WHERE account = ? AND slot >= ? AND slot < ?",
            (account, since, until),
        )
        return {str(r[0]) for r in rows}

    def unplan_all(self, now: datetime) -> int:
        """Take the slots to come back from deliveries of which nothing was sent yet, so that they
        are planned anew; return how many. A slot that has passed is left to the rule for late
        posts, and one that the artist has chosen to the artist. What goes out without a slot, or
        is tried again, waits no longer than usual: a clock that ran ahead may have timed it."""
        soon = to_ms(now + _LONGEST_PAUSE)
        with self._db.change() as db:
            db.execute("DELETE FROM slot_runs")  # rather than break them up one by one
            db.execute(
                f"UPDATE deliveries SET due_at = max(?, {_NOT_BEFORE})"
                " WHERE state IN ('scheduled', 'unsure') AND due_at > ? AND tries > 0",
                (soon, soon),
            )
            return db.execute(
                "UPDATE deliveries SET state = 'waiting', due_at = NULL, slot = NULL"
                " WHERE state = 'scheduled' AND tries = 0 AND due_at > ?"
                " AND (slot IS NOT NULL OR asked IN ('now', 'grace'))"
                " AND asked NOT LIKE 'slot %'",
                (to_ms(now),),
            ).rowcount

    def set_back(self, by: timedelta, now: datetime) -> None:
        """Let every wait for another try end as much earlier as the clock was set back."""
        with self._db.change() as db:
            db.execute(
                f"UPDATE deliveries SET due_at = max(due_at - ?, {_NOT_BEFORE})"
                " WHERE state IN ('scheduled', 'unsure') AND due_at > ? AND tries > 0",
                (in_ms(by), to_ms(now)),
            )

    def went_out(self, account: str, since: datetime, besides: int) -> list[datetime]:
        """Return when the account posted since, or may have, in order; dry runs and the delivery
        `besides` left out."""
        rows = self._db.rows(
            "SELECT coalesce(a.ended_at, a.started_at) FROM attempts a CROSS JOIN deliveries d"
            " ON d.id = a.delivery_id WHERE a.started_at > ? AND a.outcome NOT LIKE 'refused%'"
            " AND d.account = ? AND d.id != ? AND NOT d.dry_run",
            (to_ms(since - _LONGEST_TRY), account, besides),
        )
        return [at for at in sorted(from_ms(r[0]) for r in rows) if at > since]

    def planned(self, account: str, since: datetime, besides: int) -> Iterator[datetime]:
        """Yield when the account is to post from `since` on, in order; dry runs, the delivery
        `besides` and what is held or was taken back left out."""
        behind = (to_ms(since), 0)
        while rows := self._db.rows(
            "SELECT due_at, id, dry_run, EXISTS (SELECT 1 FROM posts p"
            " WHERE p.id = deliveries.post_id AND p.state = 'protected')"
            " FROM deliveries INDEXED BY deliveries_of_account"
            " WHERE account = ? AND (due_at, id) > (?, ?)"
            " AND state IN ('scheduled', 'unsure', 'sending') ORDER BY due_at, id LIMIT ?",
            (account, *behind, _TIMES_AT_ONCE),
        ):
            yield from (from_ms(r[0]) for r in rows if r[1] != besides and not r[2] and r[3])
            behind = (rows[-1][0], rows[-1][1])

    def _behind_run(self, account: str, key: str) -> str | None:
        """Return where the run that this slot lies in ends, if one is known."""
        row = self._db.row(
            "SELECT behind FROM slot_runs WHERE account = ? AND start <= ?"
            " ORDER BY start DESC LIMIT 1",
            (account, key),
        )
        return str(row[0]) if row is not None and row[0] > key else None

    def _outside_runs(
        self, account: str, start: str, keys: Callable[[str], Iterator[str]]
    ) -> Iterator[str]:
        """Yield the slots from a key on that lie in no known run."""
        run: str | None = start
        walk = keys(start)
        while (key := next(walk, None)) is not None:
            if run is not None and key >= run:
                if behind := self._behind_run(account, key):
                    walk = keys(behind)
                    continue
                run = self._next_run(account, key)
            yield key

    def _next_run(self, account: str, key: str) -> str | None:
        """Return where the next run begins behind a slot."""
        row = self._db.row(
            "SELECT start FROM slot_runs WHERE account = ? AND start > ? ORDER BY start LIMIT 1",
            (account, key),
        )
        return None if row is None else str(row[0])

    def _next_taken(self, account: str, key: str) -> list[str]:
        """Return the next few taken slots from a key on, in order."""
        rows = self._db.rows(
            "SELECT slot FROM deliveries WHERE account = ? AND slot >= ? ORDER BY slot LIMIT ?",
            (account, key, _SLOTS_AT_ONCE),
        )
        return [str(r[0]) for r in rows]

    def _note_run(self, account: str, start: str, behind: str, rules: str) -> None:
        """Make one run of a stretch and of those that it goes over or goes on from."""
        with self._db.change() as db:
            before = db.execute(
                "SELECT start, behind FROM slot_runs WHERE account = ? AND start <= ?"
                " ORDER BY start DESC LIMIT 1",
                (account, start),
            ).fetchone()
            if before is not None and before["behind"] >= start:
                start = before["start"]
            db.execute(
                "DELETE FROM slot_runs WHERE account = ? AND start >= ? AND start <= ?",
                (account, start, behind),
            )
            db.execute(
                "INSERT INTO slot_runs (account, start, behind, rules) VALUES (?, ?, ?, ?)",
                (account, start, behind, rules),
            )


@contextmanager
def slots_stay(db: sqlite3.Connection) -> Iterator[None]:
    """Keep the known runs while deliveries change their slots among each other: the same are
    taken afterwards, and breaking the runs up at each would take long."""
    runs = db.execute("DELETE FROM slot_runs RETURNING *").fetchall()
    yield
    db.executemany(
        "INSERT INTO slot_runs (account, start, behind, rules) VALUES (?, ?, ?, ?)",
        [(r["account"], r["start"], r["behind"], r["rules"]) for r in runs],
    )
