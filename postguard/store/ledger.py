"""What was posted, when and where, with the hashes of what was posted: the rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from postguard.store.connection import Database, Row, from_ms

_POSTED = """
SELECT r.*, d.account, d.fit, d.state, p.id AS post_id, p.name, p.recipe
FROM receipts r JOIN deliveries d ON d.id = r.delivery_id JOIN posts p ON p.id = d.post_id
WHERE NOT d.dry_run AND r.url NOT LIKE 'file:%' ORDER BY r.at, r.delivery_id"""
_PICTURES = """
SELECT a.position, a.name, a.sha256 AS original, n.sha256 AS sent
FROM artworks a LEFT JOIN renditions n
  ON n.post_id = a.post_id AND n.position = a.position AND n.fit = ?
WHERE a.post_id = ? ORDER BY a.position"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of one post to one account.

    Attributes:
        at: when the network took it, by this PC's clock or the network's.
        original, sent: SHA-256 of the artist's file, and of the protected one; the latter is empty
            where it is no longer known.
        seen_at: when the post was read back; None: it was not.
        deleted: it was deleted again.
    """

    at: datetime
    account: str
    url: str
    post_id: int
    picture: str
    original: str
    sent: str
    recipe: str
    seen_at: datetime | None
    deleted: bool


class LedgerRows:
    """The ledger of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def entries(self) -> Iterator[Entry]:
        """Yield every picture that was posted, the oldest first; pages on this PC left out."""
        for posted in self._db.rows(_POSTED):
            for picture in self._db.rows(_PICTURES, (posted["fit"], posted["post_id"])):
                yield _entry(posted, picture)


def _entry(posted: Row, picture: Row) -> Entry:
    checked = posted["checked_at"]
    return Entry(
        at=from_ms(posted["at"]),
        account=posted["account"],
        url=posted["url"],
        post_id=posted["post_id"],
        picture=picture["name"],
        original=picture["original"],
        sent=picture["sent"] or "",
        recipe=posted["recipe"],
        seen_at=None if checked is None else from_ms(checked),
        deleted=posted["state"] == "retracted",
    )
