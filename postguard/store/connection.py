"""One SQLite connection: WAL, full durability, numbered migrations, one transaction per change."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files

_OLDEST = (3, 37)  # STRICT tables; RETURNING came with 3.35
Row = sqlite3.Row


class Database:
    """A connection that several threads share under a lock.

    WAL needs a local file system, so the file lies in the state folder, never in the outbox.
    """

    def __init__(self, path: Path) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise Unusable(
                _("SQLite {sqlite_version} is too old; 3.37 or newer is needed").format(
                    sqlite_version=sqlite3.sqlite_version
                )
            )
        files.private_dir(path.parent)
        self._lock = threading.RLock()
        self._inside = False
        try:
            self._db = _connect(path)
            _migrate(self._db, path)
        except sqlite3.DatabaseError as exc:
            raise Unusable(
                _("{path}: the database cannot be used: {exc}").format(path=path, exc=exc)
            ) from exc

    @property
    def version(self) -> str:
        """SQLite's version."""
        return sqlite3.sqlite_version

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction: all of it is durable afterwards, or none of it happened."""
        with self._lock:
            if self._inside:
                yield self._db
                return
            self._inside = True
            try:
                with _told():
                    self._db.execute("BEGIN IMMEDIATE")
                    yield self._db
                    self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._inside = False

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        with self._lock, _told():
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query, if any."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def changes(self) -> tuple[int, int]:
        """Return two counters, of the changes by others and by us; reads no row."""
        with self._lock, _told():
            others = self._db.execute("PRAGMA data_version").fetchone()[0]
            return int(others), self._db.total_changes

    def close(self) -> None:
        """Close the connection; nothing is lost by not calling it."""
        with self._lock:
            self._db.close()


@contextmanager
def _told() -> Iterator[None]:
    """Say in words what the disk does to SQLite: full, read only, held by another program."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise Unusable(
            _(
                "the database cannot be used at the moment: {exc}; nothing was changed. "
                "`postguard check` looks at the room that is left"
            ).format(exc=exc)
        ) from exc


def to_ms(at: datetime) -> int:
    """Return UTC milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def in_ms(duration: timedelta) -> int:
    """Return whole milliseconds."""
    return duration // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the aware UTC datetime of `to_ms`."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    path.chmod(files.PRIVATE_FILE)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "busy_timeout = 10000",
        "cache_size = -2000",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


def _scripts() -> list[tuple[int, str]]:
    folder = Path(__file__).with_name("sql")  # importlib.resources would cost each command 15 ms
    return sorted((int(f.name[:4]), f.read_text()) for f in folder.glob("*.sql"))


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date: each script with its number in one transaction, after a copy
    of the database as it was. Of several processes that open it at once, one does so."""
    scripts = _scripts()
    newest = scripts[-1][0]
    if _version(db) == newest:
        return
    with path.with_name(f"{path.name}.migrating").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _run(scripts, db, path)


def _run(scripts: Sequence[tuple[int, str]], db: sqlite3.Connection, path: Path) -> None:
    have, newest = _version(db), scripts[-1][0]
    if have > newest:
        raise Unusable(
            _(
                "{path} was written by a newer postguard (schema {have}, this one knows "
                "{newest}). Update postguard; nothing was changed."
            ).format(path=path, have=have, newest=newest)
        )
    if 0 < have < newest:
        copy = path.with_name(f"{path.stem}.before-schema-{newest}.db")
        copy.unlink(missing_ok=True)
        db.execute("VACUUM INTO ?", (str(copy),))
    for number, script in scripts:
        if number > have:
            db.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
            )


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
