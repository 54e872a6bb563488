"""What a restored database cannot know: which of its deliveries went out after the backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postguard import language
from postguard.language import _, marked
from postguard.model import Delivery, Place, PostState, Receipt
from postguard.store.attempts import AttemptRows
from postguard.store.connection import Database, from_ms, to_ms
from postguard.store.deliveries import DeliveryRows

AT_ONCE = 200
_MAY_HAVE_GONE = "state IN ('waiting', 'scheduled', 'sending', 'unsure', 'held') AND NOT dry_run"
_WAITS = marked(
    "restored from a backup: waits until postguard has seen whether it is there already"
)
# Whose pictures lie ready: it could be sent now, were it not to be looked for.
_READY = """
SELECT d.id FROM unmatched u
  CROSS JOIN deliveries d ON d.post_id = u.post_id AND d.account = u.account
  CROSS JOIN posts p ON p.id = d.post_id
WHERE u.account = ? AND d.state IN ('waiting', 'scheduled', 'unsure')
  AND p.state = 'protected' AND p.place = 'queued'
ORDER BY d.post_id LIMIT ?"""


class RestoredRows:
    """The deliveries of one database that are not to be sent before they were looked for."""

    def __init__(self, db: Database, deliveries: DeliveryRows, attempts: AttemptRows) -> None:
        self._db = db
        self._deliveries = deliveries
        self._attempts = attempts

    def mark(self, since: datetime) -> int:
        """Let nothing go out that may have gone out since the backup; return how many wait."""
        with self._db.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO unmatched (post_id, account, since)"
                f" SELECT post_id, account, ? FROM deliveries WHERE {_MAY_HAVE_GONE}",
                (to_ms(since),),
            )
            db.execute(
                f"UPDATE deliveries SET reason = ? WHERE {_MAY_HAVE_GONE} AND state != 'held'",
                (_(_WAITS),),
            )
            return self.count()

    def count(self) -> int:
        """Return how many deliveries are still to be looked for."""
        row = self._db.row("SELECT count(*) FROM unmatched")
        return 0 if row is None else int(row[0])

    def accounts(self) -> list[str]:
        """Return the accounts that are to be looked through."""
        return [
            str(r[0])
            for r in self._db.rows("SELECT DISTINCT account FROM unmatched ORDER BY account")
        ]

    def since(self, account: str) -> datetime:
        """Return from when on an account is to be looked through."""
        row = self._db.row("SELECT min(since) FROM unmatched WHERE account = ?", (account,))
        assert row is not None
        return from_ms(row[0])

    def ready(self, account: str) -> list[Delivery]:
        """Return what could be sent to an account were it not to be looked for."""
        rows = self._db.rows(_READY, (account, AT_ONCE))
        return [self._deliveries.get(r[0]) for r in rows]

    def waits(self, post_id: int, account: str) -> bool:
        """Return whether a post is still to be looked for on an account."""
        sql = "SELECT 1 FROM unmatched WHERE post_id = ? AND account = ?"
        return self._db.row(sql, (post_id, account)) is not None

    def goes_on(self, delivery: Delivery) -> None:
        """It is not there: it goes its way as planned."""
        said = language.in_every_language(_WAITS)
        with self._db.change() as db:
            self._matched(delivery)
            db.execute(
                "UPDATE deliveries SET reason = '' WHERE id = ?"
                f" AND reason IN ({', '.join('?' * len(said))})",
                (delivery.id, *said),
            )

    def is_there(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        """It went out after the backup: its receipt is kept, and it is not sent again."""
        with self._db.change():
            self._matched(delivery)
            said = _("it stands there already, since it was posted after the backup")
            self._deliveries.tell(delivery, said, now)
            self._attempts.finish(delivery.id, receipt, now)

    def hold(self, delivery: Delivery, reason: str, now: datetime) -> None:
        """Only the artist can tell; what they let go on is sent."""
        with self._db.change():
            self._matched(delivery)
            self._attempts.hold(delivery.id, reason, now)

    def folders(self) -> list[tuple[int, str, Place]]:
        """Return (post, folder, place) of every post whose files postguard keeps."""
        rows = self._db.rows("SELECT id, folder, place FROM posts WHERE state != 'withdrawn'")
        return [(r["id"], r["folder"], Place(r["place"])) for r in rows]

    def keep_numbers(self, strays: Sequence[tuple[int, str, Place]], now: datetime) -> None:
        """Give no number to a new post that an unknown folder, and the marks in its pictures, have
        already."""
        with self._db.change() as db:
            db.executemany(
                "INSERT OR IGNORE INTO posts (id, name, folder, place, state, reason, recipe,"
                " sidecars, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, '', '[]', ?, ?)",
                [
                    (
                        *(number, folder.partition("-")[2] or folder, folder, place),
                        *(PostState.WITHDRAWN, _("dropped after the backup that was restored")),
                        *(to_ms(now), to_ms(now)),
                    )
                    for number, folder, place in strays
                ],
            )

    def _matched(self, delivery: Delivery) -> None:
        with self._db.change() as db:
            db.execute(
                "DELETE FROM unmatched WHERE post_id = ? AND account = ?",
                (delivery.post_id, delivery.account),
            )
