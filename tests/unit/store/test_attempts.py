from __future__ import annotations

import threading

from postguard.model import Attempt, DeliveryState, PostState, Receipt
from postguard.store import Store
from tests.making import MINUTE, NOW, scheduled

RECEIPT = Receipt("at://x", "https://x", NOW, {"cid": "c"})


def test_the_claim_takes_what_has_been_due_longest_and_takes_it_once(store: Store) -> None:
    late, early = scheduled(store, "a.png"), scheduled(store, "b.png")
    rows = store.deliveries
    rows.schedule(rows.of_post(early)[0].id, NOW - MINUTE, None, NOW)
    first, second = (store.attempts.claim(NOW, ["sky"]) for _ in range(2))
    assert first is not None
    assert second is not None
    assert [first.post_id, second.post_id] == [early, late]
    assert first.state is DeliveryState.SENDING
    assert store.attempts.claim(NOW, ["sky"]) is None


def test_the_claim_leaves_what_is_not_due_held_or_of_other_accounts(store: Store) -> None:
    post = scheduled(store)
    assert store.attempts.claim(NOW - MINUTE, ["sky"]) is None
    assert store.attempts.claim(NOW, ["fedi"]) is None
    assert store.attempts.claim(NOW, []) is None
    store.posts.move_to(post, PostState.HELD, NOW, "held by you")
    assert store.attempts.claim(NOW, ["sky"]) is None


def test_many_threads_claim_each_delivery_once(store: Store) -> None:
    wanted = {scheduled(store, f"{i}.png") for i in range(40)}
    claimed: list[int] = []

    def work() -> None:
        while (found := store.attempts.claim(NOW, ["sky"])) is not None:
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
    store.attempts.finish(first.id, RECEIPT, NOW)
    assert store.posts.get(post).state is PostState.PROTECTED
    store.attempts.finish(second.id, RECEIPT, NOW)
    assert store.posts.get(post).state is PostState.POSTED
    assert store.deliveries.receipts(post) == {"sky": RECEIPT, "fedi": RECEIPT}


def test_one_held_delivery_does_not_stop_the_other(store: Store) -> None:
    post = scheduled(store, accounts=("sky", "fedi"))
    first, second = store.deliveries.of_post(post)
    store.attempts.hold(first.id, "too long", NOW)
    assert store.posts.get(post).state is PostState.PROTECTED
    claimed = store.attempts.claim(NOW, ["sky", "fedi"])
    assert claimed is not None
    assert claimed.id == second.id
    store.attempts.finish(second.id, RECEIPT, NOW)
    held = store.posts.get(post)
    assert (held.state, held.reason) == (PostState.HELD, "sky: too long")


def test_a_start_finds_what_was_cut_off_and_asks_first_where_a_plan_was_stored(
    store: Store,
) -> None:
    planned, bare = scheduled(store, "a.png"), scheduled(store, "b.png")
    for _ in range(2):
        store.attempts.claim(NOW, ["sky"])
    store.attempts.begin(store.deliveries.of_post(planned)[0].id, {"rkey": "k"}, NOW)
    assert store.attempts.recover(NOW) == 2
    assert store.deliveries.of_post(planned)[0].state is DeliveryState.UNSURE
    assert store.deliveries.of_post(bare)[0].state is DeliveryState.SCHEDULED


def test_what_was_cut_off_may_have_been_posted_whatever_comes_after(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0]
    store.attempts.claim(NOW, ["sky"])
    store.attempts.begin(delivery.id, {"rkey": "k"}, NOW)
    store.attempts.recover(NOW)
    store.attempts.claim(NOW, ["sky"])
    store.attempts.put_back(delivery.id, DeliveryState.SCHEDULED, NOW, "no line", NOW)
    found = store.attempts.last(delivery.id)
    assert found is not None
    assert not found.in_vain


def test_the_plan_comes_back_as_it_was_stored(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0]
    plan = {"rkey": "3k", "writes": [{"text": "月 #狐", "n": 1, "none": None}]}
    store.attempts.begin(delivery.id, plan, NOW)
    found = store.attempts.last(delivery.id)
    assert found is not None
    assert (found.plan, found.started_at) == (plan, NOW)


