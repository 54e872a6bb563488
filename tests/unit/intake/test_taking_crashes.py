"""A crash at any step of taking: a fresh start on the same disk and database repairs it, and
nothing is lost, taken twice or overwritten."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from postguard.errors import Retryable
from postguard.intake import moving
from postguard.model import Inspection, NewArtwork, NewPost, Place, Post, PostState, Words
from postguard.system import files
from tests.unit.intake.rig import ALT, START, Rig, png

_WRITES = {"create", "move_to", "placed", "reword"}


class PowerCutError(BaseException):
    """Nothing may catch it, as nothing can catch a power cut."""


class Power:
    """Goes out at the Nth effect, before it or right after it."""

    def __init__(self, left: int, *, after: bool) -> None:
        self.left = left
        self.after = after

    def guard(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: object, **kwargs: object) -> object:
            self.left -= 1
            if self.left <= 0 and not self.after:
                raise PowerCutError
            result = effect(*args, **kwargs)
            if self.left <= 0:
                raise PowerCutError
            return result

        return guarded


class FailingPosts:
    """The real rows, with each write at the mercy of the power."""

    def __init__(self, rig: Rig, power: Power) -> None:
        self._posts = rig.store.posts
        self._power = power

    def __getattr__(self, name: str) -> object:
        method = getattr(self._posts, name)
        return self._power.guard(method) if name in _WRITES else method


def run_into_a_power_cut(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, left: int, *, after: bool
) -> bool:
    """Run until the power goes out at effect `left`; False when it never did."""
    power = Power(left, after=after)
    with monkeypatch.context() as patch:
        # The file system is the other half of every crash, and has no port of its own.
        patch.setattr(files, "move", power.guard(files.move))
        patch.setattr(files, "write_whole", power.guard(files.write_whole))
        rig.restarted(FailingPosts(rig, power))  # type: ignore[arg-type]
        rig.rescan()
        try:
            rig.wait(30)
        except PowerCutError:
            return True
    return False


def all_restarted(rig: Rig) -> list[Post]:
    rig.restarted()
    rig.rescan()
    return rig.run()


def drop_single(rig: Rig) -> None:
    rig.drop("fox.toml", ALT)
    rig.drop("fox.png")


def drop_set(rig: Rig) -> None:
    rig.drop("pages/post.toml", 'alt = ["a", "b"]')
    rig.drop("pages/1.png", png(1))
    rig.drop("pages/2.png", png(2))


def drop_wordless(rig: Rig) -> None:
    rig.drop("fox.png")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("drop", "state", "place"),
    [
        (drop_single, PostState.TAKEN, Place.QUEUED),
        (drop_set, PostState.TAKEN, Place.QUEUED),
        (drop_wordless, PostState.HELD, Place.HELD),
    ],
)
def test_a_crash_at_any_step_is_repaired_by_the_next_start(
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
    drop: Callable[[Rig], None],
    state: PostState,
    place: Place,
    after: bool,
) -> None:
    crashes = 0
    for left in range(1, 12):
        drop(rig)
        crashed = run_into_a_power_cut(rig, monkeypatch, left, after=after)
        (post,) = all_restarted(rig)
        assert (post.state, post.place) == (state, place), f"power cut at {left}"
        names = {a.name for a in post.artworks} | {name for _, name in post.sidecars}
        assert names <= {p.name for p in (rig.outbox / place / post.folder).iterdir()}
        assert {p.split("/")[0] for p in rig.tree()} == {str(place)}
        rig.store.posts.move_to(post.id, PostState.WITHDRAWN, rig.now)
        crashes += crashed
    assert crashes >= 4


def taking_row(rig: Rig, sha256: str) -> Post:
    """Insert what a crash right after the row leaves behind."""
    artwork = NewArtwork(sha256, "fox.png", "fox.png", 6, 4)
    return rig.store.posts.create(NewPost("fox.png", "default", (artwork,)), START)


def test_a_file_that_vanished_meanwhile_holds_its_post(rig: Rig) -> None:
    taking_row(rig, "0" * 64)
    (post,) = rig.run()
    assert post.state is PostState.HELD
    assert "fox.png vanished or was changed" in post.reason


def test_another_file_at_its_place_is_not_mistaken_for_it(rig: Rig) -> None:
    taking_row(rig, "0" * 64)
    rig.drop("fox.toml", ALT)
    rig.drop("fox.png", png(9))
    first, second = rig.run()
    assert (first.state, second.state) == (PostState.HELD, PostState.TAKEN)
    assert (rig.outbox / "queued/2-fox/fox.png").read_bytes() == png(9)


def test_a_move_never_overwrites_what_lies_at_its_goal(rig: Rig) -> None:
    sha = files.sha256_of(rig.drop("fox.png", png(1)))
    post = taking_row(rig, sha)
    goal = rig.outbox / "queued" / post.folder / "fox.png"
    goal.parent.mkdir(parents=True)
    goal.write_bytes(png(2))
    rig.taking.tick(rig.now)
    assert goal.read_bytes() == png(2)
    assert (rig.outbox / "fox.png").read_bytes() == png(1)


def test_a_picture_changed_between_its_row_and_its_move_is_held_and_taken_anew(rig: Rig) -> None:
    class Meddling:
        """The real rows, and an artist who saves at the worst moment."""

        def __getattr__(self, name: str) -> object:
            return getattr(rig.store.posts, name)

        def create(self, *args: Any) -> Post:
            post = rig.store.posts.create(*args)
            if post.id == 1:
                (rig.outbox / "fox.png").write_bytes(png(7))
            return post

    rig.restarted(Meddling())  # type: ignore[arg-type]
    drop_single(rig)
    rig.wait(5)
    assert rig.only().state is PostState.HELD
    rig.rescan()
    rig.wait(25)
    held, new = rig.posts()
    assert held.state is PostState.HELD
    assert (rig.outbox / new.place / new.folder / "fox.png").read_bytes() == png(7)


def test_a_file_that_comes_into_a_set_while_it_is_moved_is_not_left_unseen(rig: Rig) -> None:
    drop_set(rig)
    post = rig.store.posts.create(
        NewPost("pages", "default", (NewArtwork("0" * 64, "1.png", "pages/1.png"),)), START
    )
    place, problem = moving.bring(rig.outbox, post, lambda path, artwork: True)
    assert place is Place.QUEUED
    assert "2.png, post.toml came into the folder while it was being taken" in problem


def test_an_outbox_that_cannot_be_changed_makes_one_post_and_tries_again(rig: Rig) -> None:
    """A file in the place of queued/ stands for a disk that is full or read-only."""
    drop_single(rig)
    (rig.outbox / "queued").write_bytes(b"")
    rig.wait(10)
    for _ in range(3):
        rig.rescan()
        rig.wait(10)
    assert rig.only().state is PostState.TAKING
    (rig.outbox / "queued").unlink()
    rig.wait(40)
    assert (rig.only().state, rig.only().place) == (PostState.TAKEN, Place.QUEUED)


class Troubled:
    """The real workshop, with an error of its own for one file."""

    def __init__(self, rig: Rig, name: str, error: Exception) -> None:
        self._workshop = rig.workshop
        self._name = name
        self.error: Exception | None = error

    def inspect(self, path: Path) -> Inspection:
        if path.name == self._name and self.error:
            raise self.error
        return self._workshop.inspect(path)


def test_what_cannot_be_inspected_now_is_taken_later(rig: Rig) -> None:
    workshop = Troubled(rig, "fox.png", Retryable("the child process was stopped"))
    rig.workshop = workshop  # type: ignore[assignment]
    rig.restarted()
    drop_single(rig)
    rig.wait(10)
    assert rig.posts() == []
    assert rig.taking.next_look(rig.now) is not None
    assert not rig.taking.at_rest()
    workshop.error = None
    rig.wait(30)
    assert rig.only().state is PostState.TAKEN


def test_a_released_post_that_cannot_be_inspected_now_stays_released(rig: Rig) -> None:
    drop_wordless(rig)
    rig.run()
    (rig.outbox / "held/1-fox/fox.toml").write_text(ALT)
    workshop = Troubled(rig, "fox.png", Retryable("the child process was stopped"))
    rig.workshop = workshop  # type: ignore[assignment]
    rig.restarted()
    rig.store.posts.move_to(1, PostState.RELEASED, rig.now)
    rig.wait(5)
    assert rig.only().state is PostState.RELEASED
    workshop.error = None
    rig.wait(40)
    assert rig.only().state is PostState.TAKEN


def test_one_file_that_breaks_everything_does_not_stop_the_others(rig: Rig) -> None:
    rig.workshop = Troubled(rig, "a.png", RuntimeError("a bug"))  # type: ignore[assignment]
    rig.restarted()
    for name in ("a", "b", "c"):
        rig.drop(f"{name}.toml", ALT)
        rig.drop(f"{name}.png", png(ord(name)))
    for _ in range(10):
        with suppress(RuntimeError):
            rig.wait(2)
    assert [p.name for p in rig.posts()] == ["b.png", "c.png"]
    assert "a.png" in rig.tree()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("left", [1, 2, 3])
def test_a_crash_while_a_released_post_is_held_again_leaves_no_stale_reason(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, left: int, *, after: bool
) -> None:
    drop_wordless(rig)
    rig.run()
    folder = rig.outbox / "held/1-fox"
    (folder / "fox.toml").write_text(f'{ALT}visiblity = "public"\n')
    rig.store.posts.move_to(1, PostState.RELEASED, rig.now)
    run_into_a_power_cut(rig, monkeypatch, left, after=after)
    (post,) = all_restarted(rig)
    assert "visiblity" in post.reason
    assert post.reason in (folder / "reason.txt").read_text()


def test_a_post_that_is_held_again_while_it_is_read_keeps_the_artists_reason(rig: Rig) -> None:
    drop_wordless(rig)
    rig.run()
    folder = rig.outbox / "held/1-fox"
    (folder / "fox.toml").write_text(ALT)
    rig.store.posts.move_to(1, PostState.RELEASED, rig.now)

    def hold(account: str, words: Words, images: int) -> list[str]:
        rig.store.posts.move_to(1, PostState.HELD, rig.now, "held by you")
        return []

    rig.objections = hold
    rig.restarted()
    rig.wait(5)
    assert rig.only().reason == "held by you"
    assert "held by you" in (folder / "reason.txt").read_text()
