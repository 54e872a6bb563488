"""Several threads send with one publisher."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from postguard.model import DeliveryState, Draft, Json, Receipt
from postguard.publish.lanes import Lanes
from postguard.publish.publisher import Publisher
from postguard.store import Store
from tests.making import NOW, protected_post
from tests.unit.publish.rig import Outside, ScriptedNetwork

PATIENCE = 20.0


@dataclass
class Slow(ScriptedNetwork):
    """A network that answers for one account only when the test lets it."""

    slow: str = "sky"
    begun: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        if draft.account == self.slow:
            self.begun.set()
            assert self.go_on.wait(PATIENCE)
        return super().send(draft, plan)


@pytest.fixture
def outside(store: Store) -> Outside:
    """One post due on a slow account and one on another, both sent to by threads."""
    made = Outside(store, net=Slow())
    for account in ("sky", "fedi"):
        protected_post(store, name=f"{account}.png", accounts=(account,))
    made.publisher().plan(NOW)
    return made


def states(outside: Outside) -> list[DeliveryState]:
    rows = outside.store.deliveries
    return [d.state for post in (1, 2) for d in rows.of_post(post)]


def while_slow(publisher: Publisher, net: Slow, then: Callable[[], None]) -> None:
    """Run `then` while another thread waits for the slow server."""
    thread = threading.Thread(target=publisher.send_one, args=(NOW,))
    thread.start()
    try:
        assert net.begun.wait(PATIENCE)
        then()
    finally:
        net.go_on.set()
        thread.join(PATIENCE)


def test_a_slow_server_keeps_no_other_account_waiting(outside: Outside) -> None:
    publisher, net = outside.publisher(), outside.net
    assert isinstance(net, Slow)

    def others() -> None:
        assert publisher.send_one(NOW)
        assert states(outside) == [DeliveryState.SENDING, DeliveryState.POSTED]

    while_slow(publisher, net, others)
    assert states(outside) == [DeliveryState.POSTED] * 2


def test_what_another_thread_is_sending_is_neither_taken_back_nor_joined(outside: Outside) -> None:
    """To the account that is busy a second delivery must wait, and the first is no crash."""
    protected_post(outside.store, name="second.png", accounts=("sky",))
    publisher, net = outside.publisher(), outside.net
    publisher.plan(NOW)
    assert isinstance(net, Slow)

    def others() -> None:
        assert publisher.send_one(NOW)
        assert not publisher.send_one(NOW)
        assert states(outside)[0] is DeliveryState.SENDING

    while_slow(publisher, net, others)
    assert publisher.send_one(NOW)
    assert len(net.posts) == 3
    assert net.finds == 0


def test_an_account_is_free_again_after_whatever_broke(outside: Outside) -> None:
    publisher, net = outside.publisher(), outside.net
    assert isinstance(net, Slow)
    net.go_on.set()
    net.before = [KeyError("broken")]
    with pytest.raises(KeyError):
        publisher.send_one(NOW)
    protected_post(outside.store, name="next.png", accounts=("sky",))
    publisher.plan(NOW)
    while publisher.send_one(NOW):
        pass
    assert outside.store.posts.get(3).state == "posted"


def test_whoever_is_alone_with_an_account_is_so_until_the_end() -> None:
    lanes = Lanes()
    with lanes.alone("sky") as mine:
        assert mine
        with lanes.alone("sky") as again, lanes.alone("fedi") as other:
            assert (again, other) == (False, True)
        with lanes.claimed(lambda busy: None if "sky" in busy else pytest.fail("busy")):
            pass
    with lanes.alone("sky") as free:
        assert free
