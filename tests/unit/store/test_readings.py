"""When a post is read back, how often, and what is kept of it."""

from datetime import timedelta

from postguard.model import Receipt
from postguard.store.readings import FIRST_LOOK, Reading
from tests.making import MINUTE, NOW, protected_post


def posted(store, name="fox.png", now=NOW):
    """A post that was sent; returns its delivery."""
    post = protected_post(store, name=name)
    (delivery,) = store.deliveries.of_post(post.id)
    store.deliveries.schedule(delivery.id, now, None, now)
    store.attempts.finish(delivery.id, Receipt(f"at://{name}", f"https://{name}", now), now)
    return store.deliveries.get(delivery.id)


def test_a_post_is_read_back_a_little_after_it_was_sent(store):
    delivery = posted(store)
    assert store.readings.next_unread(NOW) is None
    assert store.readings.next_look() == NOW + FIRST_LOOK
    unread = store.readings.next_unread(NOW + FIRST_LOOK)
    assert (unread.delivery_id, unread.receipt.uri, unread.tries) == (
        delivery.id,
        "at://fox.png",
        0,
    )


def test_what_has_waited_longest_is_read_first(store):
    later, first = posted(store, "b.png", NOW + MINUTE), posted(store, "a.png", NOW)
    assert store.readings.next_unread(NOW + 5 * MINUTE).delivery_id == first.id
    store.readings.keep(first.id, {}, NOW)
    assert store.readings.next_unread(NOW + 5 * MINUTE).delivery_id == later.id


def test_what_was_found_is_kept_and_the_post_not_read_again(store):
    delivery = posted(store)
    seen = {"differences": [{"what": "alt", "says": "説明がない"}]}
    store.readings.keep(delivery.id, seen, NOW + MINUTE)
    assert store.readings.of_post(delivery.post_id) == {
        "sky": Reading(checked_at=NOW + MINUTE, seen=seen)
    }
    assert store.readings.next_unread(NOW + timedelta(days=9)) is None
    assert store.readings.next_look() is None


def test_a_try_in_vain_is_counted_and_comes_again(store):
    delivery = posted(store)
    store.readings.later(delivery.id, NOW + 5 * MINUTE, 1)
    assert store.readings.next_unread(NOW + 4 * MINUTE) is None
    assert store.readings.next_unread(NOW + 5 * MINUTE).tries == 1
    assert store.readings.of_post(delivery.post_id)["sky"].look_at == NOW + 5 * MINUTE


def test_a_post_that_was_edited_can_be_read_again(store):
    delivery = posted(store)
    store.readings.keep(delivery.id, {"differences": [{"what": "text", "says": "x"}]}, NOW)
    store.readings.later(delivery.id, NOW + MINUTE, 0)
    assert store.readings.of_post(delivery.post_id)["sky"].checked_at is None
    assert store.readings.next_unread(NOW + MINUTE).tries == 0


def test_what_cannot_be_read_back_is_let_be(store):
    delivery = posted(store)
    store.readings.leave(delivery.id)
    assert store.readings.next_unread(NOW + timedelta(days=9)) is None
    assert store.readings.of_post(delivery.post_id) == {"sky": Reading()}


def test_the_sentences_of_a_reading_are_told_by_account(store):
    delivery, fine = posted(store), posted(store, "b.png")
    seen = {"differences": [{"what": "alt", "says": "one"}, {"what": "text", "says": "two"}]}
    store.readings.keep(delivery.id, seen, NOW)
    store.readings.keep(fine.id, {"differences": [], "pictures": []}, NOW)
    assert store.readings.warnings(delivery.post_id) == {"sky": ["one", "two"]}
    assert store.readings.warnings(fine.post_id) == {}
    store.readings.keep(fine.id, {"problem": "could not be read back"}, NOW)
    assert store.readings.warnings(fine.post_id) == {"sky": ["could not be read back"]}


def test_what_is_out_of_date_is_not_recorded(store):
    delivery = posted(store)
    asked = NOW + FIRST_LOOK
    store.readings.later(delivery.id, NOW + MINUTE, 0)
    assert not store.readings.keep(delivery.id, {"problem": "x"}, NOW, asked=asked)
    assert not store.readings.later(delivery.id, NOW + 9 * MINUTE, 3, asked=asked)
    assert store.readings.of_post(delivery.post_id)["sky"].look_at == NOW + MINUTE
    assert store.readings.keep(delivery.id, {}, NOW, asked=NOW + MINUTE)
    store.readings.leave(delivery.id)
    assert not store.readings.keep(delivery.id, {"problem": "x"}, NOW, asked=NOW + MINUTE)
