"""Cloaks are drawn when the artist is not at the PC, and never too late for a time they asked."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from postguard.app.leisure import BUSY, Leisure
from postguard.errors import Waiting
from postguard.model import NewArtwork, NewDelivery, Place, PostState, Words
from postguard.settings.steps import Cloak, Tags
from postguard.settings.values import Hours
from postguard.system.gpu import Gpu
from tests.making import NOW, new_post

GAME, IDLE = Gpu("RTX 4070", 97), Gpu("RTX 4070", BUSY - 1)


class Clock:
    """It is noon in Tokyo's night: 21:00 there."""

    def now(self):
        return NOW


@pytest.fixture
def studio(installation):
    """An installation whose default recipe draws a cloak."""
    table = installation.settings.cloak.model_copy(update={"hours": None})
    recipes = {"default": (Cloak(step="cloak"), Tags(step="tags")), "bare": (Tags(step="tags"),)}
    installation.settings = installation.settings.model_copy(
        update={"cloak": table, "recipes": recipes, "timezone": ZoneInfo("Asia/Tokyo")}
    )
    installation.clock = Clock()
    return installation


def cloak(installation, **other):
    table = installation.settings.cloak.model_copy(update=other)
    installation.settings = installation.settings.model_copy(update={"cloak": table})


def post(installation, asked="slot", **fields):
    """A post that waits for protection, with its folder."""
    one = NewDelivery("sky", Words("A fox", ("a fox",)), asked, "bluesky")
    fox = NewArtwork(sha256="ab" * 32, name="fox.png", source="fox.png")
    new = new_post(deliveries=(one,), artworks=(fox,), **fields)
    made = installation.store.posts.create(new, NOW)
    installation.store.posts.placed(made.id, Place.QUEUED)
    installation.store.posts.move_to(made.id, PostState.TAKEN, NOW)
    (installation.outbox / "queued" / made.folder).mkdir(parents=True)
    return installation.store.posts.get(made.id)


def order(installation, what, *gpus):
    return Leisure(installation, lambda: gpus).order_of(what)


def test_outside_its_hours_a_cloak_waits_and_says_for_what(studio):
    cloak(studio, hours=Hours.parse("22:00-08:00"))
    with pytest.raises(Waiting, match="22:00-08:00"):
        order(studio, post(studio))


def test_within_its_hours_in_the_artists_zone_it_is_drawn(studio):
    cloak(studio, hours=Hours.parse("20:00-22:00"))
    assert order(studio, post(studio)).recipe[0]["step"] == "cloak"


def test_while_a_game_keeps_the_gpu_busy_a_cloak_waits(studio):
    what = post(studio)
    with pytest.raises(Waiting, match="RTX 4070"):
        order(studio, what, GAME)
    assert order(studio, what, IDLE)
    assert order(studio, what, GAME, IDLE)  # the other one is free
    cloak(studio, wait_for_gpu=False)
    assert order(studio, what, GAME)


def test_a_recipe_without_a_cloak_never_waits(studio):
    cloak(studio, hours=Hours.parse("22:00-08:00"))
    assert order(studio, post(studio, recipe="bare"), GAME)


@pytest.mark.parametrize(("ahead", "waits"), [(3, True), (1, False), (-5, False)])
def test_a_time_that_was_asked_for_goes_before_both(studio, ahead, waits):
    cloak(studio, hours=Hours.parse("22:00-08:00"))
    what = post(studio, asked=(NOW + timedelta(hours=ahead)).isoformat())
    if waits:
        with pytest.raises(Waiting):
            order(studio, what, GAME)
    else:
        assert order(studio, what, GAME)
