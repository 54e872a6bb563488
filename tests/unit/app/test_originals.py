"""A picture that is replaced, or taken out, while its post waits: the old one does not go out."""

from __future__ import annotations

from pathlib import Path

import pytest

from postguard.app.installation import Installation
from postguard.app.originals import Originals
from postguard.app.steering import hold, release
from postguard.model import DeliveryState, Place, PostState
from postguard.system import files
from postguard.system.folders import RENDITIONS, folder_of
from tests.unit.app.working import FAR, dropped, picture, work

TWO = FAR + 'text = "月"\nalt = ["赤い狐", "青い狐"]\n'
ONE = FAR + 'text = "月"\nalt = "赤い狐"\n'


def folder(made: Installation) -> Path:
    return folder_of(made.outbox, made.store.posts.get(1))


def sent(made: Installation) -> dict[str, list[str]]:
    """The bytes of each account's files that went out, by their hash."""
    post, store = made.store.posts.get(1), made.store
    assert post.state is PostState.POSTED
    assert set(store.deliveries.receipts(1)) == {"sky", "fedi"}
    return {
        d.account: [
            files.sha256_of(r.path)
            for r in store.renditions.of_post(1, folder(made) / RENDITIONS, d.fit)
        ]
        for d in store.deliveries.of_post(1)
    }


def due(made: Installation) -> set[str]:
    return {str(d.due_at) for d in made.store.deliveries.of_post(1)}


def make_due(made: Installation) -> None:
    made.store.wishes.make_due(1, made.clock.now())


def history(made: Installation) -> str:
    return "\n".join(event.detail for _, event in made.store.posts.history(1))


def test_a_picture_that_is_replaced_while_it_is_held_is_protected_when_it_is_released(
    made: Installation,
) -> None:
    dropped(made, ONE)
    planned = due(made)
    hold(made.store, 1, made.clock.now())
    work(made)
    (folder(made) / "1.png").write_bytes(new := picture(9))
    release(made.store, 1, made.clock.now())
    work(made)
    post = made.store.posts.get(1)
    assert (post.state, post.place) == (PostState.PROTECTED, Place.QUEUED)
    assert post.artworks[0].sha256 == files.sha256_of(folder(made) / "1.png")
    assert (folder(made) / "1.png").read_bytes() == new
    assert due(made) == planned  # it keeps its time
    assert "1.png was changed since it was protected; it is protected anew" in history(made)
    assert made.store.renditions.has(1)


def test_a_picture_that_is_replaced_in_the_queue_goes_out_as_it_is_then(
    made: Installation,
) -> None:
    dropped(made, ONE)
    store = made.store
    old = {r.sha256 for r in store.renditions.of_post(1, folder(made) / RENDITIONS)}
    (folder(made) / "1.png").write_bytes(picture(9))
    make_due(made)
    work(made)
    out = sent(made)
    assert set(out) == {"sky", "fedi"}
    assert not old & {each for hashes in out.values() for each in hashes}


def test_a_picture_that_is_taken_out_of_a_set_does_not_go_out(made: Installation) -> None:
    dropped(made, TWO, pictures=2)
    (folder(made) / "2.png").unlink()
    (folder(made) / "post.toml").write_text(ONE)
    make_due(made)
    work(made)
    assert {name: len(hashes) for name, hashes in sent(made).items()} == {"sky": 1, "fedi": 1}
    words = [d.words.alts for d in made.store.deliveries.of_post(1)]
    assert words == [("赤い狐",)] * 2
    assert "2.png was taken out of its folder; the post is read anew" in history(made)


def test_a_post_whose_only_picture_is_taken_out_is_held(made: Installation) -> None:
    dropped(made, ONE)
    (folder(made) / "1.png").unlink()
    make_due(made)
    work(made)
    post = made.store.posts.get(1)
    assert (post.state, post.place) == (PostState.HELD, Place.HELD)
    assert "its pictures are gone; drop them into the outbox again" in post.reason


def test_a_protected_picture_that_is_gone_is_made_anew(made: Installation) -> None:
    dropped(made, ONE)
    for each in (folder(made) / RENDITIONS).iterdir():
        each.unlink()
    make_due(made)
    work(made)
    assert {len(hashes) for hashes in sent(made).values()} == {1}


def test_what_went_out_to_one_account_goes_out_to_the_other_as_it_was(made: Installation) -> None:
    dropped(made, ONE)
    store, now = made.store, made.clock.now()
    first = store.deliveries.of_post(1)[0]
    store.wishes.ask(first.id, "now")
    work(made)
    assert store.deliveries.get(first.id).state is DeliveryState.POSTED
    (folder(made) / "1.png").write_bytes(picture(9))
    assert Originals(made).are_as_protected(1, now)
    assert store.posts.get(1).state is PostState.PROTECTED


def test_files_that_are_the_same_are_left_alone(made: Installation) -> None:
    dropped(made, TWO, pictures=2)
    folder(made).joinpath("1.png").touch()
    assert Originals(made).are_as_protected(1, made.clock.now())
    assert made.store.posts.get(1).state is PostState.PROTECTED


@pytest.mark.parametrize("gone", ["the whole outbox", "its folder"])
def test_a_drive_that_is_not_there_is_no_change(made: Installation, gone: str) -> None:
    dropped(made, ONE)
    away = made.outbox if gone == "the whole outbox" else folder(made)
    away.rename(away.with_name("elsewhere"))
    assert Originals(made).are_as_protected(1, made.clock.now())
    assert made.store.posts.get(1).state is PostState.PROTECTED
