"""A post that answers another, or links to its copy, goes out when that one stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from postguard.errors import Unsure
from postguard.model import DeliveryState, Draft, Json, NewDelivery, PostState, Receipt, Words
from postguard.store import Store
from tests.making import MINUTE, NOW, protected_post
from tests.unit.publish.rig import Outside, ScriptedNetwork

HOUR = timedelta(hours=1)


@dataclass
class Noting(ScriptedNetwork):
    """Remembers the drafts it was sent."""

    drafts: list[Draft] = field(default_factory=list)

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        self.drafts.append(draft)
        return super().send(draft, plan)


@pytest.fixture
def net() -> Noting:
    return Noting()


@pytest.fixture
def outside(store: Store, net: Noting) -> Outside:
    return Outside(store, net=net)


def post(outside: Outside, *deliveries: NewDelivery, **fields: object) -> int:
    """Return the number of a fresh post that is planned."""
    name = f"{outside.store.posts.counts()}"
    made = protected_post(outside.store, name=name, deliveries=deliveries, **fields)
    outside.publisher().plan(NOW)
    return made.id


def to(account: str, at: datetime = NOW, *, dry_run: bool = False, **words: str) -> NewDelivery:
    said = Words(text="A fox", alts=("a fox",), **words)  # type: ignore[arg-type]
    return NewDelivery(account, said, at.isoformat(), "bluesky", dry_run)


def pass_time(outside: Outside, until: datetime, now: datetime = NOW) -> None:
    while now <= until:
        while outside.send_one(now):
            pass
        now += MINUTE


def state(outside: Outside, number: int, account: str = "sky") -> DeliveryState:
    found = outside.store.deliveries.of_post(number)
    return next(d.state for d in found if d.account == account)


def told(outside: Outside, number: int) -> str:
    return "\n".join(event.detail for _, event in outside.store.posts.history(number))


def test_an_answer_goes_to_where_the_own_post_stands_on_the_same_account(
    outside: Outside, net: Noting
) -> None:
    first = post(outside, to("sky"), to("fedi"))
    post(outside, to("fedi", reply_to=f"#{first}"))
    pass_time(outside, NOW)
    fedi = outside.store.deliveries.receipts(first)["fedi"]
    assert net.drafts[-1].reply_to == fedi.uri


def test_an_answer_waits_for_a_post_that_is_due_later_and_is_not_late_then(
    outside: Outside, net: Noting
) -> None:
    first = post(outside, to("sky", NOW + 5 * HOUR))
    answer = post(outside, to("sky", reply_to=f"#{first}"))
    pass_time(outside, NOW + 4 * HOUR)
    assert state(outside, answer) is DeliveryState.SCHEDULED
    assert f"waits for post {first}" in outside.store.deliveries.get(answer).reason
    assert told(outside, answer).count("waits for post") == 1
    pass_time(outside, NOW + 5 * HOUR + MINUTE, NOW + 4 * HOUR)
    assert net.drafts[-1].reply_to == outside.store.deliveries.receipts(first)["sky"].uri


@pytest.mark.parametrize("number", [1, 7])
def test_an_answer_to_what_is_not_posted_there_is_held_with_what_to_do(
    outside: Outside, number: int
) -> None:
    """Post 1 goes to another account, post 7 does not exist."""
    post(outside, to("fedi"))
    answer = post(outside, to("sky", reply_to=f"#{number}"))
    pass_time(outside, NOW)
    held = outside.store.deliveries.of_post(answer)[0]
    assert held.state is DeliveryState.HELD
    assert f"answers post {number}, which is not posted on sky" in held.reason
    assert f"`postguard retry {answer}`" in held.reason


def test_an_answer_to_a_held_or_taken_back_post_is_held(outside: Outside, store: Store) -> None:
    first = post(outside, to("sky", NOW + HOUR))
    answer = post(outside, to("sky", reply_to=f"#{first}"))
    store.posts.move_to(first, PostState.HELD, NOW, "by you")
    pass_time(outside, NOW)
    assert state(outside, answer) is DeliveryState.HELD


def test_no_post_waits_for_itself(outside: Outside) -> None:
    answer = post(outside, to("sky", reply_to="#1"))
    pass_time(outside, NOW)
    assert state(outside, answer) is DeliveryState.HELD
    assert "post 1 answers itself" in outside.store.deliveries.get(1).reason


def test_posts_that_answer_each_other_in_a_circle_are_held(outside: Outside) -> None:
    """Without this each would wait for the one before it for ever."""
    post(outside, to("sky", reply_to="#3"))
    post(outside, to("sky", reply_to="#1"))
    post(outside, to("sky", reply_to="#2"))
    pass_time(outside, NOW + HOUR)
    assert [state(outside, number) for number in (1, 2, 3)] == [DeliveryState.HELD] * 3
    assert "posts 1 and 2 and 3 answer each other" in outside.store.deliveries.get(1).reason


def test_a_circle_through_a_series_holds_the_post_that_closes_it(outside: Outside) -> None:
    post(outside, to("sky", reply_to="#2"), series="雪")
    post(outside, to("sky"), series="雪")
    pass_time(outside, NOW + HOUR)
    assert [state(outside, n) for n in (1, 2)] == [DeliveryState.HELD, DeliveryState.POSTED]
    assert "posts 1 and 2 answer each other" in outside.store.deliveries.get(1).reason


def test_an_answer_to_a_later_post_is_no_circle(outside: Outside, net: Noting) -> None:
    post(outside, to("sky", reply_to="#2"))
    post(outside, to("sky", NOW + HOUR))
    pass_time(outside, NOW + 2 * HOUR)
    assert net.drafts[-1].reply_to == outside.store.deliveries.receipts(2)["sky"].uri


def test_an_address_is_handed_on_as_it_is(outside: Outside, net: Noting) -> None:
    post(outside, to("sky", reply_to="https://bsky.app/profile/x/post/y"))
    pass_time(outside, NOW)
    assert net.drafts[-1].reply_to == "https://bsky.app/profile/x/post/y"


def test_the_posts_of_a_series_answer_each_other_on_each_account(
    outside: Outside, net: Noting
) -> None:
    first = post(outside, to("sky"), to("fedi"), series="雪")
    post(outside, to("sky"), series="another")
    held = post(outside, to("sky"), series="雪")
    outside.store.attempts.hold(
        outside.store.deliveries.of_post(held)[0].id, "the picture is too large", NOW
    )
    third = post(outside, to("sky"), to("fedi"), series="雪")
    fourth = post(outside, to("sky"), series="雪")
    pass_time(outside, NOW)
    receipts = outside.store.deliveries.receipts
    answers = [(d.post_id, d.account, d.reply_to) for d in net.drafts if d.reply_to]
    assert answers == [
        (third, "sky", receipts(first)["sky"].uri),
        (third, "fedi", receipts(first)["fedi"].uri),
        (fourth, "sky", receipts(third)["sky"].uri),
    ]


def test_a_copy_waits_for_the_one_it_links_to(outside: Outside, net: Noting) -> None:
    number = post(outside, to("fedi", link_to="sky"), to("sky", NOW + HOUR))
    pass_time(outside, NOW + HOUR - MINUTE)
    assert net.drafts == []
    pass_time(outside, NOW + HOUR + MINUTE, NOW + HOUR)
    assert [d.account for d in net.drafts] == ["sky", "fedi"]
    assert net.drafts[1].link == outside.store.deliveries.receipts(number)["sky"].url
    assert net.drafts[0].link == ""


def test_a_copy_follows_soon_behind_one_that_went_out_late(outside: Outside, net: Noting) -> None:
    number = post(outside, to("fedi", link_to="sky"), to("sky"))
    outside.store.attempts.hold(2, "the picture is too large", NOW)
    again = NOW + HOUR + 3 * MINUTE
    pass_time(outside, again - MINUTE)
    outside.store.wishes.retry_held(number, again)
    outside.publisher().plan(again)
    pass_time(outside, again + 2 * MINUTE, again)
    assert [d.account for d in net.drafts] == ["sky", "fedi"]


@pytest.mark.parametrize("why", ["later than it may wait", "held"])
def test_a_copy_goes_without_its_link_before_it_would_be_late_and_says_so(
    outside: Outside, net: Noting, why: str
) -> None:
    number = post(outside, to("fedi", link_to="sky"), to("sky", NOW + 9 * HOUR))
    if why == "held":
        outside.store.attempts.hold(2, "the picture is too large", NOW)
    pass_time(outside, NOW + 2 * HOUR)
    assert net.drafts == []
    pass_time(outside, NOW + 3 * HOUR, NOW + 2 * HOUR)
    assert [(d.account, d.link) for d in net.drafts] == [("fedi", "")]
    assert "goes without a link" in told(outside, number)


@pytest.mark.parametrize("other", [(), (to("sky", dry_run=True),)])
def test_a_copy_that_is_not_made_or_only_drawn_is_not_linked(
    outside: Outside, net: Noting, other: tuple[NewDelivery, ...]
) -> None:
    post(outside, *other, to("fedi", link_to="sky"))
    pass_time(outside, NOW + 3 * HOUR)
    assert net.drafts[-1].account == "fedi"
    assert net.drafts[-1].link == ""


def test_what_may_be_posted_already_is_sent_again_with_the_link_it_had(
    outside: Outside, net: Noting
) -> None:
    """None: else one key would stand for two texts."""
    post(outside, to("fedi", link_to="sky"), to("sky", NOW + 9 * HOUR))
    net.before = [Unsure("the line broke")]
    pass_time(outside, NOW + 10 * HOUR)
    drafts = {d.account: d.link for d in net.drafts}
    assert [d.account for d in net.drafts].count("fedi") == 2
    assert drafts["fedi"] == ""


def test_a_dry_run_waits_for_nobody(outside: Outside, net: Noting) -> None:
    post(outside, to("fedi", dry_run=True, link_to="sky", reply_to="#7"))
    pass_time(outside, NOW)
    assert [(d.link, d.reply_to) for d in net.drafts] == [("", "")]


def test_waiting_for_another_post_counts_as_no_try(outside: Outside) -> None:
    first = post(outside, to("sky", NOW + 30 * HOUR))
    answer = post(outside, to("sky", reply_to=f"#{first}"))
    for hours in range(29):
        outside.send_one(NOW + hours * HOUR)
    assert outside.store.deliveries.of_post(answer)[0].tries == 0
