from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from postguard.app import steering
from postguard.app.moving import move
from postguard.errors import Unusable
from postguard.model import DeliveryState, NewDelivery, PostState, Receipt, Words
from postguard.store import Store
from tests.making import NOW, protected_post

HOUR = timedelta(hours=1)
TOKYO = ZoneInfo("Asia/Tokyo")


def queue(store: Store, account: str = "sky") -> list[int]:
    """The posts of an account in the order they are to go out."""
    found = [d for n in range(1, 9) for d in store.deliveries.of_post(n) if d.account == account]
    waiting = [d for d in found if d.state is DeliveryState.SCHEDULED]
    return [d.post_id for d in sorted(waiting, key=lambda d: (d.due_at or NOW, d.id))]


def in_slots(store: Store, count: int) -> None:
    """Posts 1 to `count`, one to each hour's slot."""
    for number in range(1, count + 1):
        post = protected_post(store, name=f"{number}.png", asked="slot")
        (delivery,) = store.deliveries.of_post(post.id)
        at = NOW + number * HOUR
        store.deliveries.schedule(delivery.id, at, f"{at:%Y-%m-%d %H:%M}", NOW)


@pytest.mark.parametrize(
    ("post", "where", "order"),
    [
        (3, "up", [1, 3, 2, 4]),
        (3, "down", [1, 2, 4, 3]),
        (3, "first", [3, 1, 2, 4]),
        (2, "last", [1, 3, 4, 2]),
        (1, "first", [1, 2, 3, 4]),
        (4, "Down", [1, 2, 3, 4]),
    ],
)
def test_a_post_changes_places_with_its_neighbours(
    store: Store, post: int, where: str, order: list[int]
) -> None:
    """The times and slots stay; only who has them changes."""
    in_slots(store, 4)
    move(store, post, where, None, TOKYO, NOW)
    assert queue(store) == order
    told = [store.deliveries.of_post(n)[0] for n in order]
    assert [d.due_at for d in told] == [NOW + n * HOUR for n in range(1, 5)]
    assert [d.slot for d in told] == [f"2026-11-23 1{n}:00" for n in range(3, 7)]


def test_a_post_changes_no_places_with_one_that_is_held_or_gone(store: Store) -> None:
    in_slots(store, 4)
    store.posts.move_to(2, PostState.WITHDRAWN, NOW)
    store.posts.move_to(3, PostState.HELD, NOW, "by you")
    move(store, 4, "up", None, TOKYO, NOW)
    assert queue(store) == [4, 2, 3, 1]


def test_a_place_that_the_artist_chose_is_kept_when_slots_are_dealt_out_anew(store: Store) -> None:
    in_slots(store, 3)
    move(store, 3, "first", None, TOKYO, NOW)
    protected_post(store, name="4.png", asked="slot")
    store.deliveries.schedule(4, NOW + 9 * HOUR, "2026-11-23 21:00", NOW)
    assert store.plans.unplan_all(NOW) == 1
    assert queue(store) == [3, 1, 2]


def test_a_time_that_the_artist_gave_is_taken_by_no_other_post(store: Store) -> None:
    """A picture for a day goes out on that day, whatever else is moved."""
    in_slots(store, 3)
    move(store, 2, "2026-12-24 19:30", None, TOKYO, NOW)
    christmas = datetime(2026, 12, 24, 19, 30, tzinfo=TOKYO)
    store.deliveries.schedule(2, christmas, None, NOW)
    move(store, 1, "last", None, TOKYO, NOW)
    move(store, 1, "up", None, TOKYO, NOW)
    assert "is the last on sky already" in move(store, 3, "last", None, TOKYO, NOW)
    assert queue(store) == [1, 3, 2]
    assert store.deliveries.get(2).due_at == christmas
    with pytest.raises(Unusable, match="when you said, Thu 2026-12-24 19:30"):
        move(store, 2, "first", None, TOKYO, NOW)


def test_a_place_without_a_slot_can_be_given_on(store: Store) -> None:
    for number in (1, 2, 3):
        protected_post(store, name=f"{number}.png")
        store.deliveries.schedule(number, NOW + number * HOUR, None, NOW)
    move(store, 3, "first", None, TOKYO, NOW)
    move(store, 3, "down", None, TOKYO, NOW)
    assert queue(store) == [1, 3, 2]


