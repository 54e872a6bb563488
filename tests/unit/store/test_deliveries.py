from __future__ import annotations

import threading
from dataclasses import replace

from postguard.model import Attempt, DeliveryState, PostState, Receipt
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post

RECEIPT = Receipt("at://x", "https://x", NOW, {"cid": "c"})


def scheduled(store: Store, name: str = "fox.png", **fields: object) -> int:
    post = protected_post(store, name=name, **fields)
    for delivery in store.deliveries.of_post(post.id):
        assert store.deliveries.schedule(delivery.id, NOW, None, NOW)
    return post.id


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


def test_the_claim_takes_what_has_been_due_longest_and_takes_it_once(store: Store) -> None:
    late, early = scheduled(store, "a.png"), scheduled(store, "b.png")
    rows = store.deliveries
    rows.schedule(rows.of_post(early)[0].id, NOW - MINUTE, None, NOW)
    first, second = rows.claim(NOW, ["sky"]), rows.claim(NOW, ["sky"])
    assert first is not None
    assert second is not None
    assert [first.post_id, second.post_id] == [early, late]
    assert first.state is DeliveryState.SENDING
    assert rows.claim(NOW, ["sky"]) is None


def test_the_claim_leaves_what_is_not_due_held_or_of_other_accounts(store: Store) -> None:
    post = scheduled(store)
    assert store.deliveries.claim(NOW - MINUTE, ["sky"]) is None
    assert store.deliveries.claim(NOW, ["fedi"]) is None
    assert store.deliveries.claim(NOW, []) is None
    store.posts.move_to(post, PostState.HELD, NOW, "held by you")
    assert store.deliveries.claim(NOW, ["sky"]) is None


