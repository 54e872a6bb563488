"""What goes out in the days to come, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from postguard.store.connection import Database, from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery with its time. `name`: of its post, as the artist knows it."""

    at: datetime
    account: str
    post_id: int
    name: str
    held: bool
    dry_run: bool


def planned(db: Database, since: datetime, until: datetime) -> list[Planned]:
    """Return what is to go out between two times, in order; `held`: its post is kept back."""
    rows = db.rows(
        "SELECT d.due_at, d.account, d.post_id, d.dry_run, p.name, p.state FROM deliveries d"
        " CROSS JOIN posts p ON p.id = d.post_id WHERE d.state IN ('scheduled', 'unsure')"
        " AND d.due_at >= ? AND d.due_at < ? AND p.state NOT IN ('withdrawn', 'retracted')"
        " ORDER BY d.due_at, d.id",
        (to_ms(since), to_ms(until)),
    )
    return [
        Planned(
            at=from_ms(r["due_at"]),
            account=r["account"],
            post_id=r["post_id"],
            name=r["name"],
            held=r["state"] == "held",
            dry_run=bool(r["dry_run"]),
        )
        for r in rows
    ]
