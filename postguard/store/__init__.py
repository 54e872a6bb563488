"""SQLite, the only truth: connection and migrations, posts, deliveries, accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from postguard.store.accounts import EVERYTHING, AccountRows
from postguard.store.connection import Database
from postguard.store.deliveries import DeliveryRows
from postguard.store.posts import Event, PostRows
from postguard.store.readings import ReadingRows
from postguard.store.spending import SpentRows

__all__ = [
    "EVERYTHING",
    "AccountRows",
    "Database",
    "DeliveryRows",
    "Event",
    "PostRows",
    "ReadingRows",
    "SpentRows",
    "Store",
]


@dataclass(frozen=True, slots=True)
class Store:
    """The rows of one installation, all over one connection."""

    db: Database
    posts: PostRows
    deliveries: DeliveryRows
    accounts: AccountRows
    readings: ReadingRows
    spending: SpentRows


def open_store(path: Path) -> Store:
    """Open the database, making or migrating it where needed. Raises Unusable."""
    db = Database(path)
    posts = PostRows(db)
    deliveries, accounts = DeliveryRows(db, posts), AccountRows(db)
    return Store(db, posts, deliveries, accounts, ReadingRows(db), SpentRows(db))
