"""For how long a post waits for another machine: its time, or its slot, ends that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from postguard.app.elsewhere import times_of, until
from postguard.cluster import machines
from postguard.model import DeliveryState, NewArtwork, NewDelivery, Place, PostState, Words
from postguard.settings.steps import Cloak, Tags
from postguard.settings.values import Slot
from tests.making import NOW, new_post

TAKEN = datetime(2026, 11, 25, 12, tzinfo=UTC)
WAIT = timedelta(hours=12)
A_LITTLE, HOUR = timedelta(minutes=15), timedelta(hours=1)


def test_a_post_waits_for_as_long_as_the_config_says() -> None:
    assert until(TAKEN, WAIT, []) == TAKEN + WAIT


def test_it_waits_until_a_little_before_the_first_of_its_times() -> None:
    early, late = TAKEN + timedelta(hours=3), TAKEN + timedelta(days=2)
    assert until(TAKEN, WAIT, [late, early]) == early - A_LITTLE
    assert until(TAKEN, WAIT, [late]) == TAKEN + WAIT


class Clock:
    """Stands where the test puts it."""

    at = NOW

    def now(self):
        return self.at


@pytest.fixture
def far(installation):
    """An installation whose cloaks are drawn elsewhere, and that posts at 22:00."""
    machines.found("nas", ["pc"])
    had = installation.settings
    tables = {
        "cloak": had.cloak.model_copy(update={"engine": "cluster", "wait": WAIT}),
        "cluster": had.cluster.model_copy(update={"scheduler": "192.168.1.20"}),
        "schedule": had.schedule.model_copy(update={"slots": (Slot.parse("22:00"),)}),
        "recipes": {"default": (Cloak(step="cloak"), Tags(step="tags"))},
        "timezone": ZoneInfo("UTC"),
    }
    installation.settings = had.model_copy(update=tables)
    installation.clock = Clock()
    return installation


def post(installation, name="fox", asked="slot"):
    """A post that waits for protection, with its folder."""
    one = NewDelivery("sky", Words("A fox", ("a fox",)), asked, "bluesky")
    art = NewArtwork(sha256=name.encode().hex().ljust(64, "0"), name="a.png", source="a.png")
    made = installation.store.posts.create(new_post(deliveries=(one,), artworks=(art,)), NOW)
    installation.store.posts.placed(made.id, Place.QUEUED)
    installation.store.posts.move_to(made.id, PostState.TAKEN, NOW)
    (installation.outbox / "queued" / made.folder).mkdir(parents=True, exist_ok=True)
    return installation.store.posts.get(made.id)


def waits(installation, what, at):
    """Whether a post still waits for another machine at some time."""
    installation.clock.at = at
    return installation.order_of(what).elsewhere.waits


def test_a_slot_ends_the_waiting_while_the_cloak_can_still_be_drawn_here(far):
    ten = NOW.replace(hour=22, minute=0)
    what = post(far)
    assert waits(far, what, ten - HOUR)
    assert not waits(far, what, ten - A_LITTLE)
    assert not waits(far, what, ten - timedelta(minutes=1))


def test_a_slot_that_another_post_has_ends_no_waiting(far):
    ten = NOW.replace(hour=22, minute=0)
    first, second = post(far, "first"), post(far, "second")
    (has_it,) = far.store.deliveries.of_post(first.id)
    assert far.store.deliveries.schedule(has_it.id, ten, f"{ten:%F %H:%M}", NOW)
    assert waits(far, second, ten - A_LITTLE)


@pytest.mark.parametrize("asked", ["now", "grace"])
def test_what_goes_out_as_soon_as_it_can_waits_for_as_long_as_it_may(far, asked):
    what = post(far, asked=asked)
    assert waits(far, what, NOW + WAIT - HOUR)
    assert not waits(far, what, NOW + WAIT)


def test_where_the_artist_would_rather_wait_no_time_ends_it(far):
    table = far.settings.cloak.model_copy(update={"fallback": "wait"})
    far.settings = far.settings.model_copy(update={"cloak": table})
    what = post(far)
    assert waits(far, what, NOW.replace(hour=22, minute=0) - A_LITTLE)
    assert far.order_of(what).elsewhere.fallback == "wait"


def test_the_time_of_a_copy_that_is_out_ends_no_waiting_of_the_others(far):
    """The rest may be protected anew long behind it."""
    ten = NOW.replace(hour=22, minute=0)
    (coming,) = far.store.deliveries.of_post(post(far).id)
    out = replace(coming, state=DeliveryState.POSTED, asked=(NOW - HOUR).isoformat())
    assert list(times_of([out, coming], far.timing, far.store.plans, NOW)) == [ten]
