"""What finds each artwork again from a copy of it: one fingerprint for each picture of a post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from postguard.store.connection import Database


@dataclass(frozen=True, slots=True)
class Kept:
    """The fingerprint of one artwork; `key` stands for it in a search."""

    key: int
    post_id: int
    position: int
    fingerprint: bytes


class LikenessRows:
    """The fingerprints of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, post_id: int, fingerprints: Mapping[int, bytes]) -> None:
        """Keep those of a post by position, in place of any it had; empty ones are left out."""
        rows = [(post_id, at, found) for at, found in sorted(fingerprints.items()) if found]
        with self._db.change() as db:
            db.execute("DELETE FROM likenesses WHERE post_id = ?", (post_id,))
            db.executemany(
                "INSERT INTO likenesses (post_id, position, fingerprint) VALUES (?, ?, ?)", rows
            )

    def batches(self, size: int = 400) -> Iterator[list[Kept]]:
        """Yield all of them, so many at a time, in the order of the posts."""
        after = 0
        while rows := self._db.rows(
            "SELECT rowid, post_id, position, fingerprint FROM likenesses WHERE rowid > ?"
            " ORDER BY rowid LIMIT ?",
            (after, size),
        ):
            yield [Kept(*row) for row in rows]
            after = rows[-1][0]

    def of(self, key: int) -> Kept | None:
        """Return one by its key; None: its post was protected anew meanwhile."""
        row = self._db.row(
            "SELECT rowid, post_id, position, fingerprint FROM likenesses WHERE rowid = ?", (key,)
        )
        return None if row is None else Kept(*row)

    def with_bytes(self, sha256: str) -> tuple[int, int] | None:
        """Return the first post, and the position in it, whose original or finished file has
        these bytes."""
        row = self._db.row(
            "SELECT f.post_id, f.position FROM"
            " (SELECT post_id, position FROM artworks WHERE sha256 = ?"
            " UNION SELECT post_id, position FROM renditions WHERE sha256 = ?) f"
            " JOIN renditions r ON r.post_id = f.post_id AND r.position = f.position"
            " ORDER BY f.post_id LIMIT 1",
            (sha256, sha256),
        )
        return None if row is None else (int(row[0]), int(row[1]))

    def count(self) -> int:
        """Return how many there are."""
        row = self._db.row("SELECT count(*) FROM likenesses")
        return 0 if row is None else int(row[0])

    def without(self) -> list[int]:
        """Return the posts that have a rendition whose artwork has no fingerprint, in order."""
        rows = self._db.rows(
            "SELECT DISTINCT r.post_id FROM renditions r LEFT JOIN likenesses l"
            " ON l.post_id = r.post_id AND l.position = r.position"
            " WHERE l.post_id IS NULL ORDER BY r.post_id"
        )
        return [int(row[0]) for row in rows]
