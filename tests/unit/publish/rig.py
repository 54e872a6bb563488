"""A publisher over the real store, with a network that does as the test says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from postguard.model import (
    Delivery,
    Draft,
    Json,
    Late,
    Limits,
    Receipt,
    Rendition,
    Shown,
    Words,
)
from postguard.publish.pacing import Pacing
from postguard.publish.planning import Planning, Timing
from postguard.publish.publisher import Publisher
from postguard.settings.values import Slot
from postguard.store import Store
from tests.making import NOW, rendition


@dataclass
class ScriptedNetwork:
    """Keeps the posts it was sent under their keys, as a server would, and fails as told."""

    posts: dict[str, str] = field(default_factory=dict)
    before: list[Exception] = field(default_factory=list)  # raised instead of posting
    after: list[Exception] = field(default_factory=list)  # raised when the post is made
    objects: list[str] = field(default_factory=list)
    finds: int = 0
    plans: int = 0
    once: bool = True
    named: bool = True

    def limits(self) -> Limits:
        return Limits("bluesky", 300, 2000, 4, 1_000_000, once=self.once, named=self.named)

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        return self.objects

    def check(self) -> str:
        return "logged in"

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        self.plans += 1
        return {"key": f"k{self.plans}"}

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        if self.before:
            raise self.before.pop(0)
        assert str(plan["key"]) not in self.posts, "posted twice"
        self.posts[str(plan["key"])] = draft.words.text
        if self.after:
            raise self.after.pop(0)
        return self._receipt(plan)

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        self.finds += 1
        key = str(plan["key"])
        there = key in self.posts and f"at://{key}" not in taken
        return self._receipt(plan) if there else None

    def read_back(self, receipt: Receipt) -> Shown | None:
        text = self.posts.get(receipt.uri.removeprefix("at://"))
        return None if text is None else Shown(text, ())

    def edit(self, draft: Draft, receipt: Receipt) -> Receipt:
        self.posts[receipt.uri.removeprefix("at://")] = draft.words.text
        return receipt

    def retract(self, receipt: Receipt) -> None:
        self.posts.pop(receipt.uri.removeprefix("at://"), None)

    def _receipt(self, plan: Mapping[str, Json]) -> Receipt:
        key = str(plan["key"])
        return Receipt(f"at://{key}", f"https://{key}", NOW)


@dataclass
class Outside:
    """What the composition root gives the publisher."""

    store: Store
    net: ScriptedNetwork = field(default_factory=ScriptedNetwork)
    rules: tuple[Slot, ...] = ()
    if_later: Late = Late.NEXT_SLOT
    unreadable: bool = False
    replaced: bool = False  # the pictures are not those that were protected
    pictures: int = 1
    kind: str = "preview"  # what the budget takes the network for
    time: datetime = NOW  # what the clock says when a try has ended

    def accounts(self) -> Sequence[str]:
        out = {*self.store.accounts.logged_out(), *self.store.accounts.waiting(self.time)}
        return [a for a in ("sky", "fedi") if a not in out]

    def dry_only(self) -> Sequence[str]:
        return tuple(self.store.accounts.logged_out())

    def network(self, delivery: Delivery) -> ScriptedNetwork:
        return self.net

    def timing(self, account: str) -> Timing:
        minutes, hours = timedelta(minutes=2), timedelta(hours=3)
        return Timing(self.rules, ZoneInfo("UTC"), minutes, hours, self.if_later)

    def let_go(self, delivery: Delivery, now: datetime) -> bool:
        if self.replaced:
            self.store.attempts.leave(delivery.id)
        return not self.replaced

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        if self.unreadable:
            raise FileNotFoundError("1-bluesky.jpg")
        return tuple(rendition(position=i) for i in range(self.pictures))

    def logged_out(self, account: str, why: str) -> None:
        self.store.accounts.log_out(account, why)

    def send_one(self, now: datetime) -> bool:
        """Send what is due at `now`, which is also what the clock says then."""
        self.time = now
        return self.publisher().send_one(now)

    def publisher(self) -> Publisher:
        pacing = Pacing(
            self.store.accounts, self.store.spending, lambda _: self.kind, jitter=lambda: 0.0
        )
        deliveries, attempts = self.store.deliveries, self.store.attempts
        planning = Planning(deliveries, attempts, self.store.plans, self.timing)
        return Publisher(
            *(deliveries, attempts, planning, self, pacing),
            jitter=lambda: 0.0,
            clock=lambda: self.time,
        )
