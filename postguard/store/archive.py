"""The ledger of one archive: what was protected, by content and recipe, so that it can go on.

It lies beside what was made, which may be on another machine's disk: so there is a plain rollback
journal, no WAL.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from postguard.errors import Retryable, Unusable
from postguard.language import _
from postguard.system import files

_PLACING, _DONE = "placing", "done"
_TABLES = """
CREATE TABLE IF NOT EXISTS picture(
  name TEXT PRIMARY KEY,         -- of the original, by its way from the archive's root
  recipe TEXT NOT NULL,          -- what was done: a hash of the recipe and of the artist's words
  size INTEGER NOT NULL, changed INTEGER NOT NULL,  -- the original's, in bytes and nanoseconds
  sha256 TEXT NOT NULL,          -- of the original
  state TEXT NOT NULL CHECK (state IN ('placing', 'done')),
  made TEXT NOT NULL, made_sha256 TEXT NOT NULL,
  seconds REAL, ssimulacra2 REAL, gain REAL
) STRICT;
CREATE INDEX IF NOT EXISTS by_content ON picture(sha256, recipe) WHERE state = 'done';
CREATE TABLE IF NOT EXISTS failure(  -- what was made of an earlier version stays known above
  recipe TEXT NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (recipe, name)
) STRICT, WITHOUT ROWID;
"""
_PUT = "INSERT OR REPLACE INTO picture VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_ALL = """
SELECT name, made, made_sha256, seconds, ssimulacra2, gain, '' AS reason
  FROM picture WHERE recipe = :recipe AND state = 'done' AND name > :begin
    AND NOT EXISTS (SELECT 1 FROM failure f WHERE f.recipe = :recipe AND f.name = picture.name)
UNION ALL
SELECT name, '', '', 0.0, NULL, NULL, reason
  FROM failure WHERE recipe = :recipe AND name > :begin
