"""Renditions as rows: stored once a post was protected, gone when it is to be protected anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from postguard.model import Json, PostState, Rendition
from postguard.store.connection import Database, Row
from postguard.store.likeness import LikenessRows
from postguard.store.posts import PostRows
from postguard.system import wire


class RenditionRows:
    """The renditions of one database."""

    def __init__(self, db: Database, posts: PostRows) -> None:
        self._db = db
        self._posts = posts

    def protected(self, post_id: int, renditions: Iterable[Rendition], now: datetime) -> None:
        """Store the renditions and let the post's deliveries be planned, in one transaction.

        A post that the artist held in the meantime stays held.
        """
        renditions = tuple(renditions)
        with self._db.change() as db:
            db.execute("DELETE FROM renditions WHERE post_id = ?", (post_id,))
            db.executemany(
                "INSERT INTO renditions (post_id, position, fit, path, sha256, mime, width,"
                " height, size, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(post_id, r.position, r.fit, r.path.name, r.sha256, r.mime),
                        *(r.width, r.height, r.size, wire.dump(r.record)),
                    )
                    for r in renditions
                ],
            )
            LikenessRows(self._db).keep(post_id, {r.position: r.likeness for r in renditions})
            if self._posts.get(post_id).state is PostState.TAKEN:
                self._posts.move_to(post_id, PostState.PROTECTED, now)

    def finished(self, post_id: int, renditions: Iterable[Rendition], now: datetime) -> bool:
        """Store what was made of a post since `progress.begin`, in one transaction with the look
        whether it is still wanted. False: it is not, for an edit or a hold came first."""
        with self._db.change():
            wanted = self._posts.progress.tell(post_id, None)
            if wanted:
                self.protected(post_id, renditions, now)
        return wanted

    def protect_anew(self, post_id: int, now: datetime) -> bool:
        """Have a post protected once more, of which nothing went out; one that is held stays so.
        False: some of it went out, or is about to, and its files stay as they are."""
        with self._db.change() as db:
            post = self._posts.get(post_id)
            claimed = db.execute(
                "SELECT 1 FROM deliveries WHERE post_id = ? AND state IN ('sending', 'unsure')",
                (post_id,),
            ).fetchone()
            if claimed is not None or self._posts.went_out(post_id):
                return False
            db.execute("DELETE FROM renditions WHERE post_id = ?", (post_id,))
            begun = self._posts.progress.tell(post_id, None)
            if post.state is PostState.PROTECTED or begun:
                self._posts.move_to(post_id, PostState.TAKEN, now)
        return True

    def of_post(self, post_id: int, folder: Path, fit: str | None = None) -> list[Rendition]:
        """Return the renditions, in the artworks' order; their files lie in `folder`."""
        rows = self._db.rows(
            "SELECT * FROM renditions WHERE post_id = ? ORDER BY fit, position", (post_id,)
        )
        return [_rendition(r, folder) for r in rows if fit is None or r["fit"] == fit]

    def has(self, post_id: int) -> bool:
        """Return whether the post was protected."""
        return self._db.row("SELECT 1 FROM renditions WHERE post_id = ?", (post_id,)) is not None


def _rendition(row: Row, folder: Path) -> Rendition:
    keys = ("position", "fit", "sha256", "mime", "width", "height", "size")
    record = wire.load(dict[str, Json], row["record"])
    return Rendition(path=folder / row["path"], record=record, **{k: row[k] for k in keys})
