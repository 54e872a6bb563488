"""What is known of each account: the limits its server last told, logged out, paused, waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

from postguard.model import Limits
from postguard.store.connection import Database, from_ms, in_ms, to_ms
from postguard.system import wire

EVERYTHING = "*"  # the name under which a pause of all accounts is kept
# A wait that ends further ahead was begun by a clock that was wrong.
_LONGEST_WAIT = timedelta(days=1)


class AccountRows:
    """The accounts of one database; a name without a row is neither paused nor logged out."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def limits(self, name: str) -> tuple[Limits, datetime] | None:
        """Return the limits last told by the server, and when."""
        row = self._db.row(
            "SELECT limits, limits_at FROM accounts WHERE name = ? AND limits IS NOT NULL",
            (name,),
        )
        return None if row is None else (wire.load(Limits, row[0]), from_ms(row[1]))

    def keep_limits(self, name: str, limits: Limits, now: datetime) -> None:
        """Keep what the server told."""
        self._set(name, limits=wire.dump(limits), limits_at=to_ms(now))

    def log_out(self, name: str, why: str) -> None:
        """Remember that the credentials are no longer accepted; its deliveries wait."""
        self._set(name, logged_out=why)

    def log_in(self, name: str) -> None:
        """Remember that the credentials work."""
        self._set(name, logged_out="")

    def pause(self, name: str, *, paused: bool) -> None:
        """Stop or resume posting to one account, or to `EVERYTHING`."""
        self._set(name, paused=int(paused))

    def paused(self) -> set[str]:
        """Return the paused names; it may hold `EVERYTHING`."""
        return {str(r[0]) for r in self._db.rows("SELECT name FROM accounts WHERE paused = 1")}

    def logged_out(self) -> dict[str, str]:
        """Return why each logged-out account is so."""
        rows = self._db.rows("SELECT name, logged_out FROM accounts WHERE logged_out != ''")
        return {str(r[0]): str(r[1]) for r in rows}

    def wait(self, name: str, until: datetime) -> None:
        """Let nothing be sent to the account before `until`."""
        self._set(name, wait_until=to_ms(until))

    def waiting(self, now: datetime) -> set[str]:
        """Return the accounts to which nothing is to be sent yet."""
        rows = self._db.rows(
            "SELECT name FROM accounts WHERE wait_until > ? AND wait_until <= ?",
            (to_ms(now), to_ms(now + _LONGEST_WAIT)),
        )
        return {str(r[0]) for r in rows}

    def set_back(self, by: timedelta, now: datetime) -> None:
        """Let every wait end as much earlier as the clock was set back: it was begun by the clock
        that was ahead."""
        with self._db.change() as db:
            db.execute(
                "UPDATE accounts SET wait_until = wait_until - ? WHERE wait_until > ?",
                (in_ms(by), to_ms(now)),
            )

    def failed(self, name: str) -> int:
        """Count a failure of the account's server; return how many there were in a row."""
        with self._db.change() as db:
            return int(
                db.execute(
                    "INSERT INTO accounts (name, failures) VALUES (?, 1)"
                    " ON CONFLICT (name) DO UPDATE SET failures = failures + 1"
                    " RETURNING failures",
                    (name,),
                ).fetchone()[0]
            )

    def worked(self, name: str) -> None:
        """Forget the failures of the account's server, and the wait that they brought."""
        with self._db.change() as db:
            db.execute(
                "UPDATE accounts SET failures = 0, wait_until = NULL"
                " WHERE name = ? AND failures > 0",
                (name,),
            )

    def asked_to_wait(self, name: str) -> datetime | None:
        """Return the end of the last wait that was no failure of the account's server."""
        row = self._db.row(
            "SELECT wait_until FROM accounts"
            " WHERE name = ? AND failures = 0 AND wait_until IS NOT NULL",
            (name,),
        )
        return None if row is None else from_ms(row[0])

    def _set(self, name: str, **columns: str | int) -> None:
        sets = ", ".join(f"{c} = ?" for c in columns)
        with self._db.change() as db:
            db.execute("INSERT OR IGNORE INTO accounts (name) VALUES (?)", (name,))
            db.execute(
                f"UPDATE accounts SET {sets} WHERE name = ?",
                (*columns.values(), name),
            )
