"""What the artist changes and what the sender does meet in the rows: one of them is first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from postguard.errors import Refused
from postguard.model import DeliveryState, Edit, PostState, Receipt, Words
from postguard.store import Store
from postguard.store.attempts import AttemptRows
from tests.making import NOW, protected_post

RECEIPT = Receipt("at://1", "https://1", NOW)


def due(store: Store, accounts: tuple[str, ...] = ("sky",)) -> None:
    """Deliveries 1 and on, of post 1, due now."""
    post = protected_post(store, accounts=accounts)
    for delivery in store.deliveries.of_post(post.id):
        store.deliveries.schedule(delivery.id, NOW, None, NOW)


def in_doubt(store: Store) -> None:
    """Delivery 1 was being sent when it was cut off."""
    due(store)
    store.attempts.claim(NOW, ("sky",))
    store.attempts.begin(1, {"key": "a"}, NOW)
    store.attempts.recover(NOW)


def state(store: Store) -> DeliveryState:
    return store.deliveries.get(1).state


def test_what_is_claimed_is_neither_cancelled_nor_reworded_nor_moved(store: Store) -> None:
    due(store)
    store.attempts.claim(NOW, ("sky",))
    assert not store.wishes.cancel(store.deliveries.get(1), NOW)
    assert not store.wishes.reword(store.deliveries.get(1), Words("other"), Edit(), NOW)
    assert not store.wishes.ask(1, "slot")
    assert (state(store), store.deliveries.get(1).words.text) == (DeliveryState.SENDING, "A fox")


def test_what_is_cancelled_is_never_claimed(store: Store) -> None:
    due(store, ("sky", "fedi"))
    assert store.wishes.cancel(store.deliveries.get(1), NOW)
    claimed = store.attempts.claim(NOW, ("sky", "fedi"))
    assert claimed is not None
    assert claimed.account == "fedi"
    store.attempts.finish(2, RECEIPT, NOW)
    assert store.posts.get(1).state is PostState.POSTED


def test_what_was_stopped_between_claim_and_plan_is_not_sent(store: Store) -> None:
    """An unsure delivery stays `unsure` when it is claimed, so only its plan shows it."""
    in_doubt(store)
    claimed = store.attempts.claim(NOW, ("sky",))
    assert claimed is not None
    assert store.wishes.stop(claimed, "taken back")
    with pytest.raises(Refused, match="you stopped it") as caught:
        store.attempts.begin(1, {"key": "a"}, NOW)
    assert caught.value.stands


@pytest.mark.parametrize(
    "report",
    [
        lambda rows: rows.put_back(1, DeliveryState.UNSURE, NOW, "may still come", NOW),
        lambda rows: rows.put_back(1, DeliveryState.SCHEDULED, NOW, "cannot be reached", NOW),
        lambda rows: rows.postpone(1, NOW, "waits for post 2", NOW, anew=True),
        lambda rows: rows.leave(1),
    ],
)
def test_what_was_stopped_while_the_network_was_asked_does_not_go_on(
    store: Store, report: Callable[[AttemptRows], None]
) -> None:
    """The artist was told that nothing more is sent."""
    in_doubt(store)
    claimed = store.attempts.claim(NOW, ("sky",))
    assert claimed is not None
    assert store.wishes.stop(claimed, "you take it back")
    report(store.attempts)
    assert (state(store), store.deliveries.get(1).reason) == (
        DeliveryState.HELD,
        "you take it back",
    )
    assert store.attempts.claim(NOW + timedelta(days=1), ("sky",)) is None


def test_what_is_being_sent_again_is_not_stopped(store: Store) -> None:
    in_doubt(store)
    store.attempts.claim(NOW, ("sky",))
    store.attempts.begin(1, {"key": "a"}, NOW)
    assert not store.wishes.stop(store.deliveries.get(1), "taken back")
    assert state(store) is DeliveryState.UNSURE


def test_what_was_taken_back_stays_so_whatever_is_reported_later(store: Store) -> None:
    in_doubt(store)
    store.attempts.finish(1, RECEIPT, NOW)
    store.wishes.retracted(store.deliveries.get(1), NOW)
    assert store.posts.get(1).state is PostState.RETRACTED
    store.attempts.put_back(1, DeliveryState.UNSURE, NOW, "the answer was lost", NOW)
    store.attempts.hold(1, "given up", NOW)
    assert state(store) is DeliveryState.RETRACTED
    assert store.posts.get(1).state is PostState.RETRACTED
    assert store.attempts.claim(NOW + timedelta(days=1), ("sky",)) is None


def test_a_post_that_waits_for_nothing_more_is_posted_or_taken_back(store: Store) -> None:
    due(store, ("sky", "fedi"))
    store.attempts.claim(NOW, ("sky",))
    store.attempts.finish(1, RECEIPT, NOW)
    store.wishes.cancel(store.deliveries.get(2), NOW)
    assert store.posts.get(1).state is PostState.POSTED
    store.wishes.retracted(store.deliveries.get(1), NOW)
    assert store.posts.get(1).state is PostState.RETRACTED


def test_the_same_picture_may_be_dropped_again_when_its_post_was_taken_back(store: Store) -> None:
    due(store)
    sha256 = store.posts.get(1).artworks[0].sha256
    store.attempts.finish(1, RECEIPT, NOW)
    assert [p.id for p in store.posts.with_bytes(sha256)] == [1]
    store.wishes.retracted(store.deliveries.get(1), NOW)
    assert store.posts.with_bytes(sha256) == []
