from __future__ import annotations

import shutil
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from postguard.app import seen
from postguard.model import Place, Post, PostState, Receipt
from postguard.publish.shelving import Shelving
from postguard.store import Store
from postguard.system.folders import folder_of, receipt_of
from tests.making import NOW, protected_post


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def shelving(store: Store, outbox: Path) -> Shelving:
    return Shelving(
        store.posts,
        lambda: outbox,
        store.deliveries.receipts,
        lambda post_id: seen.lines(store, post_id),
        store.wishes.taken_back,
        lambda: ZoneInfo("Asia/Tokyo"),
    )


def held(store: Store, outbox: Path, name: str = "fox.png") -> Post:
    """A post that is held, with its folder still in queued/."""
    post = protected_post(store, name=name)
    folder_of(outbox, post).mkdir(parents=True)
    store.posts.move_to(post.id, PostState.HELD, NOW, "held by you")
    return store.posts.get(post.id)


def test_a_held_post_lies_in_held_with_the_reason(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    post = held(store, outbox)
    assert shelving.tick(NOW)
    assert "held by you" in (outbox / "held" / post.folder / "reason.txt").read_text()
    assert store.posts.get(post.id).place is Place.HELD
    assert not shelving.tick(NOW)


def test_a_post_whose_folder_was_taken_away_is_withdrawn(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    post = held(store, outbox)
    folder_of(outbox, post).rmdir()
    assert shelving.tick(NOW)
    assert store.posts.get(post.id).state is PostState.WITHDRAWN


def test_a_drive_that_is_not_plugged_in_withdraws_nothing(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    post = held(store, outbox)
    away = outbox.with_name("away")
    outbox.rename(away)
    outbox.mkdir()  # an empty mount point
    assert not shelving.tick(NOW)
    assert store.posts.get(post.id).state is PostState.HELD
    shutil.rmtree(outbox)
    assert not shelving.tick(NOW)
    away.rename(outbox)
    assert shelving.tick(NOW)
    assert store.posts.get(post.id).place is Place.HELD


def test_a_folder_that_cannot_be_moved_does_not_stop_the_next(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    stuck, free = held(store, outbox), held(store, outbox, "owl.png")
    (outbox / "held" / stuck.folder).mkdir(parents=True)  # the artist's own, of the same name
    assert shelving.tick(NOW)
    assert store.posts.get(free.id).place is Place.HELD
    assert store.posts.get(stuck.id).place is Place.QUEUED
    assert not shelving.tick(NOW)


def test_a_receipt_says_where_and_when_in_the_artists_zone_wherever_the_pc_is(
    store: Store, outbox: Path, shelving: Shelving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    post = protected_post(store)
    folder_of(outbox, post).mkdir(parents=True)
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.finish(delivery.id, Receipt("at://1", "https://bsky.example/1", NOW), NOW)
    assert shelving.tick(NOW)
    monkeypatch.undo()
    time.tzset()
    told = (outbox / "posted" / post.folder / "receipt.txt").read_text()
    assert told == "sky: https://bsky.example/1 (2026-11-23 21:00:00+09:00)\n"


def test_a_dry_run_lies_in_no_folder_that_says_posted(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    post = protected_post(store)
    folder_of(outbox, post).mkdir(parents=True)
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.finish(delivery.id, Receipt("file:///1", "file:///1", NOW), NOW)
    assert shelving.tick(NOW)
    told = (outbox / "dry-run" / post.folder / "receipt.txt").read_text()
    assert told.startswith("sky: file:///1 (")
    assert told.endswith("), drawn as a page, not posted\n")
    assert store.posts.get(post.id).place is Place.DRY_RUN
    assert not shelving.tick(NOW)
    store.wishes.retracted(store.deliveries.get(delivery.id), NOW)
    assert not shelving.tick(NOW), "taken back, it stays there"


def test_a_post_of_which_one_copy_is_real_lies_in_posted(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    post = protected_post(store, accounts=("sky", "fedi"))
    folder_of(outbox, post).mkdir(parents=True)
    for delivery, url in zip(
        store.deliveries.of_post(post.id), ("file:///1", "https://fedi.example/1"), strict=True
    ):
        store.attempts.finish(delivery.id, Receipt(url, url, NOW), NOW)
    assert shelving.tick(NOW)
    assert store.posts.get(post.id).place is Place.POSTED


def test_a_post_that_is_half_out_says_beside_its_files_where_it_stands(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    """The folder stays in queued/ until the last account has it; a lost database knows less."""
    post = protected_post(store, accounts=("sky", "fedi"))
    folder_of(outbox, post).mkdir(parents=True)
    sky, _ = store.deliveries.of_post(post.id)
    store.attempts.finish(sky.id, Receipt("at://1", "https://bsky.example/1", NOW), NOW)
    assert not shelving.tick(NOW)
    note = outbox / "queued" / post.folder / "receipt.txt"
    assert receipt_of(note.parent, "sky") == "https://bsky.example/1"
    note.write_text("sky: https://bsky.example/1 as I noted it\n")
    shelving.tick(NOW)
    assert "as I noted it" in note.read_text(), "it is written once"


def test_a_receipt_keeps_what_reading_the_post_back_has_shown(
    store: Store, outbox: Path, shelving: Shelving
) -> None:
    post = protected_post(store)
    folder_of(outbox, post).mkdir(parents=True)
    (delivery,) = store.deliveries.of_post(post.id)
    store.attempts.finish(delivery.id, Receipt("at://1", "https://bsky.example/1", NOW), NOW)
    says = "the alt text is missing: postguard edit 1"
    picture = {"kind": "WebP", "width": 640, "height": 480, "size": 9000, "same": False}
    left = {"notice": 0.97, "cloak": 0.81, "chance": 0.01}
    found = {"differences": [{"says": says}], "pictures": [picture | left]}
    store.readings.keep(delivery.id, found, NOW)
    assert shelving.tick(NOW)
    told = (outbox / "posted" / post.folder / "receipt.txt").read_text(encoding="utf-8")
    assert told.splitlines()[1:] == [
        f"  not as you asked: {says}",
        "  as it is served, picture 1: 640 × 480 pixels, 9 kB of WebP; the notice keeps 97% of "
        "its contrast; the cloak keeps 81% of its change (a change that never was in it: 1%)",
    ]
