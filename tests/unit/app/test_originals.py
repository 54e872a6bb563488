"""A picture that is replaced, or taken out, while its post waits: the old one does not go out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from postguard.app import originals
from postguard.app.editing import NewWords, edit
from postguard.app.installation import Installation
from postguard.app.originals import Originals
from postguard.app.steering import hold, release
from postguard.model import DeliveryState, Place, PostState
from postguard.system import files
from postguard.system.folders import RENDITIONS, folder_of
from tests.unit.app.working import FAR, dropped, picture, work

TWO = FAR + 'text = "月"\nalt = ["赤い狐", "青い狐"]\n'
ONE = FAR + 'text = "月"\nalt = "赤い狐"\n'
LONG_AGO = 1_700_000_000


def folder(made: Installation) -> Path:
    return folder_of(made.outbox, made.store.posts.get(1))


def replaced(made: Installation) -> str:
    """Save another picture over the first, some time ago; return its digest."""
    path = folder(made) / "1.png"
    path.write_bytes(picture(9))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return files.sha256_of(path)


def renditions(made: Installation) -> set[str]:
    return {r.sha256 for r in made.store.renditions.of_post(1, folder(made) / RENDITIONS)}


def state(made: Installation) -> PostState:
    return made.store.posts.get(1).state


def work_when_due(made: Installation) -> None:
    made.store.wishes.make_due(1, made.clock.now())
    work(made)


def let_go(made: Installation, claimed: int | None = None) -> bool:
    return Originals(made).let_go(1, made.clock.now(), claimed)


def claimed(made: Installation, account: str) -> int:
    """Claim what goes to an account, as its sender does."""
    made.store.wishes.make_due(1, made.clock.now())
    delivery = made.store.attempts.claim(made.clock.now(), [account])
    assert delivery is not None
    return delivery.id


def states(made: Installation) -> list[DeliveryState]:
    return [d.state for d in made.store.deliveries.of_post(1)]


def test_a_picture_that_is_replaced_while_it_is_held_is_protected_when_it_is_released(
    made: Installation,
) -> None:
    """Its words, its times and the recipe that was chosen for it stay."""
    dropped(made, ONE)
    edit(made, 1, NewWords(text="雪"), None, made.clock.now())
    made.store.wishes.protect_with(1, "plain", made.clock.now())
    work(made)
    before, old = made.store.deliveries.of_post(1), renditions(made)
    hold(made.store, 1, made.clock.now())
    work(made)
    new = replaced(made)
    release(made.store, 1, made.clock.now())
    work(made)
    post = made.store.posts.get(1)
    assert (post.state, post.place, post.recipe) == (PostState.PROTECTED, Place.QUEUED, "plain")
    assert post.artworks[0].sha256 == new
    assert made.store.deliveries.of_post(1) == before
    assert not old & renditions(made)
    told = [event.detail for _, event in made.store.posts.history(1)]
    assert "1.png was changed since it was protected; it is protected anew" in told


def test_a_picture_that_is_replaced_in_the_queue_goes_out_as_it_is_then(
    made: Installation,
) -> None:
    dropped(made, ONE)
    old = renditions(made)
    replaced(made)
    work_when_due(made)
    assert state(made) is PostState.POSTED
    assert set(made.store.deliveries.receipts(1)) == {"sky", "fedi"}
    assert not old & renditions(made)


def test_a_post_without_one_of_its_pictures_is_held_until_it_is_put_back(
    made: Installation,
) -> None:
    dropped(made, TWO, pictures=2)
    old, second = renditions(made), (folder(made) / "2.png").read_bytes()
    (folder(made) / "2.png").unlink()
    work_when_due(made)
    assert made.store.posts.get(1).place is Place.HELD
    assert "2.png was taken out of its folder; put it back" in made.store.posts.get(1).reason
    release(made.store, 1, made.clock.now())
    work(made)
    assert state(made) is PostState.HELD
    (folder(made) / "2.png").write_bytes(second)
    release(made.store, 1, made.clock.now())
    work_when_due(made)
    assert (state(made), renditions(made)) == (PostState.POSTED, old)


def test_a_protected_picture_that_is_gone_is_made_anew(made: Installation) -> None:
    dropped(made, ONE)
    for each in (folder(made) / RENDITIONS).iterdir():
        each.unlink()
    work_when_due(made)
    assert state(made) is PostState.POSTED
    assert all(
        r.path.exists() for r in made.store.renditions.of_post(1, folder(made) / RENDITIONS)
    )


def test_what_went_out_to_one_account_goes_out_to_the_other_as_it_was(made: Installation) -> None:
    dropped(made, ONE)
    made.store.wishes.ask(made.store.deliveries.of_post(1)[0].id, "now")
    work(made)
    assert states(made) == [DeliveryState.POSTED, DeliveryState.SCHEDULED]
    replaced(made)
    assert let_go(made)
    assert state(made) is PostState.PROTECTED


def test_what_was_only_drawn_did_not_go_out(made: Installation) -> None:
    dropped(made, ONE + '[sky]\ndry_run = true\nat = "now"\n')
    work(made)
    assert states(made) == [DeliveryState.POSTED, DeliveryState.SCHEDULED]
    replaced(made)
    assert not let_go(made)
    assert state(made) is PostState.TAKEN


def test_of_two_that_send_at_once_neither_sends_the_old_picture(made: Installation) -> None:
    """Each sees that the other is about to send; the later one has it protected anew."""
    dropped(made, ONE)
    one, two = claimed(made, "sky"), claimed(made, "fedi")
    replaced(made)
    assert not let_go(made, one)
    assert (state(made), states(made)) == (
        PostState.PROTECTED,
        [DeliveryState.SCHEDULED, DeliveryState.SENDING],
    )
    assert not let_go(made, two)
    assert (state(made), set(states(made))) == (PostState.TAKEN, {DeliveryState.SCHEDULED})
    assert not let_go(made)  # who looks for the other account meanwhile


def test_a_hold_that_comes_while_its_pictures_are_read_stands(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped(made, ONE)
    replaced(made)

    def held_meanwhile(path: Path) -> str:
        hold(made.store, 1, made.clock.now())
        return "0" * 64

    monkeypatch.setattr(originals.files, "sha256_of", held_meanwhile)
    assert not let_go(made)
    assert state(made) is PostState.HELD


def test_a_picture_that_is_being_saved_is_waited_for(made: Installation) -> None:
    dropped(made, ONE)
    old = renditions(made)
    (folder(made) / "1.png").write_bytes(picture(9)[:100])
    sky = claimed(made, "sky")
    assert not let_go(made, sky)
    later = made.store.deliveries.get(sky)
    assert (later.state, later.tries, later.reason) == (
        DeliveryState.SCHEDULED,
        0,
        "a picture is being saved; it waits for that",
    )
    assert later.due_at is not None
    assert later.due_at > made.clock.now() - made.settings.intake.settle
    replaced(made)
    work_when_due(made)
    assert state(made) is PostState.POSTED
    assert not old & renditions(made)


def test_a_picture_from_the_future_is_not_waited_for(made: Installation) -> None:
    """As from a camera or a NAS whose clock is ahead."""
    dropped(made, ONE)
    replaced(made)
    ahead = made.clock.now().timestamp() + 86_400
    os.utime(folder(made) / "1.png", (ahead, ahead))
    assert not let_go(made)
    assert state(made) is PostState.TAKEN


def test_files_that_are_the_same_are_left_alone(made: Installation) -> None:
    dropped(made, TWO, pictures=2)
    folder(made).joinpath("1.png").touch()
    assert let_go(made)
    assert state(made) is PostState.PROTECTED


@pytest.mark.parametrize("gone", ["the whole outbox", "its folder"])
def test_a_drive_that_is_not_there_is_no_change(made: Installation, gone: str) -> None:
    dropped(made, ONE)
    away = made.outbox if gone == "the whole outbox" else folder(made)
    away.rename(away.with_name("elsewhere"))
    assert let_go(made)
    assert state(made) is PostState.PROTECTED


def test_a_picture_that_may_not_be_read_now_is_not_said_to_be_another(
    made: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped(made, ONE)

    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(originals.files, "sha256_of", refused)
    assert let_go(made)
    assert state(made) is PostState.PROTECTED
