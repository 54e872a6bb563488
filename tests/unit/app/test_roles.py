"""What the daemon's roles do with the rows of a whole installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from postguard.app.installation import Installation
from postguard.app.roles import Roles, make_roles
from postguard.model import DeliveryState, NewDelivery, PostState, Progress, Receipt, Words
from postguard.store.readings import FIRST_LOOK
from postguard.system.clock import Jump, JumpKind, SystemClock
from tests.making import MINUTE, NOW, new_post, protected_post


def test_a_start_after_a_crash_takes_the_old_progress_away(installation: Installation) -> None:
    posts = installation.store.posts
    post = posts.create(new_post(), NOW)
    posts.move_to(post.id, PostState.TAKEN, NOW)
    posts.progress.begin(post.id)
    posts.progress.tell(post.id, Progress(0, "cloak", done=False, fraction=0.4))
    assert posts.progress.now() is not None
    make_roles(installation, lambda: None).release()
    assert posts.progress.now() is None
    assert posts.get(post.id).state is PostState.TAKEN


def made(installation: Installation) -> Roles:
    """The roles, without what runs beside them."""
    roles = make_roles(installation, lambda: None)
    roles.release()
    return roles


def test_there_is_a_sender_for_each_account_and_one_where_there_is_none(
    installation: Installation,
) -> None:
    assert [s.name for s in made(installation).sending] == ["sending 1", "sending 2"]
    installation.settings = installation.settings.model_copy(update={"accounts": {}})
    assert [s.name for s in made(installation).sending] == ["sending 1"]


def test_all_senders_share_the_knowledge_of_who_is_busy(installation: Installation) -> None:
    first, second = made(installation).sending
    assert first.publisher.lanes is second.publisher.lanes


def test_an_account_that_waits_is_not_among_those_that_may_post(
    installation: Installation,
) -> None:
    now = installation.clock.now()
    installation.store.accounts.wait("sky", now + timedelta(hours=1))
    assert installation.accounts.ready() == ["fedi"]
    assert installation.accounts.only_dry() == ["sky"]
    installation.store.accounts.pause("sky", paused=True)
    assert installation.accounts.only_dry() == []


def test_planning_gives_slots_and_a_reload_gives_them_anew(installation: Installation) -> None:
    roles, now = made(installation), installation.clock.now()
    posts = [protected_post(installation.store, name=f"{i}.png").id for i in range(3)]
    rows = installation.store.deliveries
    for number, post in enumerate(posts, start=1):
        at = now + number * MINUTE
        rows.schedule(rows.of_post(post)[0].id, at, f"{at:%Y-%m-%d %H:%M}", now)
    roles.publishing.plan_anew()
    assert {rows.of_post(post)[0].state for post in posts} == {DeliveryState.WAITING}
    assert roles.publishing.tick(now)
    assert {rows.of_post(post)[0].state for post in posts} == {DeliveryState.SCHEDULED}
    assert not roles.publishing.tick(now)


def test_a_sender_looks_again_when_the_next_post_is_due(installation: Installation) -> None:
    roles, now = made(installation), installation.clock.now()
    post = protected_post(installation.store)
    rows = installation.store.deliveries
    rows.schedule(rows.of_post(post.id)[0].id, now + MINUTE, None, now)
    sender = roles.sending[0]
    assert not sender.tick(now)
    found = sender.next_look(now)
    assert found is not None
    assert abs(found - (now + MINUTE)) < timedelta(seconds=1)


def test_a_dry_run_counts_as_a_preview_and_any_other_as_its_network(
    installation: Installation,
) -> None:
    account = installation.settings.accounts["fedi"]
    other = account.model_copy(update={"network": "mastodon"})
    accounts = {"sky": account, "fedi": other}
    installation.settings = installation.settings.model_copy(update={"accounts": accounts})
    names = []
    for dry in (True, False):
        one = NewDelivery("fedi", Words("A fox", ("a fox",)), "now", "x", dry_run=dry)
        post = protected_post(installation.store, name=f"{dry}.png", deliveries=(one,))
        (delivery,) = installation.store.deliveries.of_post(post.id)
        names.append(installation.accounts.network_name(delivery))
    assert names == ["preview", "mastodon"]


@dataclass
class Ahead(SystemClock):
    """A clock that is hours ahead until it is set back."""

    hours: int = 8

    def now(self) -> datetime:
        return NOW + timedelta(hours=self.hours)


def set_back(installation: Installation, clock: Ahead) -> None:
    """What the daemon does when it sees that the clock was put right."""
    roles = made(installation)
    by, clock.hours = timedelta(hours=clock.hours), 0
    roles.on_jump([Jump(JumpKind.STEPPED, -by)])


@pytest.fixture
def ahead(installation: Installation) -> Ahead:
    clock = Ahead()
    installation.clock = installation.accounts.clock = clock
    return clock


def test_a_clock_that_is_set_back_makes_no_account_wait_for_hours(
    installation: Installation, ahead: Ahead
) -> None:
    accounts = installation.accounts
    accounts.rows.wait("sky", ahead.now() + 10 * MINUTE)
    before = accounts.network("fedi")
    set_back(installation, ahead)
    assert accounts.rows.waiting(NOW + 9 * MINUTE) == {"sky"}
    assert accounts.rows.waiting(NOW + 11 * MINUTE) == set()
    assert accounts.network("fedi") is not before, "it remembers when it may ask again"


def test_a_clock_that_is_set_back_puts_no_other_try_off(
    installation: Installation, ahead: Ahead
) -> None:
    rows, now = installation.store.deliveries, ahead.now()
    (delivery,) = rows.of_post(protected_post(installation.store).id)
    rows.schedule(delivery.id, now, None, now)
    installation.store.attempts.claim(now, ["sky"])
    installation.store.attempts.put_back(
        delivery.id, DeliveryState.SCHEDULED, now + MINUTE, "no line", now
    )
    set_back(installation, ahead)
    assert rows.get(delivery.id).due_at == NOW + MINUTE


@pytest.mark.parametrize("asked", ["slot", (NOW + timedelta(hours=7)).isoformat()])
def test_what_was_tried_by_a_clock_that_was_ahead_goes_out_no_earlier_than_at_its_time(
    installation: Installation, ahead: Ahead, asked: str
) -> None:
    """A picture for the evening, which the server refused when the clock said that it was one."""
    rows, evening = installation.store.deliveries, NOW + timedelta(hours=7)
    (delivery,) = rows.of_post(protected_post(installation.store, asked=asked).id)
    slot = f"{evening:%Y-%m-%d %H:%M}" if asked == "slot" else None
    rows.schedule(delivery.id, evening, slot, NOW)
    attempts = installation.store.attempts
    attempts.claim(ahead.now(), ["sky"])
    later = ahead.now() + MINUTE
    attempts.put_back(delivery.id, DeliveryState.SCHEDULED, later, "no line", ahead.now())
    set_back(installation, ahead)
    assert rows.get(delivery.id).due_at == evening


def test_a_clock_that_is_set_back_puts_no_reading_back_off(
    installation: Installation, ahead: Ahead
) -> None:
    store, now = installation.store, ahead.now()
    (delivery,) = store.deliveries.of_post(protected_post(store).id)
    store.deliveries.schedule(delivery.id, now, None, now)
    store.attempts.claim(now, ["sky"])
    store.attempts.finish(delivery.id, Receipt("at://1", "https://1", now), now)
    set_back(installation, ahead)
    assert store.readings.next_look() == NOW + FIRST_LOOK


def test_a_clock_that_is_set_forward_shortens_no_wait(installation: Installation) -> None:
    roles, now = made(installation), installation.clock.now()
    installation.store.accounts.wait("sky", now + timedelta(hours=2))
    roles.on_jump([Jump(JumpKind.RESUMED, timedelta(hours=1))])
    roles.on_jump([Jump(JumpKind.STEPPED, timedelta(hours=1))])
    assert installation.store.accounts.waiting(now + timedelta(hours=1)) == {"sky"}
