"""The queue under every order of events: sent, lost, cut off, held, let go, tried again, late,
reworded, protected anew.

The server keeps what it was sent, at its own time: a request whose answer was lost may arrive
minutes later, and a key is forgotten an hour after its post was made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from postguard.app import steering
from postguard.errors import LoggedOut, Refused, Retryable, Unsure, Unusable
from postguard.model import (
    Delivery,
    DeliveryState,
    Draft,
    Edit,
    Json,
    Late,
    NewDelivery,
    PostState,
    Receipt,
    Words,
)
from postguard.store import open_store
from tests.making import MINUTE, NOW, protected_post, rendition
from tests.unit.publish.rig import Outside, ScriptedNetwork

HOUR = timedelta(hours=1)
MOST_POSTS = 3
ACCOUNTS = ("sky", "fedi")
FAULTS = {
    "no line": lambda: Retryable("no line"),
    "429": lambda: Retryable("too many requests", after=7 * MINUTE),
    "lost": lambda: Unsure("the line broke"),
    "refused": lambda: Refused("too large"),
    "revoked": lambda: LoggedOut("revoked"),
    "power cut": KeyboardInterrupt,
}


@dataclass
class Server(ScriptedNetwork):
    """Keeps (key, text) of every post; `on_the_way` arrives by the server's time."""

    made: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, datetime] = field(default_factory=dict)  # outlive a post that is deleted
    on_the_way: list[tuple[datetime, str, str]] = field(default_factory=list)
    time: datetime = NOW
    delay: timedelta | None = None  # of the next request whose answer is lost

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        key, delay = str(plan["key"]), self.delay
        self.delay = None
        if delay is not None:
            self.on_the_way.append((self.time + delay, key, draft.words.text))
            raise Unsure("the line broke")
        if self.before:
            raise self.before.pop(0)
        self.take(key, draft.words.text)
        if self.after:
            raise self.after.pop(0)
        return self._receipt(plan)

    def retract(self, receipt: Receipt) -> None:
        key = receipt.uri.removeprefix("at://")
        self.made = [each for each in self.made if each[0] != key]

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        there = any(key == plan["key"] for key, _ in self.made)
        return self._receipt(plan) if there else None

    def take(self, key: str, text: str) -> None:
        """Make a post, unless the key tells that it was made within the hour."""
        known = key in self.keys and self.time - self.keys[key] < HOUR
        if not (self.once and known):
            self.made.append((key, text))
            self.keys[key] = self.time

    def pass_time(self, time: timedelta) -> None:
        """Let arrive what arrives meanwhile."""
        end = self.time + time
        for at, key, text in sorted(self.on_the_way):
            if at <= end:
                self.time = at
                self.take(key, text)
        self.on_the_way = [each for each in self.on_the_way if each[0] > end]
        self.time = end


