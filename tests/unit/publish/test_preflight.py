"""What could not go out is told 12 hours and one hour before it is due, once each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from postguard.errors import LoggedOut, Refused, Retryable
from postguard.model import Delivery, NewDelivery, PostState, Rendition, Words
from postguard.publish.preflight import Preflight
from postguard.store import Store
from postguard.store.foretelling import ForetellingRows
from tests.making import MINUTE, NOW, protected_post, rendition
from tests.unit.publish.rig import ScriptedNetwork

HOUR = timedelta(hours=1)


@dataclass
class Checked(ScriptedNetwork):
    """Counts how often its login is tried, which fails as told."""

    checks: int = 0
    trouble: Exception | None = None

    def check(self) -> str:
        self.checks += 1
        if self.trouble is not None:
            raise self.trouble
        return "logged in"


@dataclass
class Ground:
    """What the look ahead is given."""

    store: Store
    file: Path
    net: Checked = field(default_factory=Checked)
    full: str = ""
    busy: bool = False
    replaced: bool = False
    refusal: Refused | None = None

    @contextmanager
    def alone(self, account: str) -> Iterator[bool]:
        yield not self.busy

    def network(self, delivery: Delivery) -> Checked:
        return self.net

    def let_go(self, delivery: Delivery, now: datetime) -> bool:
        return not self.replaced

    def renditions(self, delivery: Delivery) -> tuple[Rendition, ...]:
        if self.refusal is not None:
            raise self.refusal
        return (replace(rendition(), path=self.file),)

    def room(self) -> str:
        return self.full

    def why_logged_out(self, account: str) -> str:
        return self.store.accounts.logged_out().get(account, "")

    def logged_out(self, account: str, why: str) -> None:
        self.store.accounts.log_out(account, why)


@pytest.fixture
def ground(store: Store, tmp_path: Path) -> Ground:
    file = tmp_path / "1-bluesky.jpg"
    file.write_bytes(b"a picture")
    return Ground(store, file)


@pytest.fixture
def ahead(ground: Ground) -> Preflight:
    return Preflight(ForetellingRows(ground.store.db, ground.store.deliveries), ground)


def due(store: Store, at: datetime, account: str = "sky", **fields: object) -> int:
    """Return the number of a post that is due then."""
    name = f"{store.posts.counts()}"
    post = protected_post(store, name=name, accounts=(account,), **fields)
    for delivery in store.deliveries.of_post(post.id):
        store.deliveries.schedule(delivery.id, at, None, NOW)
    return post.id


def told(ground: Ground, post: int) -> list[str]:
    history = ground.store.posts.history(post)
    return [event.detail for _, event in history if event.what == "foretold"]


def test_a_login_that_fails_is_told_twelve_hours_and_one_hour_before(
    ground: Ground, ahead: Preflight, caplog: pytest.LogCaptureFixture
) -> None:
    post = due(ground.store, NOW + 20 * HOUR)
    ground.net.trouble = Retryable("sky.example cannot be reached")
    with caplog.at_level(logging.WARNING):
        for minutes in range(0, 20 * 60, 5):
            ahead.look(NOW + minutes * MINUTE)
    assert [line.split("; ")[0] for line in told(ground, post)] == [
        f"sky: it is due within {hours} h and could not go out now: sky.example cannot be reached"
        for hours in (12, 1)
    ]
    assert len(caplog.records) == 2


def test_a_post_that_can_go_out_is_not_told_of(ground: Ground, ahead: Preflight) -> None:
    post = due(ground.store, NOW + 6 * HOUR)
    assert [ahead.look(NOW + hours * HOUR) for hours in (0, 1, 5, 5.5)] == [1, 0, 1, 0]
    assert told(ground, post) == []


def test_an_account_is_asked_once_for_all_its_posts(ground: Ground, ahead: Preflight) -> None:
    for minutes in range(20):
        due(ground.store, NOW + HOUR / 2 + minutes * MINUTE)
    due(ground.store, NOW + HOUR / 2, "fedi")
    assert ahead.look(NOW) == 21
    due(ground.store, NOW + HOUR)
    assert ahead.look(NOW + 5 * MINUTE) == 1
    assert ground.net.checks == 2


def test_an_account_that_is_logged_out_by_the_look_waits_for_its_login(
    ground: Ground, ahead: Preflight
) -> None:
    ground.net.trouble = LoggedOut("the app password was revoked")
    posts = [due(ground.store, NOW + HOUR / 2) for _ in "12"]
    ahead.look(NOW)
    assert ground.store.accounts.logged_out() == {"sky": "the app password was revoked"}
    for post in posts:
        assert "sky is logged out: the app password was revoked" in told(ground, post)[0]
    later = due(ground.store, NOW + HOUR)
    ahead.look(NOW + MINUTE)
    assert "is logged out" in told(ground, later)[0]
    assert ground.net.checks == 1


@pytest.mark.parametrize("what", ["limits", "file", "renditions", "room"])
def test_each_thing_that_is_in_the_way_is_named(
    ground: Ground, ahead: Preflight, what: str
) -> None:
    if what == "limits":
        ground.net.objects = ["the text has 301 characters; Bluesky takes 300"]
    if what == "file":
        ground.file.unlink()
    if what == "renditions":
        ground.refusal = Refused("0 of its 1 pictures are protected for sky")
    if what == "room":
        ground.full = "only 3 MB are free on the disk; free some room"
    post = due(ground.store, NOW + HOUR / 2)
    ahead.look(NOW)
    said = {
        "limits": "the text has 301 characters",
        "file": "the protected picture 1-bluesky.jpg is gone",
        "renditions": "0 of its 1 pictures",
        "room": "only 3 MB are free",
    }
    assert said[what] in told(ground, post)[0]


def test_what_is_protected_anew_is_looked_at_once_more_when_it_is(
    ahead: Preflight, ground: Ground
) -> None:
    post = due(ground.store, NOW + HOUR / 2)
    ground.file.unlink()
    ground.replaced = True
    ahead.look(NOW)
    assert told(ground, post) == []
    ground.replaced = False
    ahead.look(NOW)
    assert len(told(ground, post)) == 1


def test_what_is_due_at_once_held_or_only_drawn_is_not_looked_at(
    ground: Ground, ahead: Preflight
) -> None:
    due(ground.store, NOW + 2 * MINUTE)
    due(ground.store, NOW + 13 * HOUR)
    held = due(ground.store, NOW + HOUR)
    ground.store.posts.move_to(held, PostState.HELD, NOW, "by you")
    dry = NewDelivery("sky", Words(), "now", "b", dry_run=True)
    due(ground.store, NOW + HOUR, deliveries=(dry,))
    assert ahead.look(NOW) == 0


def test_a_post_that_is_given_another_time_is_looked_at_anew(
    ground: Ground, ahead: Preflight
) -> None:
    due(ground.store, NOW + HOUR / 2)
    assert ahead.look(NOW) == 1
    ground.store.deliveries.schedule(1, NOW + 2 * HOUR, None, NOW)
    assert ahead.look(NOW) == 1


def test_an_account_that_is_being_sent_to_is_looked_at_later(
    ground: Ground, ahead: Preflight
) -> None:
    post = due(ground.store, NOW + HOUR / 2)
    ground.busy, ground.full = True, "the disk is full"
    ahead.look(NOW)
    assert (ground.net.checks, told(ground, post)) == (0, [])
    ground.busy = False
    ahead.look(NOW + 5 * MINUTE)
    assert len(told(ground, post)) == 1
