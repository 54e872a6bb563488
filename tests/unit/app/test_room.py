"""Below the floor nothing is begun, and the artist is told once."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from postguard.app.roles import do_what_is_due, make_roles
from postguard.app.room import Room
from postguard.model import Place, PostState
from postguard.model.news import News
from postguard.protect.workshop import InProcessWorkshop
from tests.making import NOW, new_post, protected_post
from tests.unit.app.test_notifying import role, wanting

MB = 1_000_000
MINUTE = timedelta(minutes=1)


class Disk:
    """As much room as the test says."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes

    def __call__(self, path: object) -> int:
        return self.megabytes * MB


def test_a_full_disk_is_told_once_and_so_is_its_end(installation, caplog):
    caplog.set_level(logging.INFO)
    disk = Disk(499)
    room = Room(installation, disk)
    assert not room.enough(NOW)
    assert not room.enough(NOW + MINUTE)
    disk.megabytes = 520  # at the edge: not yet
    assert not room.enough(NOW + 2 * MINUTE)
    disk.megabytes = 551
    assert room.enough(NOW + 3 * MINUTE)
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]
    assert "499 MB" in caplog.messages[0]


def test_it_does_not_look_at_every_tick(installation):
    disk = Disk(499)
    room = Room(installation, disk)
    room.enough(NOW)
    disk.megabytes = 9_000
    assert not room.enough(NOW + timedelta(seconds=5))


def test_a_disk_that_was_taken_away_is_not_a_full_one(installation):
    def free(path):
        if path == installation.outbox:
            raise FileNotFoundError(path)
        return 9_000 * MB

    assert Room(installation, free).enough(NOW)


@pytest.fixture
def roles(installation):
    made = make_roles(installation, lambda: None, InProcessWorkshop)
    yield made
    made.release()


def test_below_the_floor_nothing_is_taken_or_protected(installation, roles):
    now, store = installation.clock.now(), installation.store
    roles.intake.taking.first_start = False
    (installation.outbox / "fox.png").write_bytes(b"not finished")
    waiting = store.posts.create(new_post("cat.png"), now)
    store.posts.move_to(waiting.id, PostState.TAKEN, now)
    store.posts.placed(waiting.id, Place.QUEUED)
    (installation.outbox / "queued").mkdir()
    for each in (roles.intake, roles.protection):
        each.room = Room(installation, Disk(10))
        assert not each.tick(now)
    assert store.posts.get(waiting.id).state is PostState.TAKEN
    for each in (roles.intake, roles.protection):
        each.room = Room(installation, Disk(9_000))
    roles.protection.tick(now)
    assert store.posts.get(waiting.id).state is not PostState.TAKEN


def test_what_is_protected_still_goes_out(installation, roles):
    now, store = installation.clock.now(), installation.store
    post = protected_post(store, now=now)
    Room(installation, Disk(10)).enough(now)
    roles.publishing.tick(now)
    assert store.deliveries.of_post(post.id)[0].due_at is not None


def test_a_single_run_ends_though_there_is_no_room(installation):
    table = installation.settings.disk.model_copy(update={"floor_mb": 10**9})  # a petabyte
    installation.settings = installation.settings.model_copy(update={"disk": table})
    (installation.outbox / "fox.png").write_bytes(b"a picture that nobody looks at")
    do_what_is_due(installation)
    assert (installation.outbox / "fox.png").exists()


def test_the_artist_is_told_on_desktop_or_phone(installation):
    wanting(installation)
    made, heard = role(installation)
    made.tick(NOW)
    Room(installation, Disk(10)).enough(NOW)
    made.tick(NOW)
    made.tick(NOW)
    (told,) = heard.messages
    assert told.news is News.DISK