def test_many_threads_claim_each_delivery_once(store: Store) -> None:
    wanted = {scheduled(store, f"{i}.png") for i in range(40)}
    claimed: list[int] = []

    def work() -> None:
        while (found := store.deliveries.claim(NOW, ["sky"])) is not None:
            claimed.append(found.post_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(wanted)


def test_the_last_receipt_makes_the_post_posted(store: Store) -> None:
    post = scheduled(store, accounts=("sky", "fedi"))
    first, second = store.deliveries.of_post(post)
    store.deliveries.finish(first.id, RECEIPT, NOW)
    assert store.posts.get(post).state is PostState.PROTECTED
    store.deliveries.finish(second.id, RECEIPT, NOW)
    assert store.posts.get(post).state is PostState.POSTED
    assert store.deliveries.receipts(post) == {"sky": RECEIPT, "fedi": RECEIPT}


def test_one_held_delivery_does_not_stop_the_other(store: Store) -> None:
    post = scheduled(store, accounts=("sky", "fedi"))
    first, second = store.deliveries.of_post(post)
    store.deliveries.hold(first.id, "too long", NOW)
    assert store.posts.get(post).state is PostState.PROTECTED
    claimed = store.deliveries.claim(NOW, ["sky", "fedi"])
    assert claimed is not None
    assert claimed.id == second.id
    store.deliveries.finish(second.id, RECEIPT, NOW)
    held = store.posts.get(post)
    assert (held.state, held.reason) == (PostState.HELD, "sky: too long")


def test_a_start_finds_what_was_cut_off_and_asks_first_where_a_plan_was_stored(
    store: Store,
) -> None:
    planned, bare = scheduled(store, "a.png"), scheduled(store, "b.png")
    for _ in range(2):
        store.deliveries.claim(NOW, ["sky"])
    store.deliveries.begin(store.deliveries.of_post(planned)[0].id, {"rkey": "k"}, NOW)
    assert store.deliveries.recover(NOW) == 2
    assert store.deliveries.of_post(planned)[0].state is DeliveryState.UNSURE
    assert store.deliveries.of_post(bare)[0].state is DeliveryState.SCHEDULED


def test_what_was_cut_off_may_have_been_posted_whatever_comes_after(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0]
    store.deliveries.claim(NOW, ["sky"])
    store.deliveries.begin(delivery.id, {"rkey": "k"}, NOW)
    store.deliveries.recover(NOW)
    store.deliveries.claim(NOW, ["sky"])
    store.deliveries.put_back(delivery.id, DeliveryState.SCHEDULED, NOW, "no line", NOW)
    found = store.deliveries.last_attempt(delivery.id)
    assert found is not None
    assert not found.in_vain


def test_the_plan_comes_back_as_it_was_stored(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0]
    plan = {"rkey": "3k", "writes": [{"text": "月 #狐", "n": 1, "none": None}]}
    store.deliveries.begin(delivery.id, plan, NOW)
    found = store.deliveries.last_attempt(delivery.id)
    assert found is not None
    assert (found.plan, found.started_at) == (plan, NOW)


def test_after_a_refusal_a_release_sends_anew_and_after_doubt_it_asks_first(store: Store) -> None:
    refused, doubtful = scheduled(store, "a.png"), scheduled(store, "b.png")
    for post, sure in ((refused, True), (doubtful, False)):
        delivery = store.deliveries.of_post(post)[0]
        store.deliveries.begin(delivery.id, {"rkey": "k"}, NOW)
        store.deliveries.hold(delivery.id, "no", NOW, sure=sure)
        assert store.deliveries.release(post, NOW) == 1
    assert store.deliveries.of_post(refused)[0].state is DeliveryState.WAITING
    assert store.deliveries.of_post(doubtful)[0].state is DeliveryState.UNSURE


def test_what_an_account_is_sending_is_not_taken_back(store: Store) -> None:
    for account in ("sky", "fedi"):
        scheduled(store, f"{account}.png", accounts=(account,))
        store.deliveries.claim(NOW, [account])
    assert store.deliveries.recover(NOW, ["sky"]) == 1
    states = [store.deliveries.of_post(post)[0].state for post in (1, 2)]
    assert states == [DeliveryState.SENDING, DeliveryState.SCHEDULED]


def test_a_delivery_that_was_claimed_and_left_is_as_it_was_before(store: Store) -> None:
    post = scheduled(store)
    before = store.deliveries.of_post(post)[0]
    for _ in range(3):
        claimed = store.deliveries.claim(NOW, ["sky"])
        assert claimed is not None
        assert claimed.tries == 1
        store.deliveries.leave(claimed.id)
    assert store.deliveries.of_post(post)[0] == before


def test_one_in_doubt_that_is_left_stays_in_doubt(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0]
    store.deliveries.put_back(delivery.id, DeliveryState.UNSURE, NOW, "lost", NOW)
    store.deliveries.claim(NOW, ["sky"])
    store.deliveries.leave(delivery.id)
    assert store.deliveries.get(delivery.id).state is DeliveryState.UNSURE


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
        rows.claim(NOW, ["sky"])
    rows.put_back(tried, DeliveryState.SCHEDULED, NOW + MINUTE, "no line", NOW)
    rows.finish(posted, RECEIPT, NOW)
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
        store.deliveries.finish(store.deliveries.of_post(post)[0].id, receipt, NOW)
    assert store.deliveries.taken_uris("sky", NOW - MINUTE) == {"at://1"}
    assert store.deliveries.taken_uris("sky", NOW - 9 * MINUTE) == {"at://1", "at://2"}


def test_an_attempt_knows_when_its_plan_was_first_used_and_when_it_ended(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0].id
    for minutes, plan in ((0, {"key": "old"}), (1, {"key": "k"}), (2, {"key": "k"})):
        store.deliveries.begin(delivery, plan, NOW + minutes * MINUTE)
        running = store.deliveries.last_attempt(delivery)
        assert running is not None
        assert running.ended_at is None
        at = NOW + (minutes + 0.5) * MINUTE
        store.deliveries.put_back(delivery, DeliveryState.UNSURE, NOW, "lost", at)
    found = store.deliveries.last_attempt(delivery)
    assert found is not None
    assert (found.first_at, found.ended_at) == (NOW + MINUTE, NOW + 2.5 * MINUTE)


def test_the_end_of_a_try_moves_to_now_when_the_clock_was_set_back(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0].id
    store.deliveries.begin(delivery, {"key": "k"}, NOW)
    for at in (NOW + 10_000 * MINUTE, NOW):
        store.deliveries.put_back(delivery, DeliveryState.UNSURE, NOW, "lost", at)
    found = store.deliveries.last_attempt(delivery)
    assert found is not None
    assert found.ended_at == NOW


def test_a_release_says_that_the_artist_has_looked_for_what_is_in_doubt(store: Store) -> None:
    post = scheduled(store)
    delivery = store.deliveries.of_post(post)[0].id
    looked = []
    for _ in range(2):
        store.deliveries.begin(delivery, {"key": "k"}, NOW)
        store.deliveries.hold(delivery, "look", NOW, sure=False)
        looked.append(_last(store, delivery).looked_for)
        store.deliveries.retry_held(post, NOW)
        store.posts.move_to(post, PostState.PROTECTED, NOW)
        looked.append(_last(store, delivery).looked_for)
    assert looked == [False, True, False, True]
    assert store.posts.went_out(post)


def _last(store: Store, delivery: int) -> Attempt:
    found = store.deliveries.last_attempt(delivery)
    assert found is not None
    return found


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