ORDER BY name LIMIT 1000
"""
_TOGETHER = 256  # changes that may wait for others, to be written at once

_Change = tuple[str, tuple[object, ...]]


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
    """The rows of one archive; threads may share it.

    A change on disk costs several flushes of it, as long as a small picture takes to protect. So
    changes wait for each other: whoever needs theirs on disk writes those of all others, too.
    """

    def __init__(self, path: Path) -> None:
        """Raises Unusable: it is no ledger, or cannot be written."""
        files.private_dir(path.parent)
        self._path = path
        self._turn = threading.Lock()  # held while the disk is written or read
        self._asking = threading.Lock()  # held for moments
        self._changes: deque[_Change] = deque()
        self._begun = 0  # as many of them are made, and not yet on disk
        self._asked = self._written = 0  # how many changes, ever
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.executescript(_TABLES)
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
        """What could not be written is found anew by the next run."""
        with suppress(Retryable):
            self.flush()
        self._db.close()

    def known(self, original: Original) -> Made | None:
        """Return what was made of an unchanged original, or was about to be put in its place;
        None: there is nothing yet."""
        row = self._row(
            "SELECT * FROM picture WHERE name = ? AND recipe = ? AND size = ? AND changed = ?",
            (original.name, original.recipe, original.size, original.changed),
        )
        return _made(row) if row else None

    def earlier(self, original: Original) -> Made | None:
        """Return what was made last under a name, of whatever version and by whatever recipe."""
        row = self._row("SELECT * FROM picture WHERE name = ?", (original.name,))
        return _made(row) if row else None

    def of_content(self, sha256: str, original: Original) -> Made | None:
        """Return what was made of the same bytes: under this name, or else under another."""
        row = self._row(
            "SELECT * FROM picture WHERE sha256 = ? AND recipe = ? AND state = 'done' "
            "ORDER BY name = ? DESC LIMIT 1",
            (sha256, original.recipe, original.name),
        )
        return _made(row) if row else None

    def placing(self, original: Original, sha256: str, made: Made) -> None:
        """Keep what is about to be put in its place: a crash behind this leaves it known.

        Raises:
            Retryable: the disk is full, or cannot be written.
        """
        self._write(self._ask(_put(original, sha256, _PLACING, made)))

    def done(self, original: Original, sha256: str, made: Made) -> None:
        """Keep that it is in its place; a crash before it is written is mended by `settled`."""
        self._ask(
            _put(original, sha256, _DONE, made),
            _no_failure(original),
        )
        self._write_many()

    def settled(self, original: Original) -> None:
        """Keep that what was about to be put in its place is there."""
        self._ask(
            (
                "UPDATE picture SET state = ? WHERE name = ? AND state = ?",
                (_DONE, original.name, _PLACING),
            ),
            _no_failure(original),
        )
        self._write_many()

    def failed(self, original: Original, reason: str) -> None:
        """Keep why nothing was made of this version; what was made of an earlier one stays."""
        self._ask(
            (
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?)",
                (original.recipe, original.name, reason),
            )
        )
        self._write_many()

    def forget_failures(self, recipe: str, but: Iterable[str]) -> None:
        """Forget what failed by a recipe under all names but these."""
        kept = json.dumps(list(but))
        self._ask(
            (
                "DELETE FROM failure WHERE recipe = ? "
                "AND name NOT IN (SELECT value FROM json_each(?))",
                (recipe, kept),
            )
        )

    def flush(self) -> None:
        """Write what has waited for others. Raises Retryable: the disk is full."""
        self._write(self._asked)

    def entries(self, recipe: str) -> Iterator[Entry]:
        """Return what was done by a recipe, in the order of names. Raises Retryable as `flush`."""
        self.flush()
        begin = ""
        while rows := self._page(recipe, begin):
            for row in rows:
                yield Entry(row["name"], _made(row), row["reason"])
            begin = rows[-1]["name"]

    def _page(self, recipe: str, begin: str) -> list[sqlite3.Row]:
        return self._read(_ALL, {"recipe": recipe, "begin": begin})

    def _row(self, sql: str, values: tuple[object, ...]) -> sqlite3.Row | None:
        return next(iter(self._read(sql, values)), None)

    def _read(self, sql: str, values: tuple[object, ...] | dict[str, object]) -> list[sqlite3.Row]:
        with self._turn, self._said():
            self._make()
            return self._db.execute(sql, values).fetchall()

    def _ask(self, *changes: _Change) -> int:
        """Put changes behind all others; return the number of the last."""
        with self._asking:
            self._changes.extend(changes)
            self._asked += len(changes)
            return self._asked

    def _write_many(self) -> None:
        if len(self._changes) >= _TOGETHER:
            self.flush()

    def _write(self, number: int) -> None:
        """Return once a change is on disk, with all before it. Raises Retryable."""
        with self._turn:
            if self._written >= number:  # with another's
                return
            with self._said():
                self._make()
                if self._db.in_transaction:
                    self._db.execute("COMMIT")
            self._forget()

    def _make(self) -> None:
        """Make all changes, in a transaction that stays open."""
        with self._asking:
            changes = list(self._changes)[self._begun :]
        if changes and not self._db.in_transaction:
            self._db.execute("BEGIN")
        for sql, values in changes:
            self._db.execute(sql, values)
        self._begun += len(changes)

    def _forget(self) -> None:
        """Let go of the changes that are on disk now."""
        with self._asking:
            for _change in range(self._begun):
                self._changes.popleft()
        self._written += self._begun
        self._begun = 0

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Raise Retryable where the disk is full; what was changed is made anew by the next."""
        try:
            yield
        except sqlite3.OperationalError as exc:
            self._begun = 0
            if self._db.in_transaction:  # a full disk may have ended it
                self._db.execute("ROLLBACK")
            raise Retryable(self._wrong(exc)) from exc

    def _wrong(self, exc: sqlite3.Error) -> str:
        said = _("{path}: the archive's ledger cannot be used: {exc}")
        return said.format(path=self._path, exc=exc)


def _put(original: Original, sha256: str, state: str, made: Made) -> _Change:
    values = (
        *(original.name, original.recipe, original.size, original.changed, sha256, state),
        *(made.name, made.sha256, made.seconds, made.ssimulacra2, made.gain),
    )
    return _PUT, values


def _no_failure(original: Original) -> _Change:
    return (
        "DELETE FROM failure WHERE recipe = ? AND name = ?",
        (original.recipe, original.name),
    )


def _made(row: sqlite3.Row) -> Made:
    return Made(row["made"], row["made_sha256"], row["seconds"], row["ssimulacra2"], row["gain"])
