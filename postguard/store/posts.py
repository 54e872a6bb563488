"""Posts, their artworks and their history as rows. Implements `ports.Posts`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from postguard.errors import Unusable
from postguard.language import _
from postguard.model import (
    Artwork,
    DeliveryState,
    Edit,
    NewDelivery,
    NewPost,
    Place,
    Post,
    PostState,
)
from postguard.store.connection import Database, Row, from_ms, to_ms
from postguard.store.progress import ProgressRow
from postguard.system import wire

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_LONGEST_NAME = 60  # characters; up to 240 bytes, under the 255 of common file systems


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a post's history."""

    at: datetime
    what: str
    detail: str


class PostRows:
    """The posts of one database; `progress`: of the one that is being protected."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.progress = ProgressRow(db)

    def create(self, new: NewPost, now: datetime) -> Post:
        """Insert a post, `taking` or, where it comes with a reason, `held`."""
        state = PostState.HELD if new.reason else PostState.TAKING
        with self._db.change() as db:
            post_id = db.execute(
                "INSERT INTO posts (name, folder, place, state, reason, recipe, sidecars, series,"
                " edits, created_at, changed_at)"
                " VALUES (?, hex(randomblob(16)), ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                (
                    *(new.name, Place.OUTBOX, state, new.reason, new.recipe),
                    *(wire.dump(new.sidecars), new.series, wire.dump(new.edits)),
                    *(to_ms(now), to_ms(now)),
                ),
            ).fetchone()[0]
            db.execute(
                "UPDATE posts SET folder = ? WHERE id = ?",
                (folder_name(post_id, new.name), post_id),
            )
            self._insert_artworks(post_id, new)
            self._insert_deliveries(post_id, new.deliveries, held=bool(new.reason))
            self.note(post_id, now, "held" if new.reason else "settled", new.reason or new.name)
            for account in new.edits:
                self.note(
                    post_id,
                    now,
                    "edited",
                    _("{account}, before you moved its files back").format(account=account),
                )
        return self.get(post_id)

    def get(self, post_id: int) -> Post:
        """Return one post. Raises Unusable when there is none."""
        row = self._db.row("SELECT * FROM posts WHERE id = ?", (post_id,))
        if row is None:
            raise Unusable(
                _("there is no post {post_id}; `postguard list` shows them").format(
                    post_id=post_id
                )
            )
        return self._posts([row])[0]

    def in_state(self, *states: PostState, limit: int = 100) -> list[Post]:
        """Return posts in any of these states, oldest first."""
        marks = ", ".join("?" * len(states))
        sql = f"SELECT * FROM posts WHERE state IN ({marks}) ORDER BY id LIMIT ?"
        return self._posts(self._db.rows(sql, (*states, limit)))

    def misplaced(self, limit: int = 100) -> list[Post]:
        """Return posts whose folder does not lie where their state says."""
        rows = self._db.rows(
            "SELECT * FROM posts WHERE (place = 'queued' AND state IN ('held', 'posted',"
            " 'retracted')) OR (place = 'held' AND state IN ('taken', 'protected', 'posted',"
            " 'retracted'))"
            " OR (place IN ('posted', 'dry-run') AND state IN ('taken', 'protected', 'held'))"
            " ORDER BY id LIMIT ?",
            (limit,),
        )
        return self._posts(rows)

    def half_out(self, since: datetime) -> list[Post]:
        """Return posts that an account has posted since then, while another still has to."""
        # CROSS JOIN holds SQLite to this order: few went out lately, while many wait.
        rows = self._db.rows(
            "SELECT DISTINCT p.* FROM receipts r CROSS JOIN deliveries d ON d.id = r.delivery_id"
            " CROSS JOIN posts p ON p.id = d.post_id"
            " WHERE r.at >= ? AND p.state IN ('protected', 'held')",
            (to_ms(since),),
        )
        return self._posts(rows)

    def unplaced(self) -> list[Post]:
        """Return posts whose files were not yet moved out of the outbox."""
        return self._posts(
            self._db.rows(
                "SELECT * FROM posts WHERE place = 'outbox' AND state != 'withdrawn' ORDER BY id"
            )
        )

    def page(self, states: Sequence[PostState], before: int | None, limit: int) -> list[Post]:
        """Return one page of posts, newest first; `before`: id of the last one seen."""
        where, values = ["state != 'withdrawn'"], list[Any]()
        if states:
            where = [f"state IN ({', '.join('?' * len(states))})"]
            values += states
        if before is not None:
            where.append("id < ?")
            values.append(before)
        sql = f"SELECT * FROM posts WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"
        return self._posts(self._db.rows(sql, (*values, limit)))

    def counts(self) -> dict[PostState, int]:
        """Return how many posts are in each state."""
        rows = self._db.rows("SELECT state, count(*) FROM posts GROUP BY state")
        return {PostState(r[0]): r[1] for r in rows}

    def with_bytes(self, sha256: str) -> list[Post]:
        """Return the posts that hold these bytes; withdrawn and retracted ones and those that are
        nothing but a dry run, or that all accounts only drew on this PC, left out."""
        rows = self._db.rows(
            "SELECT p.* FROM posts p JOIN artworks a ON a.post_id = p.id"
            " WHERE a.sha256 = ? AND p.state NOT IN ('withdrawn', 'retracted')"
            " AND coalesce((SELECT min(d.dry_run"
            " OR p.state = 'posted' AND coalesce(r.url, '') LIKE 'file:%')"
            " FROM deliveries d LEFT JOIN receipts r ON r.delivery_id = d.id"
            " WHERE d.post_id = p.id), 0) = 0"
            " GROUP BY p.id ORDER BY p.id",
            (sha256,),
        )
        return self._posts(rows)

    def move_to(
        self, post_id: int, state: PostState, now: datetime, reason: str = "", event: str = ""
    ) -> None:
        """Change the state and its reason, with a line of history, in one transaction. Whoever
        protects the post at that moment loses its row of progress, and gives up.

        `event`: what the history calls it; empty: as the state.
        """
        with self._db.change() as db:
            db.execute("DELETE FROM progress WHERE post_id = ?", (post_id,))
            db.execute(
                "UPDATE posts SET state = ?, reason = ?, changed_at = ? WHERE id = ?",
                (state, reason, to_ms(now), post_id),
            )
            self.note(post_id, now, event or str(state), reason)

    def keep_edit(self, post_id: int, account: str, edit: Edit) -> None:
        """Remember what the artist changed, for when the files with words are read anew."""
        with self._db.change() as db:
            edits = dict(self.get(post_id).edits)
            edits[account] = edit.after(edits.get(account, Edit()))
            db.execute("UPDATE posts SET edits = ? WHERE id = ?", (wire.dump(edits), post_id))

    def placed(self, post_id: int, place: Place) -> None:
        """Record where the post's folder lies now."""
        with self._db.change() as db:
            db.execute("UPDATE posts SET place = ? WHERE id = ?", (place, post_id))

    def reword(self, post_id: int, new: NewPost, now: datetime, edits: Mapping[str, Edit]) -> bool:
        """Replace artworks, words and deliveries of a released post, and take or hold it, in one
        transaction; False: it is not released any more, or has other edits, and stays as it is."""
        with self._db.change() as db:
            known = self.get(post_id)
            if known.state is not PostState.RELEASED or known.edits != edits:
                return False
            db.execute("DELETE FROM artworks WHERE post_id = ?", (post_id,))
            db.execute(
                "DELETE FROM deliveries WHERE post_id = ? AND state IN ('waiting', 'held')"
                " AND tries = 0",
                (post_id,),
            )
            db.execute(
                "UPDATE posts SET recipe = ?, sidecars = ?, series = ?, changed_at = ?"
                " WHERE id = ?",
                (new.recipe, wire.dump(new.sidecars), new.series, to_ms(now), post_id),
            )
            self._insert_artworks(post_id, new)
            self._insert_deliveries(post_id, new.deliveries, held=bool(new.reason))
            state = PostState.HELD if new.reason else PostState.TAKEN
            self.move_to(post_id, state, now, new.reason)
        return True

    def replaced(self, post_id: int, digests: Mapping[str, str]) -> None:
        """Know pictures of a post by other bytes: SHA-256 in hex, by file name."""
        with self._db.change() as db:
            db.executemany(
                "UPDATE artworks SET sha256 = ? WHERE post_id = ? AND name = ?",
                [(digest, post_id, name) for name, digest in digests.items()],
            )

    def went_out(self, post_id: int) -> bool:
        """Return whether an account has posted it, or may have: a try that was not refused. What
        was only drawn as a page did not go out."""
        return (
            self._db.row(
                "SELECT 1 FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
                " WHERE d.post_id = ? AND NOT d.dry_run AND a.outcome NOT LIKE 'refused%'",
                (post_id,),
            )
            is not None
        )

    def series(self, post_id: int) -> str:
        """Return the name of the series that the post belongs to; empty: none."""
        row = self._db.row("SELECT series FROM posts WHERE id = ?", (post_id,))
        return "" if row is None else str(row[0])

    def note(self, post_id: int, now: datetime, what: str, detail: str = "") -> None:
        """Add a line to a post's history."""
        with self._db.change() as db:
            db.execute(
                "INSERT INTO events (post_id, at, what, detail) VALUES (?, ?, ?, ?)",
                (post_id, to_ms(now), what, detail),
            )

    def history(self, post_id: int, after: int = 0) -> list[tuple[int, Event]]:
        """Return (id, event) of a post's history behind the event `after`, oldest first."""
        rows = self._db.rows(
            "SELECT * FROM events WHERE post_id = ? AND id > ? ORDER BY id", (post_id, after)
        )
        return [(r["id"], Event(from_ms(r["at"]), r["what"], r["detail"])) for r in rows]

    def _insert_artworks(self, post_id: int, new: NewPost) -> None:
        with self._db.change() as db:
            db.executemany(
                "INSERT INTO artworks (post_id, position, sha256, name, source, width, height,"
                " alt) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (post_id, i, a.sha256, a.name, a.source, a.width, a.height, a.alt)
                    for i, a in enumerate(new.artworks)
                ],
            )

    def _insert_deliveries(
        self, post_id: int, deliveries: Iterable[NewDelivery], *, held: bool
    ) -> None:
        state = DeliveryState.HELD if held else DeliveryState.WAITING
        with self._db.change() as db:
            db.executemany(
                "INSERT OR IGNORE INTO deliveries (post_id, account, words, state, asked, fit,"
                " dry_run, not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(post_id, d.account, wire.dump(d.words), state, d.asked, d.fit),
                        *(d.dry_run, None if d.not_before is None else to_ms(d.not_before)),
                    )
                    for d in deliveries
                ],
            )

    def _posts(self, rows: Sequence[Row]) -> list[Post]:
        if not rows:
            return []
        marks = ", ".join("?" * len(rows))
        found = self._db.rows(
            f"SELECT * FROM artworks WHERE post_id IN ({marks}) ORDER BY position",
            [r["id"] for r in rows],
        )
        artworks: dict[int, list[Artwork]] = {}
        for a in found:
            artworks.setdefault(a["post_id"], []).append(_artwork(a))
        return [_post(r, tuple(artworks.get(r["id"], ()))) for r in rows]


def folder_name(post_id: int, name: str) -> str:
    """Return `12-fox` for post 12 made of `fox.png`; Japanese stays, other signs go."""
    stem = name if "." not in name.strip(".") else name.rsplit(".", 1)[0]
    clean = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", stem)).strip(". -")
    return f"{post_id}-{clean[:_LONGEST_NAME]}".rstrip(" .-")


def _artwork(row: Row) -> Artwork:
    keys = ("id", "position", "sha256", "name", "source", "width", "height", "alt")
    return Artwork(**{k: row[k] for k in keys})


def _post(row: Row, artworks: tuple[Artwork, ...]) -> Post:
    return Post(
        id=row["id"],
        name=row["name"],
        folder=row["folder"],
        place=Place(row["place"]),
        state=PostState(row["state"]),
        recipe=row["recipe"],
        artworks=artworks,
        sidecars=wire.load(tuple[tuple[str, str], ...], row["sidecars"]),
        created_at=from_ms(row["created_at"]),
        reason=row["reason"],
        edits=wire.load(dict[str, Edit], row["edits"]),
    )
