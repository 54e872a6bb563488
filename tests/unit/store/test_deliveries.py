from __future__ import annotations

import threading

from postguard.model import DeliveryState, PostState, Receipt
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
    assert store.deliveries.taken_slots("sky", NOW) == {"2026-11-23 19:30"}


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
