from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import pytest

from postguard.errors import Refused, Retryable, Unsure
from postguard.model import (
    Attempt,
    DeliveryState,
    Draft,
    Json,
    Limits,
    NewDelivery,
    PostState,
    Receipt,
    Words,
)
from postguard.publish.doubt import (
    IN_WORK,
    KEY_IS_KNOWN,
    SETTLE,
    Hold,
    SendAgain,
    Verdict,
    Wait,
    verdict,
)
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside, ScriptedNetwork

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def limits(*, once: bool) -> Limits:
    return Limits("x", 500, 1500, 4, 1_000_000, once=once)


def attempt(ended: datetime | None = NOW, *, looked_for: bool = False) -> Attempt:
    """A try that began a minute before now, and whose answer was lost."""
    began = NOW - MINUTE
    return Attempt(
        1, 1, {"key": "k"}, began, first_at=began, ended_at=ended, looked_for=looked_for
    )


def test_by_a_clock_that_was_set_back_nobody_knows_how_old_a_key_is() -> None:
    """Taken for a young one, it would be sent again at once, and might be forgotten there."""
    hour_ago = NOW - HOUR
    assert verdict(attempt(), limits(once=True), hour_ago) == Wait(hour_ago + SETTLE)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), Wait(NOW + IN_WORK)),
        (IN_WORK - SECOND, Wait(NOW + IN_WORK)),
        (IN_WORK, SendAgain()),
        (KEY_IS_KNOWN - MINUTE - SECOND, SendAgain()),
    ],
)
def test_while_the_key_is_known_only_a_request_in_work_is_waited_for(
    after: timedelta, expected: Verdict
) -> None:
    assert verdict(attempt(), limits(once=True), NOW + after) == expected


def test_once_the_key_may_be_forgotten_all_that_may_still_come_is_waited_for() -> None:
    old = attempt(NOW + KEY_IS_KNOWN)
    at = NOW + KEY_IS_KNOWN + IN_WORK
    assert verdict(old, limits(once=True), at) == Wait(NOW + KEY_IS_KNOWN + SETTLE)
    assert verdict(old, limits(once=True), NOW + KEY_IS_KNOWN + SETTLE) == SendAgain()


def test_a_server_without_keys_is_never_sent_the_same_again_by_itself() -> None:
    without = limits(once=False)
    assert verdict(attempt(), without, NOW + SETTLE - SECOND) == Wait(NOW + SETTLE)
    assert verdict(attempt(), without, NOW + SETTLE) == Hold()
    assert verdict(attempt(), without, NOW + 100 * HOUR) == Hold()
    assert verdict(attempt(looked_for=True), without, NOW + SETTLE) == SendAgain()


def test_what_the_artist_looked_for_too_soon_is_waited_for_all_the_same() -> None:
    found = verdict(attempt(looked_for=True), limits(once=False), NOW + MINUTE)
    assert found == Wait(NOW + SETTLE)


@pytest.mark.parametrize("ended", [None, NOW + 100 * HOUR])
def test_a_try_without_a_true_end_is_waited_for_from_now_on(ended: datetime | None) -> None:
    """It was cut off, or a clock that was wrong has noted when it ended."""
    assert verdict(attempt(ended), limits(once=False), NOW + MINUTE) == Wait(NOW + MINUTE + SETTLE)


@pytest.fixture
def outside(store: Store) -> Outside:
    return Outside(store)


def lost(outside: Outside, name: str = "fox.png") -> int:
    """A delivery whose request was lost at NOW; returns its id."""
    post = protected_post(outside.store, name=name)
    outside.publisher().plan(NOW)
    outside.net.before = [Unsure("the line broke")]
    outside.send_one(NOW)
    return outside.store.deliveries.of_post(post.id)[0].id


def state(outside: Outside, delivery: int) -> DeliveryState:
    return outside.store.deliveries.get(delivery).state


