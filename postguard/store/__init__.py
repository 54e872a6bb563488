"""SQLite, the only truth: connection and migrations, posts, deliveries, accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from postguard.store.accounts import EVERYTHING, AccountRows
from postguard.store.attempts import AttemptRows
from postguard.store.connection import Database
from postguard.store.deliveries import DeliveryRows
from postguard.store.likeness import LikenessRows
from postguard.store.meta import CONFIG_LOOKED_AT, CONFIG_NOT_TAKEN, DISK_LOW, DRAWING, MetaRows
from postguard.store.plans import PlanRows
from postguard.store.posts import Event, PostRows
from postguard.store.readings import ReadingRows
from postguard.store.renditions import RenditionRows
from postguard.store.restored import RestoredRows
from postguard.store.spending import SpentRows
from postguard.store.wishes import WishRows

__all__ = [
    "CONFIG_LOOKED_AT",
    "CONFIG_NOT_TAKEN",
    "DISK_LOW",
    "DRAWING",
    "EVERYTHING",
    "AccountRows",
    "AttemptRows",
    "Database",
    "DeliveryRows",
    "Event",
    "LikenessRows",
    "MetaRows",
    "PlanRows",
    "PostRows",
    "ReadingRows",
    "RenditionRows",
    "RestoredRows",
    "SpentRows",
    "Store",
    "WishRows",
]


@dataclass(frozen=True, slots=True)
class Store:
    """The rows of one installation, all over one connection."""

    db: Database
    meta: MetaRows
    posts: PostRows
    renditions: RenditionRows
    deliveries: DeliveryRows
    attempts: AttemptRows
    plans: PlanRows
    accounts: AccountRows
    readings: ReadingRows
    spending: SpentRows
    wishes: WishRows
    likenesses: LikenessRows
    restored: RestoredRows


def open_store(path: Path) -> Store:
    """Open the database, making or migrating it where needed. Raises Unusable."""
    db = Database(path)
    posts = PostRows(db)
    renditions, deliveries = RenditionRows(db, posts), DeliveryRows(db, posts)
    attempts = AttemptRows(db, posts, deliveries)
    wishes = WishRows(db, posts, renditions, deliveries)
    return Store(
        *(db, MetaRows(db), posts, renditions),
        *(deliveries, attempts, PlanRows(db), AccountRows(db)),
        *(ReadingRows(db), SpentRows(db), wishes, LikenessRows(db)),
        RestoredRows(db, deliveries, attempts),
    )
