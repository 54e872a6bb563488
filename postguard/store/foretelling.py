"""Which deliveries were looked at before they are due, as rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from postguard.model import Delivery
from postguard.store.connection import Database, to_ms
from postguard.store.deliveries import DeliveryRows

AT_ONCE = 200
FORETOLD = "foretold"  # the event of a post that could not go out


class ForetellingRows:
    """`foretold` of a delivery is how many hours before its time it was last looked at."""

    def __init__(self, db: Database, deliveries: DeliveryRows) -> None:
        self._db = db
        self._deliveries = deliveries

    def unforetold(self, now: datetime, hours: int, soon: timedelta) -> list[Delivery]:
        """Return what is due within so many hours, but not too soon for anything to be mended, and
        was not looked at since that many hours before; dry runs and held posts left out."""
        rows = self._db.rows(
            "SELECT d.id FROM deliveries d CROSS JOIN posts p ON p.id = d.post_id"
            " WHERE d.state IN ('scheduled', 'unsure') AND d.due_at > ? AND d.due_at <= ?"
            " AND (d.foretold = 0 OR d.foretold > ?) AND NOT d.dry_run AND p.state = 'protected'"
            " ORDER BY d.due_at, d.id LIMIT ?",
            (to_ms(now + soon), to_ms(now + timedelta(hours=hours)), hours, AT_ONCE),
        )
        return [self._deliveries.get(r[0]) for r in rows]

    def foretell(self, delivery: Delivery, hours: int, told: str, now: datetime) -> None:
        """Note that it was looked at, and what is in its way, if anything."""
        with self._db.change() as db:
            db.execute("UPDATE deliveries SET foretold = ? WHERE id = ?", (hours, delivery.id))
            if told:
                self._deliveries.tell(delivery, told, now, FORETOLD)