def test_what_was_cut_off_is_not_sent_again_before_it_can_have_been_worked_on(
    outside: Outside,
) -> None:
    post = protected_post(outside.store)
    outside.publisher().plan(NOW)
    outside.net.before = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        outside.send_one(NOW)
    outside.send_one(NOW + SECOND)
    assert outside.net.posts == {}
    outside.net.posts["k1"] = "A fox"  # the request that was under way arrives
    outside.send_one(NOW + SECOND + IN_WORK)
    assert outside.store.posts.get(post.id).state is PostState.POSTED
    assert outside.net.posts == {"k1": "A fox"}


def test_a_second_power_cut_while_it_is_sent_again_begins_the_wait_anew(outside: Outside) -> None:
    delivery = lost(outside)
    outside.net.before = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        outside.send_one(NOW + MINUTE)
    outside.send_one(NOW + 2 * MINUTE)
    assert (state(outside, delivery), outside.net.posts) == (DeliveryState.UNSURE, {})
    outside.send_one(NOW + 2 * MINUTE + IN_WORK)
    assert outside.net.posts == {"k1": "A fox"}


def test_the_wait_is_counted_from_the_end_of_a_try_that_took_long(outside: Outside) -> None:
    outside.net.once = False
    post = protected_post(outside.store)
    outside.publisher().plan(NOW)
    outside.net.before = [Unsure("the line broke")]
    outside.time = NOW + 4 * MINUTE  # at its end
    outside.publisher().send_one(NOW)
    outside.send_one(NOW + 8 * MINUTE)
    assert outside.store.posts.get(post.id).state is PostState.PROTECTED
    outside.send_one(NOW + 4 * MINUTE + SETTLE)
    assert outside.store.posts.get(post.id).state is PostState.HELD


def test_without_keys_the_artist_looks_and_then_says_to_send_it(outside: Outside) -> None:
    outside.net.once = False
    delivery = lost(outside)
    for after in (MINUTE, SETTLE):
        outside.send_one(NOW + after)
    held = outside.store.deliveries.get(delivery)
    assert held.state is DeliveryState.HELD
    assert f"postguard retry {held.post_id}` sends it" in held.reason
    let_go(outside, held.post_id, NOW + HOUR)
    outside.send_one(NOW + HOUR)
    assert state(outside, delivery) is DeliveryState.POSTED
    assert outside.net.posts == {"k1": "A fox"}


def test_what_the_artist_has_sent_again_is_doubted_anew_where_its_answer_is_lost(
    outside: Outside,
) -> None:
    outside.net.once = False
    delivery = lost(outside)
    for after in (MINUTE, SETTLE):
        outside.send_one(NOW + after)
    let_go(outside, outside.store.deliveries.get(delivery).post_id, NOW + HOUR)
    outside.net.before = [Unsure("the line broke again")]
    for after in (timedelta(0), MINUTE, SETTLE):
        outside.send_one(NOW + HOUR + after)
    assert state(outside, delivery) is DeliveryState.HELD
    assert outside.net.posts == {}


def let_go(outside: Outside, post_id: int, now: datetime) -> None:
    """What `postguard retry` does to a held post."""
    outside.store.wishes.release(post_id, now)
    outside.store.posts.move_to(post_id, PostState.PROTECTED, now)
    outside.publisher().plan(now)


class FindsByWords(ScriptedNetwork):
    """A network that knows a post by what it says, as Mastodon is asked."""

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        same = (key for key, text in self.posts.items() if text == draft.words.text)
        free = [key for key in same if f"at://{key}" not in taken]
        return self._receipt({"key": free[0]}) if free else None


@pytest.fixture
def by_words(outside: Outside) -> Outside:
    outside.net = FindsByWords(named=False)
    return outside


def planned(outside: Outside, **fields: object) -> int:
    """The delivery of a fresh post that is due now."""
    post = protected_post(outside.store, **fields)
    outside.publisher().plan(NOW)
    return outside.store.deliveries.of_post(post.id)[0].id


