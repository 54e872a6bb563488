from __future__ import annotations

from dataclasses import replace

from postguard.model import DeliveryState, PostState, Receipt
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post, scheduled

RECEIPT = Receipt("at://x", "https://x", NOW, {"cid": "c"})


def test_only_deliveries_of_protected_posts_are_planned(store: Store) -> None:
    post = protected_post(store)
    assert [d.post_id for d in store.deliveries.unplanned()] == [post.id]
    store.posts.move_to(post.id, PostState.HELD, NOW, "held by you")
    assert store.deliveries.unplanned() == []


def test_a_slot_is_given_once_to_each_account(store: Store) -> None:
    first = store.deliveries.of_post(protected_post(store, accounts=("sky", "fedi")).id)
    second = store.deliveries.of_post(protected_post(store, name="b.png").id)
    assert store.deliveries.schedule(first[0].id, NOW, "2026-11-23 19:30", NOW)
    assert store.deliveries.schedule(first[1].id, NOW, "2026-11-23 19:30", NOW)
    assert not store.deliveries.schedule(second[0].id, NOW, "2026-11-23 19:30", NOW)
    assert store.deliveries.of_post(second[0].post_id)[0].state is DeliveryState.WAITING
    assert store.plans.taken_slots("sky", "2026-11-23", "2026-11-24") == {"2026-11-23 19:30"}


def test_only_slots_to_come_of_which_nothing_was_sent_are_taken_back(store: Store) -> None:
    rows = store.deliveries
    made = [rows.of_post(protected_post(store, name=f"{i}.png").id)[0].id for i in range(5)]
    passed, to_come, at_a_time, tried, posted = made
    asked = {at_a_time: (NOW + MINUTE).isoformat()}
    for delivery, at in asked.items():
        store.db.rows("UPDATE deliveries SET asked = ? WHERE id = ?", (at, delivery))
    rows.schedule(passed, NOW - MINUTE, "2026-11-23 11:59", NOW)
    rows.schedule(to_come, NOW + MINUTE, "2026-11-23 12:01", NOW)
    rows.schedule(at_a_time, NOW + MINUTE, None, NOW)
    for delivery, slot in ((tried, "2026-11-23 10:00"), (posted, "2026-11-23 10:01")):
        rows.schedule(delivery, NOW - 2 * MINUTE, slot, NOW)
        store.attempts.claim(NOW, ["sky"])
    store.attempts.put_back(tried, DeliveryState.SCHEDULED, NOW + MINUTE, "no line", NOW)
    store.attempts.finish(posted, RECEIPT, NOW)
    assert store.plans.unplan_all(NOW) == 1
    waiting = [d for d in made if rows.get(d).state is DeliveryState.WAITING]
    assert waiting == [to_come]
    assert rows.get(to_come).slot is None


def test_the_next_due_time_lies_ahead_whatever_is_overdue(store: Store) -> None:
    """What is overdue cannot go now, and must not hide what becomes due in a second."""
    overdue, next_one, later = (scheduled(store, f"{i}.png") for i in range(3))
    rows = store.deliveries
    for post, at in ((overdue, NOW - MINUTE), (next_one, NOW + MINUTE), (later, NOW + 2 * MINUTE)):
        rows.schedule(rows.of_post(post)[0].id, at, None, NOW)
    assert rows.next_due(NOW) == NOW + MINUTE
    assert rows.next_due(NOW + MINUTE) == NOW + 2 * MINUTE
    assert rows.next_due(NOW + 2 * MINUTE) is None


def test_the_posts_of_an_account_are_known_by_their_addresses(store: Store) -> None:
    for i, (account, at) in enumerate(
        [("sky", NOW), ("sky", NOW - 9 * MINUTE), ("fedi", NOW)], start=1
    ):
        post = scheduled(store, f"{i}.png", accounts=(account,))
        receipt = replace(RECEIPT, uri=f"at://{i}", at=at)
        store.attempts.finish(store.deliveries.of_post(post)[0].id, receipt, NOW)
    assert store.deliveries.taken_uris("sky", NOW - MINUTE) == {"at://1"}
    assert store.deliveries.taken_uris("sky", NOW - 9 * MINUTE) == {"at://1", "at://2"}


def test_limits_pauses_and_logins_of_accounts_are_kept(store: Store) -> None:
    from postguard.model import Limits

    limits = Limits("mastodon-1-2", 500, 1500, 4, 16_000_000, pixels=8_294_400)
    store.accounts.keep_limits("fedi", limits, NOW)
    assert store.accounts.limits("fedi") == (limits, NOW)
    store.accounts.pause("fedi", paused=True)
    store.accounts.log_out("fedi", "revoked")
    assert store.accounts.paused() == {"fedi"}
    assert store.accounts.logged_out() == {"fedi": "revoked"}
    store.accounts.pause("fedi", paused=False)
    store.accounts.log_in("fedi")
    assert (store.accounts.paused(), store.accounts.logged_out()) == (set(), {})


def test_an_account_waits_until_its_time_and_no_longer(store: Store) -> None:
    store.accounts.wait("sky", NOW + MINUTE)
    assert store.accounts.waiting(NOW) == {"sky"}
    assert store.accounts.waiting(NOW + MINUTE) == set()
    assert store.accounts.asked_to_wait("sky") == NOW + MINUTE
    assert store.accounts.asked_to_wait("fedi") is None


def test_failures_are_counted_until_something_worked(store: Store) -> None:
    assert [store.accounts.failed("sky") for _ in range(3)] == [1, 2, 3]
    store.accounts.wait("sky", NOW + MINUTE)
    assert store.accounts.asked_to_wait("sky") is None
    store.accounts.worked("sky")
    assert store.accounts.waiting(NOW) == set()
    assert store.accounts.failed("sky") == 1


def test_a_wait_that_was_asked_for_outlasts_what_works_meanwhile(store: Store) -> None:
    store.accounts.wait("sky", NOW + MINUTE)
    store.accounts.worked("sky")
    assert store.accounts.waiting(NOW) == {"sky"}


def test_what_was_spent_is_kept_for_a_day_by_account_and_kind(store: Store) -> None:
    hours = [NOW + n * 60 * MINUTE for n in (0, 20, 30)]
    for at in hours:
        store.spending.spend("sky", {"media": 4, "calls": 9}, at)
    store.spending.spend("fedi", {"media": 1}, NOW)
    last = hours[2]
    found = store.spending.spent("sky", ("media", "writes"), NOW, last)
    assert found == {"media": [(hours[1], 4), (last, 4)], "writes": []}
    assert store.spending.spent("sky", ("calls",), last, last) == {"calls": [(last, 9)]}
    assert store.spending.spent("fedi", ("media",), NOW, last) == {"media": [(NOW, 1)]}
