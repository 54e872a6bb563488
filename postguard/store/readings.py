"""What reading posts back has shown, kept with their receipts, and when each is read next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeGuard

from postguard.model import Json, Receipt
from postguard.store.connection import Database, Row, from_ms, in_ms, to_ms
from postguard.system import wire

FIRST_LOOK = timedelta(seconds=20)  # after posting: a server may still work on the pictures
_TRIES = "tries"


@dataclass(frozen=True, slots=True)
class Unread:
    """A delivery whose post is to be read back now.

    Attributes:
        tries: how often that was in vain.
        look_at: when it was to be; another time means that it was edited since.
    """

    delivery_id: int
    receipt: Receipt
    tries: int
    look_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one post back has shown.

    Attributes:
        checked_at: when; None: not read back yet.
        look_at: when it is tried next; None: never again.
        seen: `differences` (each with `what` and `says`) and `pictures` (see
            `networks.served.surviving.Survival`), or the `problem` for which it could not be read.
    """

    checked_at: datetime | None = None
    look_at: datetime | None = None
    seen: Mapping[str, Json] = field(default_factory=dict)


class ReadingRows:
    """The readings of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def next_unread(self, now: datetime) -> Unread | None:
        """Return the post that has waited longest to be read back, if its time has come."""
        row = self._db.row(
            "SELECT * FROM receipts WHERE checked_at IS NULL AND look_at <= ?"
            " ORDER BY look_at LIMIT 1",
            (to_ms(now),),
        )
        if row is None:
            return None
        tries = wire.load(dict[str, Json], row["seen"]).get(_TRIES, 0)
        look_at = from_ms(row["look_at"])
        return Unread(row["delivery_id"], _receipt(row), int(str(tries)), look_at)

    def next_look(self) -> datetime | None:
        """Return when the next post is to be read back."""
        row = self._db.row(
            "SELECT look_at FROM receipts WHERE checked_at IS NULL AND look_at IS NOT NULL"
            " ORDER BY look_at LIMIT 1"
        )
        return None if row is None else from_ms(row[0])

    def keep(
        self,
        delivery_id: int,
        seen: Mapping[str, Json],
        now: datetime,
        *,
        asked: datetime | None = None,
    ) -> bool:
        """Record what was found; the post is not read back again.

        Args:
            asked: the `look_at` that was followed. False: the post was edited or deleted since,
                so what was found is out of date, and nothing is recorded.
        """
        return self._change(delivery_id, (to_ms(now), None, wire.dump(seen)), asked)

    def later(
        self, delivery_id: int, at: datetime, tries: int, *, asked: datetime | None = None
    ) -> bool:
        """Try again at `at`, after so many tries in vain; `asked` as in `keep`."""
        return self._change(delivery_id, (None, to_ms(at), wire.dump({_TRIES: tries})), asked)

    def set_back(self, by: timedelta, now: datetime) -> None:
        """Let posts be read back as much earlier as the clock was set back."""
        with self._db.change() as db:
            db.execute(
                "UPDATE receipts SET look_at = look_at - ?"
                " WHERE checked_at IS NULL AND look_at > ?",
                (in_ms(by), to_ms(now)),
            )

    def leave(self, delivery_id: int) -> None:
        """Let a post that cannot be read back (a page on this PC, a deleted post) be."""
        with self._db.change() as db:
            db.execute("UPDATE receipts SET look_at = NULL WHERE delivery_id = ?", (delivery_id,))

    def _change(
        self, delivery_id: int, values: tuple[object, ...], asked: datetime | None
    ) -> bool:
        as_it_was = None if asked is None else to_ms(asked)
        with self._db.change() as db:
            changed = db.execute(
                "UPDATE receipts SET checked_at = ?, look_at = ?, seen = ?"
                " WHERE delivery_id = ? AND (? IS NULL OR look_at = ?)",
                (*values, delivery_id, as_it_was, as_it_was),
            )
        return changed.rowcount > 0

    def of_post(self, post_id: int) -> dict[str, Reading]:
        """Return the reading of each account that has a receipt."""
        rows = self._db.rows(
            "SELECT d.account, r.checked_at, r.look_at, r.seen FROM receipts r"
            " JOIN deliveries d ON d.id = r.delivery_id WHERE d.post_id = ?",
            (post_id,),
        )
        return {r["account"]: _reading(r) for r in rows}

    def warnings(self, post_id: int) -> dict[str, list[str]]:
        """Return what is not as it was asked for, in sentences, of each account that has such."""
        said = {account: says(each) for account, each in self.of_post(post_id).items()}
        return {account: sentences for account, sentences in said.items() if sentences}


def says(reading: Reading) -> list[str]:
    """Return the sentences of a reading: its differences, or why it could not be made."""
    found, problem = reading.seen.get("differences"), reading.seen.get("problem")
    told = [str(d.get("says")) for d in found if isinstance(d, dict)] if _is_list(found) else []
    return [*told, *([str(problem)] if problem else [])]


def _receipt(row: Row) -> Receipt:
    answer = wire.load(dict[str, Json], row["answer"])
    return Receipt(row["uri"], row["url"], from_ms(row["at"]), answer)


def _is_list(value: object) -> TypeGuard[list[Json]]:
    return isinstance(value, list)


def _reading(row: Row) -> Reading:
    checked, look = (
        None if at is None else from_ms(at) for at in (row["checked_at"], row["look_at"])
    )
    return Reading(checked, look, wire.load(dict[str, Json], row["seen"]))