def test_a_time_is_read_in_the_artists_zone_and_asked_for(store: Store) -> None:
    in_slots(store, 1)
    told = move(store, 1, "2026-12-01 19:30", None, TOKYO, NOW)
    (delivery,) = store.deliveries.unplanned()
    assert delivery.asked == "2026-12-01T19:30:00+09:00"
    assert (delivery.slot, delivery.due_at) == (None, None)
    assert "goes to sky on Tue 2026-12-01 19:30" in told
    assert move(store, 1, "2026-12-01 19:30", None, TOKYO, NOW) == told


@pytest.mark.parametrize("word", ["now", "slot"])
def test_a_post_may_go_now_or_into_its_next_slot(store: Store, word: str) -> None:
    in_slots(store, 1)
    move(store, 1, word, None, TOKYO, NOW)
    assert [d.asked for d in store.deliveries.unplanned()] == [word]


def test_one_account_is_moved_and_the_other_keeps_its_time(store: Store) -> None:
    post = protected_post(store, accounts=("sky", "fedi"))
    for delivery in store.deliveries.of_post(post.id):
        store.deliveries.schedule(delivery.id, NOW + HOUR, None, NOW)
    move(store, post.id, "slot", "fedi", TOKYO, NOW)
    sky, fedi = store.deliveries.of_post(post.id)
    assert (sky.due_at, fedi.state) == (NOW + HOUR, DeliveryState.WAITING)


def test_a_held_post_keeps_the_new_time_for_its_release(store: Store) -> None:
    in_slots(store, 1)
    store.attempts.hold(1, "the picture is too large", NOW)
    assert "once it is released" in move(store, 1, "slot", None, TOKYO, NOW)
    assert store.deliveries.get(1).state is DeliveryState.HELD
    steering.release(store, 1, NOW)
    assert [d.asked for d in store.deliveries.unplanned()] == ["slot"]


def test_what_is_being_sent_or_may_have_been_is_not_moved(store: Store) -> None:
    in_slots(store, 1)
    store.wishes.make_due(1, NOW)
    store.attempts.claim(NOW, ("sky",))
    with pytest.raises(Unusable, match="at this moment"):
        move(store, 1, "now", None, TOKYO, NOW)
    store.attempts.begin(1, {"key": "a"}, NOW)
    store.attempts.recover(NOW)
    with pytest.raises(Unusable, match="may be on sky already"):
        move(store, 1, "now", None, TOKYO, NOW)
    store.attempts.hold(1, "given up", NOW, sure=False)
    with pytest.raises(Unusable, match="may have been sent"):
        move(store, 1, "now", None, TOKYO, NOW)
    store.attempts.finish(1, Receipt("at://1", "https://1", NOW), NOW)
    with pytest.raises(Unusable, match="is posted on sky already"):
        move(store, 1, "first", None, TOKYO, NOW)


def test_no_place_is_earlier_than_a_post_may_go_out(store: Store) -> None:
    in_slots(store, 2)
    late = NewDelivery("sky", Words(), "slot", "b", not_before=NOW + 3 * HOUR)
    protected_post(store, name="3.png", deliveries=(late,))
    store.deliveries.schedule(3, NOW + 3 * HOUR, None, NOW)
    with pytest.raises(Unusable, match="not_before"):
        move(store, 3, "up", None, TOKYO, NOW)
    with pytest.raises(Unusable, match="post 3 may not"):
        move(store, 2, "down", None, TOKYO, NOW)
    assert "not before the time" in move(store, 3, "now", None, TOKYO, NOW)


@pytest.mark.parametrize(
    ("where", "told"),
    [("soon", "is no time"), ("2020-01-01 10:00", "over already"), ("up", "`postguard move 1 ")],
)
def test_what_cannot_be_meant_changes_nothing(store: Store, where: str, told: str) -> None:
    protected_post(store)
    with pytest.raises(Unusable, match=told):
        move(store, 1, where, None, TOKYO, NOW)
    assert store.deliveries.get(1).asked == "now"


def test_an_account_that_the_post_does_not_go_to_is_named(store: Store) -> None:
    in_slots(store, 1)
    with pytest.raises(Unusable, match="does not go to fedi; it goes to sky"):
        move(store, 1, "first", "fedi", TOKYO, NOW)