def test_after_a_refusal_a_release_sends_anew_and_after_doubt_it_asks_first(store: Store) -> None:
    refused, doubtful = scheduled(store, "a.png"), scheduled(store, "b.png")
    for post, sure in ((refused, True), (doubtful, False)):
        delivery = store.deliveries.of_post(post)[0]
        store.attempts.begin(delivery.id, {"rkey": "k"}, NOW)
        store.attempts.hold(delivery.id, "no", NOW, sure=sure)
        assert store.wishes.release(post, NOW) == 1
    assert store.deliveries.of_post(refused)[0].state is DeliveryState.WAITING
    assert store.deliveries.of_post(doubtful)[0].state is DeliveryState.UNSURE


def test_what_an_account_is_sending_is_not_taken_back(store: Store) -> None:
    for account in ("sky", "fedi"):
        scheduled(store, f"{account}.png", accounts=(account,))
        store.attempts.claim(NOW, [account])
    assert store.attempts.recover(NOW, ["sky"]) == 1
    states = [store.deliveries.of_post(post)[0].state for post in (1, 2)]
    assert states == [DeliveryState.SENDING, DeliveryState.SCHEDULED]


def test_a_delivery_that_was_claimed_and_left_is_as_it_was_before(store: Store) -> None:
    post = scheduled(store)
    before = store.deliveries.of_post(post)[0]
    for _ in range(3):
        claimed = store.attempts.claim(NOW, ["sky"])
        assert claimed is not None
        assert claimed.tries == 1
        store.attempts.leave(claimed.id)
    assert store.deliveries.of_post(post)[0] == before


def test_one_in_doubt_that_is_left_stays_in_doubt(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0]
    store.attempts.put_back(delivery.id, DeliveryState.UNSURE, NOW, "lost", NOW)
    store.attempts.claim(NOW, ["sky"])
    store.attempts.leave(delivery.id)
    assert store.deliveries.get(delivery.id).state is DeliveryState.UNSURE


def test_an_attempt_knows_when_its_plan_was_first_used_and_when_it_ended(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0].id
    for minutes, plan in ((0, {"key": "old"}), (1, {"key": "k"}), (2, {"key": "k"})):
        store.attempts.begin(delivery, plan, NOW + minutes * MINUTE)
        running = store.attempts.last(delivery)
        assert running is not None
        assert running.ended_at is None
        at = NOW + (minutes + 0.5) * MINUTE
        store.attempts.put_back(delivery, DeliveryState.UNSURE, NOW, "lost", at)
    found = store.attempts.last(delivery)
    assert found is not None
    assert (found.first_at, found.ended_at) == (NOW + MINUTE, NOW + 2.5 * MINUTE)


def test_the_end_of_a_try_moves_to_now_when_the_clock_was_set_back(store: Store) -> None:
    delivery = store.deliveries.of_post(scheduled(store))[0].id
    store.attempts.begin(delivery, {"key": "k"}, NOW)
    for at in (NOW + 10_000 * MINUTE, NOW):
        store.attempts.put_back(delivery, DeliveryState.UNSURE, NOW, "lost", at)
    found = store.attempts.last(delivery)
    assert found is not None
    assert found.ended_at == NOW


def test_a_release_says_that_the_artist_has_looked_for_what_is_in_doubt(store: Store) -> None:
    post = scheduled(store)
    delivery = store.deliveries.of_post(post)[0].id
    looked = []
    for _ in range(2):
        store.attempts.begin(delivery, {"key": "k"}, NOW)
        store.attempts.hold(delivery, "look", NOW, sure=False)
        looked.append(_last(store, delivery).looked_for)
        store.wishes.retry_held(post, NOW)
        store.posts.move_to(post, PostState.PROTECTED, NOW)
        looked.append(_last(store, delivery).looked_for)
    assert looked == [False, True, False, True]
    assert store.posts.went_out(post)


def _last(store: Store, delivery: int) -> Attempt:
    found = store.attempts.last(delivery)
    assert found is not None
    return found
