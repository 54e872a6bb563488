"""The ledger of one archive: what was protected, by content and recipe, so that it can go on.

It lies beside what was made, which may be on another machine's disk: so there is a plain rollback
journal, no WAL.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from postguard.errors import Retryable, Unusable
from postguard.language import _
from postguard.system import files

_PLACING, _DONE, _FAILED = "placing", "done", "failed"
_TABLE = """
CREATE TABLE IF NOT EXISTS picture(
  name TEXT PRIMARY KEY,         -- of the original, by its way from the archive's root
  recipe TEXT NOT NULL,          -- what was done: a hash of the recipe and of the artist's words
  size INTEGER NOT NULL, changed INTEGER NOT NULL,  -- the original's, in bytes and nanoseconds
  sha256 TEXT NOT NULL,          -- of the original
  state TEXT NOT NULL CHECK (state IN ('placing', 'done', 'failed')),
  made TEXT NOT NULL DEFAULT '', made_sha256 TEXT NOT NULL DEFAULT '',
  seconds REAL, ssimulacra2 REAL, gain REAL,
  reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS by_content ON picture(sha256, recipe) WHERE state = 'done';
"""


@dataclass(frozen=True, slots=True)
class Original:
    """One file to protect. `name`: its way from the root; `changed`: nanoseconds."""

    name: str
    size: int
    changed: int
    recipe: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of it. `name`: its way from the root of what is made; `gain`: of the cloak,
    the least behind a platform; None: it has none."""

    name: str
    sha256: str
    seconds: float = 0.0
    ssimulacra2: float | None = None
    gain: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `reason`: why it failed, in words; empty: it did not."""

    name: str
    made: Made
    reason: str = ""


class ArchiveRows:
    """The rows of one archive; threads may share it."""

    def __init__(self, path: Path) -> None:
        """Raises Unusable: it is no ledger, or cannot be written."""
        files.private_dir(path.parent)
        self._path = path
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.executescript(_TABLE)
        except sqlite3.Error as exc:
            raise Unusable(self._wrong(exc)) from exc

    def __enter__(self) -> ArchiveRows:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def known(self, original: Original) -> Made | None:
        """Return what was made of an unchanged original, or was about to be put in its place;
        None: there is nothing yet."""
        row = self._row(
            "SELECT * FROM picture WHERE name = ? AND recipe = ? AND size = ? AND changed = ? "
            "AND state != ?",
            (original.name, original.recipe, original.size, original.changed, _FAILED),
        )
        return _made(row) if row else None

    def of_content(self, sha256: str, recipe: str) -> Made | None:
        """Return what was made of the same bytes under another name."""
        row = self._row(
            "SELECT * FROM picture WHERE sha256 = ? AND recipe = ? AND state = 'done' LIMIT 1",
            (sha256, recipe),
        )
        return _made(row) if row else None

    def placing(self, original: Original, sha256: str, made: Made) -> None:
        """Keep what is about to be put in its place: a crash behind this leaves it known."""
        self._put(original, sha256, _PLACING, made, "")

    def done(self, original: Original, sha256: str, made: Made) -> None:
        """Keep that it is in its place."""
        self._put(original, sha256, _DONE, made, "")

    def settled(self, original: Original) -> None:
        """Keep that what was about to be put in its place is there; costs nothing where that is
        known, as of most pictures when an archive goes on."""
        self._write(
            "UPDATE picture SET state = ? WHERE name = ? AND state = ?",
            (_DONE, original.name, _PLACING),
        )

    def failed(self, original: Original, sha256: str, reason: str) -> None:
        """Keep why nothing was made."""
        self._put(original, sha256, _FAILED, Made("", ""), reason)

    def entries(self, recipe: str) -> Iterator[Entry]:
        """Return what was done by a recipe, in the order of names."""
        begin = ""
        while rows := self._page(recipe, begin):
            for row in rows:
                yield Entry(row["name"], _made(row), row["reason"])
            begin = rows[-1]["name"]

    def _page(self, recipe: str, begin: str) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(
                "SELECT * FROM picture WHERE recipe = ? AND name > ? AND state != ? "
                "ORDER BY name LIMIT 1000",
                (recipe, begin, _PLACING),
            ).fetchall()

    def _row(self, sql: str, values: tuple[object, ...]) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return found

    def _put(self, original: Original, sha256: str, state: str, made: Made, reason: str) -> None:
        self._write(
            "INSERT OR REPLACE INTO picture VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                original.name,
                original.recipe,
                original.size,
                original.changed,
                sha256,
                state,
                made.name,
                made.sha256,
                made.seconds,
                made.ssimulacra2,
                made.gain,
                reason,
            ),
        )

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        """Raises Retryable: the disk is full, or cannot be written."""
        try:
            with self._lock:
                self._db.execute(sql, values)
        except sqlite3.OperationalError as exc:
            raise Retryable(self._wrong(exc)) from exc

    def _wrong(self, exc: sqlite3.Error) -> str:
        said = _("{path}: the archive's ledger cannot be used: {exc}")
        return said.format(path=self._path, exc=exc)


def _made(row: sqlite3.Row) -> Made:
    return Made(row["made"], row["made_sha256"], row["seconds"], row["ssimulacra2"], row["gain"])