class Queue(RuleBasedStateMachine):
    """One artist, two accounts, a server that knows keys or does not."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(Path(self.folder.name) / "state" / "a.db")
        self.server = Server()
        self.outside = Outside(self.store, net=self.server, if_later=Late.HOLD)
        self.publisher = self.outside.publisher()
        self.now = NOW
        self.expected: dict[int, str] = {}  # delivery -> what it says
        self.retracted: set[int] = set()

    @initialize(once=st.booleans(), both=st.booleans())
    def begin(self, once: bool, both: bool) -> None:
        """Find out whether the server knows keys, and drop the first picture."""
        self.server.once = once
        self.drop("now", both)

    @precondition(lambda self: self.posts() < MOST_POSTS)
    @rule(asked=st.sampled_from(["now", "grace"]), both=st.booleans())
    def drop(self, asked: str, both: bool) -> None:
        number = self.posts() + 1
        deliveries = tuple(
            NewDelivery(name, Words(f"{number} for {name}"), asked, "bluesky")
            for name in ACCOUNTS[: 1 + both]
        )
        post = protected_post(
            self.store, name=f"{number}.png", now=self.now, deliveries=deliveries
        )
        made = self.store.deliveries.of_post(post.id)
        self.expected |= {d.id: d.words.text for d in made}
        self.publisher.plan(self.now)

    @rule()
    def send(self) -> None:
        held = {d.words.text for d in self.all() if self.is_held(d)}
        before = len(self.server.made)
        with suppress(KeyboardInterrupt):
            while self.publisher.send_one(self.now):
                pass
        assert not held & {text for _, text in self.server.made[before:]}

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def send_in_vain(self, fault: str) -> None:
        self.server.before = [FAULTS[fault]()]
        self.send()
        self.server.before = []
        self.restart(after=fault)

    @rule(fault=st.sampled_from(["lost", "power cut"]))
    def send_and_lose_the_answer(self, fault: str) -> None:
        self.server.after = [FAULTS[fault]()]
        self.send()
        self.server.after = []
        self.restart(after=fault)

    @rule(seconds=st.sampled_from([10, 100, 299]))
    def send_slowly(self, seconds: int) -> None:
        """The answer is lost, and the request arrives later."""
        self.server.delay = timedelta(seconds=seconds)
        self.send()
        self.server.delay = None

    def restart(self, after: str) -> None:
        if after == "power cut":
            self.publisher = self.outside.publisher()
        if after == "revoked":
            self.publisher.plan(self.now)

    @rule()
    def log_in(self) -> None:
        for name in ACCOUNTS:
            self.store.accounts.log_in(name)

    @rule(seconds=st.sampled_from([1, 20, 30, 60, 300, 3400, 3600, 12_000, 90_000]))
    def wait(self, seconds: int) -> None:
        self.pass_time(timedelta(seconds=seconds))

    @rule(seconds=st.sampled_from([1, 90, 7200]))
    def clock_is_set_back(self, seconds: int) -> None:
        self.set_clock(self.now - timedelta(seconds=seconds))

    @rule(post=st.integers(0, MOST_POSTS))
    def hold(self, post: int) -> None:
        with suppress(Unusable):
            steering.hold(self.store, self.id_of(post), self.now)

    @rule(post=st.integers(0, MOST_POSTS))
    def release(self, post: int) -> None:
        with suppress(Unusable):
            steering.release(self.store, self.id_of(post), self.now)
        self.publisher.plan(self.now)

    @precondition(lambda self: self.posted())
    @rule()
    def retract(self) -> None:
        """The artist has a copy deleted."""
        delivery = self.posted()[0]
        receipt = self.receipt(delivery)
        assert receipt is not None
        self.server.retract(receipt)
        self.store.wishes.retracted(delivery, self.now)
        self.retracted.add(delivery.id)

    @rule(post=st.integers(0, MOST_POSTS), which=st.integers(0, 1))
    def edit(self, post: int, which: int) -> None:
        """The artist changes the words: of what waits in its row, of what stands on the server."""
        deliveries = self.store.deliveries.of_post(self.id_of(post))
        delivery = deliveries[which % len(deliveries)]
        text = f"{delivery.words.text}'"
        words, receipt = replace(delivery.words, text=text), self.receipt(delivery)
        if delivery.state is DeliveryState.POSTED and receipt is not None:
            key = receipt.uri.removeprefix("at://")
            self.server.made = [(k, text if k == key else t) for k, t in self.server.made]
            self.store.wishes.edited(delivery, words, receipt, self.now)
        elif not self.store.wishes.reword(delivery, words, Edit(text=text), self.now):
            return
        self.expected[delivery.id] = text

    @rule(post=st.integers(0, MOST_POSTS))
    def protect_anew(self, post: int) -> None:
        """Other files are made, as after an edit that they carry; nothing goes out meanwhile."""
        post_id = self.id_of(post)
        mine = {d.words.text for d in self.store.deliveries.of_post(post_id)}
        there = {text for _, text in self.server.made} | {t for *_, t in self.server.on_the_way}
        if not self.store.renditions.protect_anew(post_id, self.now):
            return
        assert not mine & there, "what is out, or may be, keeps its files"
        before = len(self.server.made)
        self.send()
        assert not mine & {text for _, text in self.server.made[before:]}
        self.store.renditions.protected(post_id, [rendition()], self.now)
        self.publisher.plan(self.now)

    @rule(post=st.integers(0, MOST_POSTS))
    def retry(self, post: int) -> None:
        with suppress(Unusable):
            steering.retry(self.store, self.id_of(post), self.now)
        self.publisher.plan(self.now)

    @invariant()
    def no_delivery_has_two_posts(self) -> None:
        texts = [text for _, text in self.server.made]
        assert len(texts) == len(set(texts)), f"doubled: {texts}"

    @invariant()
    def a_key_changes_only_after_a_try_that_posted_nothing(self) -> None:
        for delivery in self.all():
            rows = self.store.db.rows(
                "SELECT DISTINCT plan FROM attempts WHERE delivery_id = ?"
                " AND outcome NOT LIKE 'refused%'",
                (delivery.id,),
            )
            assert len(rows) <= 1

    @invariant()
    def what_is_posted_has_the_receipt_of_its_own_post(self) -> None:
        for delivery in self.all():
            receipt = self.receipt(delivery)
            done = {DeliveryState.POSTED, DeliveryState.RETRACTED}
            assert (receipt is not None) == (delivery.state in done)
            if receipt is not None and delivery.state is DeliveryState.POSTED:
                text = {f"at://{key}": text for key, text in self.server.made}[receipt.uri]
                assert text == self.expected[delivery.id]

    @invariant()
    def nothing_vanishes(self) -> None:
        assert {d.id: d.words.text for d in self.all()} == self.expected

    @invariant()
    def what_is_held_has_a_reason_and_is_not_due(self) -> None:
        for delivery in self.all():
            held = delivery.state is DeliveryState.HELD
            assert bool(delivery.reason) or not held
            slot = "SELECT 1 FROM deliveries WHERE id = ? AND state IN ('scheduled', 'unsure')"
            assert not (held and self.store.db.row(slot, (delivery.id,)))

    def teardown(self) -> None:
        """Once the faults are over and the artist has let everything go on, all is posted."""
        try:
            self.let_everything_arrive()
        finally:
            self.store.db.close()
            self.folder.cleanup()

    def let_everything_arrive(self) -> None:
        for _ in range(60):
            if all(d.state in {DeliveryState.POSTED, DeliveryState.RETRACTED} for d in self.all()):
                break
            for name in ACCOUNTS:
                self.store.accounts.log_in(name)
            for post_id in range(1, self.posts() + 1):
                if self.is_stuck(post_id):
                    steering.retry(self.store, post_id, self.now)
            self.publisher.plan(self.now)
            while self.publisher.send_one(self.now):
                pass
            self.pass_time(HOUR)
        wanted = {d.words.text for d in self.all() if d.id not in self.retracted}
        assert {d.words.text for d in self.posted()} == wanted
        assert {text for _, text in self.server.made} == wanted

    def is_stuck(self, post_id: int) -> bool:
        """Return whether it waits for the artist."""
        held = any(d.state is DeliveryState.HELD for d in self.store.deliveries.of_post(post_id))
        return held or self.store.posts.get(post_id).state is PostState.HELD

    def is_held(self, delivery: Delivery) -> bool:
        post = self.store.posts.get(delivery.post_id)
        return DeliveryState.HELD is delivery.state or post.state is PostState.HELD

    def pass_time(self, time: timedelta) -> None:
        self.server.pass_time(time)
        self.set_clock(self.now + time)

    def set_clock(self, now: datetime) -> None:
        self.now = self.outside.time = now

    def receipt(self, delivery: Delivery) -> Receipt | None:
        return self.store.deliveries.receipts(delivery.post_id).get(delivery.account)

    def posted(self) -> list[Delivery]:
        return [d for d in self.all() if d.state is DeliveryState.POSTED]

    def id_of(self, post: int) -> int:
        return post % self.posts() + 1

    def posts(self) -> int:
        return len(self.store.posts.page([], None, MOST_POSTS + 1))

    def all(self) -> list[Delivery]:
        return [d for n in range(1, self.posts() + 1) for d in self.store.deliveries.of_post(n)]


Queue.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestQueue = Queue.TestCase
