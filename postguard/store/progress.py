"""How far the post is that is being protected now: one row, overwritten, never a history."""

from __future__ import annotations

from dataclasses import dataclass

from postguard.model import Progress
from postguard.store.connection import Database


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The post that is being protected; `progress` is None until something was heard."""

    post_id: int
    progress: Progress | None


class ProgressRow:
    """The one row of progress of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self, post_id: int) -> None:
        """Say that a post is being protected now, unless it no longer waits for that."""
        with self._db.change() as db:
            db.execute("DELETE FROM progress")
            db.execute(
                "INSERT INTO progress (id, post_id) SELECT 1, id FROM posts"
                " WHERE id = ? AND state = 'taken'",
                (post_id,),
            )

    def tell(self, post_id: int, progress: Progress | None) -> bool:
        """Overwrite how far it is; None: as before. False: the post changed its state since
        `begin`, so what is made of it is no longer wanted."""
        if progress is None:
            found = self._db.row("SELECT 1 FROM progress WHERE id = 1 AND post_id = ?", (post_id,))
            return found is not None
        with self._db.change() as db:
            changed = db.execute(
                "UPDATE progress SET position = ?, step = ?, fraction = ?, seconds_left = ?"
                " WHERE id = 1 AND post_id = ?",
                (
                    *(progress.position, progress.step, progress.fraction),
                    *(progress.seconds_left, post_id),
                ),
            )
            return changed.rowcount == 1

    def end(self) -> None:
        """Say that no post is being protected."""
        with self._db.change() as db:
            db.execute("DELETE FROM progress")

    def now(self) -> UnderWay | None:
        """Return which post is being protected, and how far it is."""
        row = self._db.row("SELECT * FROM progress WHERE id = 1")
        if row is None:
            return None
        keys = ("position", "step", "fraction", "seconds_left")
        told = Progress(done=False, **{key: row[key] for key in keys}) if row["step"] else None
        return UnderWay(row["post_id"], told)
