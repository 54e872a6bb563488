"""What the last audit of each account found, and what its fixes have replaced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from postguard.model import Change, Finding, Level
from postguard.store.connection import Database, from_ms, to_ms
from postguard.system import wire

_AT_ONCE = 500  # values in one query; SQLite takes 999 and more
_WORTH_TELLING = {Level.ADVICE, Level.WARNING, Level.BLOCKING}


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that was written, and can be taken back."""

    id: int
    account: str
    at: datetime
    change: Change


class AuditRows:
    """The audits of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, account: str, found: Sequence[Finding], now: datetime) -> list[Finding]:
        """Keep an audit in place of the last one; return what is new in it or has become worse
        or better, and is not well."""
        before = {f.id: f.level for f in self.of(account)}
        rows = [(account, f.id, to_ms(now), wire.dump(f)) for f in found]
        with self._db.change() as db:
            db.execute("DELETE FROM findings WHERE account = ?", (account,))
            db.executemany(
                "INSERT INTO findings (account, id, at, finding) VALUES (?, ?, ?, ?)", rows
            )
        return [f for f in found if f.level in _WORTH_TELLING and before.get(f.id) != f.level]

    def of(self, account: str) -> list[Finding]:
        """Return what the last audit of an account found, in its order."""
        rows = self._db.rows(
            "SELECT finding FROM findings WHERE account = ? ORDER BY rowid", (account,)
        )
        return [wire.load(Finding, row[0]) for row in rows]

    def last(self, account: str) -> datetime | None:
        """Return when an account was audited last."""
        row = self._db.row("SELECT max(at) FROM findings WHERE account = ?", (account,))
        return None if row is None or row[0] is None else from_ms(row[0])

    def forget(self, account: str) -> None:
        """Forget the last audit of an account, so that the next one comes at once."""
        with self._db.change() as db:
            db.execute("DELETE FROM findings WHERE account = ?", (account,))

    def fixed(self, account: str, change: Change, now: datetime) -> int:
        """Keep a change that is being written; return its id."""
        row = (account, change.finding, to_ms(now), wire.dump(change.before), wire.dump(change))
        with self._db.change() as db:
            return int(
                db.execute(
                    "INSERT INTO fixes (account, finding, at, before, after)"
                    " VALUES (?, ?, ?, ?, ?) RETURNING id",
                    row,
                ).fetchone()[0]
            )

    def drop(self, fix: int) -> None:
        """Forget a change that was not written after all."""
        with self._db.change() as db:
            db.execute("DELETE FROM fixes WHERE id = ?", (fix,))

    def undoable(self, account: str) -> list[Fix]:
        """Return the changes of an account that were not taken back, newest first."""
        rows = self._db.rows(
            "SELECT id, account, at, after FROM fixes WHERE account = ? AND undone_at IS NULL"
            " ORDER BY id DESC",
            (account,),
        )
        return [Fix(int(r[0]), str(r[1]), from_ms(r[2]), wire.load(Change, r[3])) for r in rows]

    def undone(self, fix: int, now: datetime) -> None:
        """Remember that a change was taken back."""
        with self._db.change() as db:
            db.execute("UPDATE fixes SET undone_at = ? WHERE id = ?", (to_ms(now), fix))

    def made_here(self, digests: Collection[str]) -> set[str]:
        """Return which of these SHA-256 (hex) are of files that postguard made."""
        wanted, found = list(digests), set[str]()
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            rows = self._db.rows(
                f"SELECT DISTINCT sha256 FROM renditions WHERE sha256 IN ({marks})", part
            )
            found |= {str(r[0]) for r in rows}
        return found