def test_a_post_waits_while_another_with_its_words_is_in_doubt(by_words: Outside) -> None:
    """Sent now, it could be taken for the other one, whose picture would never be posted."""
    first = lost(by_words)
    second = planned(by_words, name="same words.png")
    by_words.send_one(NOW)
    waits = by_words.store.deliveries.get(second)
    assert waits.state is DeliveryState.SCHEDULED
    assert "has the same words and may be there already" in waits.reason
    by_words.send_one(NOW + MINUTE)
    assert state(by_words, first) is DeliveryState.POSTED
    by_words.send_one(NOW + 2 * MINUTE)
    assert state(by_words, second) is DeliveryState.POSTED
    assert len(by_words.net.posts) == 2


def test_a_post_with_other_words_does_not_wait(by_words: Outside) -> None:
    lost(by_words)
    words = NewDelivery("sky", Words("A hare", ("a hare",)), "now", "bluesky")
    other = planned(by_words, name="other.png", deliveries=(words,))
    by_words.send_one(NOW)
    assert state(by_words, other) is DeliveryState.POSTED


def test_where_posts_have_names_of_our_making_nobody_waits(outside: Outside) -> None:
    lost(outside)
    second = planned(outside, name="same words.png")
    outside.send_one(NOW)
    assert state(outside, second) is DeliveryState.POSTED


def test_a_try_that_posted_nothing_takes_no_post_that_looks_the_same(by_words: Outside) -> None:
    """Refused for certain, it has nothing to look for: what stands there is another's."""
    by_words.net.before = [Retryable("the server is full")]
    first = planned(by_words)
    by_words.send_one(NOW)
    by_words.net.posts["stranger"] = "A fox"
    by_words.send_one(NOW + MINUTE)
    assert state(by_words, first) is DeliveryState.POSTED
    assert len(by_words.net.posts) == 2


def test_which_of_two_in_doubt_stands_there_is_left_to_the_artist(by_words: Outside) -> None:
    by_words.net.before = [Refused("made, but not whole", stands=True)]
    first = planned(by_words)
    by_words.send_one(NOW)
    assert state(by_words, first) is DeliveryState.HELD
    by_words.net.after = [Unsure("the answer was lost")]
    second = planned(by_words, name="same words.png")
    by_words.send_one(NOW)
    by_words.send_one(NOW + MINUTE)
    held = by_words.store.deliveries.get(second)
    assert held.state is DeliveryState.HELD
    assert "is this post or post" in held.reason
    let_go(by_words, held.post_id, NOW + HOUR)
    by_words.send_one(NOW + HOUR)
    assert state(by_words, second) is DeliveryState.POSTED
    assert len(by_words.net.posts) == 1


def test_doubt_outlives_a_later_try_that_posted_nothing(by_words: Outside) -> None:
    """The first request may still arrive, whatever became of the second."""
    first = lost(by_words)
    by_words.net.before = [Retryable("the server is full")]
    by_words.send_one(NOW + MINUTE)
    assert state(by_words, first) is DeliveryState.UNSURE
    second = planned(by_words, name="same words.png")
    by_words.send_one(NOW + MINUTE)
    assert state(by_words, second) is DeliveryState.SCHEDULED


def test_waiting_for_another_posts_doubt_to_end_costs_no_allowance(by_words: Outside) -> None:
    """A crowd with equal words would use it up by looking, and be silenced for minutes."""
    by_words.kind = "mastodon"
    lost(by_words)
    planned(by_words, name="same words.png")
    spent = by_words.store.spending.spent("sky", ("statuses",), NOW - HOUR, NOW)
    for _ in range(3):
        by_words.send_one(NOW)
    after = by_words.store.spending.spent("sky", ("statuses",), NOW - HOUR, NOW)
    assert spent
    assert after == spent


def test_a_release_forgets_no_doubt_of_before_the_last_try(by_words: Outside) -> None:
    first = lost(by_words)
    by_words.net.before = [Refused("too large")]
    by_words.send_one(NOW + MINUTE)
    assert state(by_words, first) is DeliveryState.HELD
    let_go(by_words, by_words.store.deliveries.get(first).post_id, NOW + HOUR)
    assert state(by_words, first) is DeliveryState.UNSURE
