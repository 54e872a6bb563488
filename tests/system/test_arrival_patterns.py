"""Every way a file can arrive in the outbox, with the real watchdog and real files.

Only events nominate here (no rescan after the start), so a pattern whose events are missed fails.
Time is the test's own; what watchdog reports is waited for, with a deadline.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from postguard.intake.watcher import Eyes, Watcher
from postguard.model import Post, PostState
from tests.unit.intake.rig import ALT, Rig, config, png

DEADLINE = 20.0  # seconds for watchdog to report something
EYES = Eyes({"events": Observer, "polling": lambda: PollingObserver(timeout=0.05)})


class Outbox(Rig):
    """A rig whose files are found by a watcher."""

    def watch(self, mode: str) -> None:
        self._news = threading.Condition()
        self._seen: list[Path] = []
        self.watcher = Watcher(self.outbox, self._nominate, mode, self.notes.append, EYES)  # type: ignore[arg-type]
        self.taking.polling = lambda: self.watcher.polling
        self.watcher.start()

    def _nominate(self, path: Path) -> None:
        self.taking.nominate(path)
        with self._news:
            self._seen.append(path)
            self._news.notify_all()

    def reported(self, name: str) -> None:
        """Wait until watchdog has reported something new about a file."""
        with self._news:
            assert self._news.wait_for(lambda: self.outbox / name in self._seen, DEADLINE), (
                f"{name} was never reported"
            )
            self._seen.clear()

    def settle(self, seconds: int = 25) -> list[Post]:
        for _ in range(seconds):
            self.watcher.attend()
            self.wait(1)
        return self.posts()

    def words(self, name: str = "fox.toml", text: str = ALT) -> None:
        (self.outbox / name).write_text(text, encoding="utf-8")
        self.reported(name)


@pytest.fixture(params=["events", "polling"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path, config(tmp_path / "outbox"))
    outbox.watch(request.param)
    yield outbox
    outbox.watcher.stop()


def taken_once(outbox: Outbox, data: bytes, name: str = "fox.png") -> None:
    (post,) = outbox.settle()
    assert (post.name, post.state) == (name, PostState.TAKEN)
    assert (outbox.outbox / "queued" / post.folder / name).read_bytes() == data
    assert [p.id for p in outbox.settle()] == [post.id]


def test_a_slow_write_is_taken_when_its_writer_is_done(outbox: Outbox) -> None:
    data = png(0, (60, 40))
    outbox.words()
    with (outbox.outbox / "fox.png").open("wb") as file:
        file.write(data[:50])
        file.flush()
        outbox.reported("fox.png")
        assert outbox.settle(30) == []
        file.write(data[50:])
    taken_once(outbox, data)


def test_a_writer_that_opens_the_file_again_and_again_is_waited_for(outbox: Outbox) -> None:
    data = png(0, (60, 40))
    outbox.words()
    for end in range(40, len(data) + 40, 40):
        (outbox.outbox / "fox.png").write_bytes(data[:end])
        outbox.reported("fox.png")
        assert outbox.settle(1) == []
    taken_once(outbox, data)


@pytest.mark.parametrize(
    "temporary", [".fox.png.Xyz123", ".syncthing.fox.png.tmp", "fox.png.part"]
)
def test_a_temporary_file_is_taken_under_its_final_name(outbox: Outbox, temporary: str) -> None:
    outbox.words()
    (outbox.outbox / temporary).write_bytes(png())
    assert outbox.settle() == []
    (outbox.outbox / temporary).rename(outbox.outbox / "fox.png")
    outbox.reported("fox.png")
    taken_once(outbox, png())


def test_a_file_moved_in_is_taken(outbox: Outbox) -> None:
    outbox.words()
    (outbox.home / "art.png").write_bytes(png())
    (outbox.home / "art.png").rename(outbox.outbox / "fox.png")
    outbox.reported("fox.png")
    taken_once(outbox, png())


def test_a_hard_link_is_taken_and_its_other_name_stays(outbox: Outbox) -> None:
    outbox.words()
    (outbox.home / "art.png").write_bytes(png())
    os.link(outbox.home / "art.png", outbox.outbox / "fox.png")
    outbox.reported("fox.png")
    taken_once(outbox, png())
    assert (outbox.home / "art.png").read_bytes() == png()


def test_a_copy_that_keeps_its_old_time_is_taken(outbox: Outbox) -> None:
    outbox.words()
    (outbox.home / "art.png").write_bytes(png())
    os.utime(outbox.home / "art.png", (946684800, 946684800))
    shutil.copy2(outbox.home / "art.png", outbox.outbox / "fox.png")
    outbox.reported("fox.png")
    taken_once(outbox, png())


def test_a_truncated_file_is_looked_at_anew(outbox: Outbox) -> None:
    data = png(0, (60, 40))
    (outbox.outbox / "fox.png").write_bytes(data)
    outbox.reported("fox.png")
    assert outbox.settle(14) == []
    os.truncate(outbox.outbox / "fox.png", 40)
    outbox.reported("fox.png")
    outbox.words()
    (post,) = outbox.settle(30)
    assert post.state is PostState.HELD
    assert (outbox.outbox / "held" / post.folder / "fox.png").stat().st_size == 40


def test_a_backup_made_by_rename_leaves_the_new_file_to_be_taken(outbox: Outbox) -> None:
    (outbox.outbox / "fox.png").write_bytes(png(1))
    outbox.reported("fox.png")
    assert outbox.settle(5) == []
    (outbox.outbox / "fox.png").rename(outbox.outbox / "fox.png~")
    (outbox.outbox / "fox.png").write_bytes(png(2))
    outbox.reported("fox.png")
    outbox.words()
    taken_once(outbox, png(2))
    assert (outbox.outbox / "fox.png~").read_bytes() == png(1)


def test_two_events_for_one_file_make_one_post(outbox: Outbox) -> None:
    outbox.words()
    (outbox.outbox / "fox.png").write_bytes(png())
    outbox.reported("fox.png")
    (outbox.outbox / "fox.png").write_bytes(png())
    outbox.reported("fox.png")
    taken_once(outbox, png())


def test_a_file_that_vanishes_makes_no_post(outbox: Outbox) -> None:
    outbox.words()
    (outbox.outbox / "fox.png").write_bytes(png())
    outbox.reported("fox.png")
    outbox.settle(1)
    (outbox.outbox / "fox.png").unlink()
    assert outbox.settle(40) == []


def test_a_file_that_never_settles_is_told_once_and_taken_when_it_does(outbox: Outbox) -> None:
    outbox.settings = config(outbox.outbox, intake={"give_up": "60s"})
    outbox.words()
    (outbox.outbox / "fox.png").write_bytes(png())
    outbox.reported("fox.png")
    for second in range(90):
        (outbox.outbox / "fox.png").write_bytes(png(second))
        outbox.wait(1)
    assert outbox.posts() == []
    assert outbox.notes == ["fox.png keeps changing, so it is not taken; is a program stuck?"]
    outbox.reported("fox.png")
    taken_once(outbox, png(89))


@pytest.mark.parametrize("first", ["words", "picture"])
def test_words_may_come_before_or_after_their_picture(outbox: Outbox, first: str) -> None:
    if first == "words":
        outbox.words()
        outbox.settle()
    (outbox.outbox / "fox.png").write_bytes(png())
    outbox.reported("fox.png")
    if first == "picture":
        assert outbox.settle(14) == []
        outbox.words()
    taken_once(outbox, png())


def make_set(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in (1, 2, 10):
        (folder / f"{number}.png").write_bytes(png(number))
    (folder / "post.toml").write_text('text = "a set"\nalt = ["a", "b", "c"]')


def the_set_is_taken(outbox: Outbox) -> None:
    (post,) = outbox.settle(70)
    assert post.state is PostState.TAKEN, post.reason
    assert [a.name for a in post.artworks] == ["1.png", "2.png", "10.png"]


def test_a_folder_moved_in_is_taken_as_a_set(outbox: Outbox) -> None:
    make_set(outbox.home / "pages")
    (outbox.home / "pages").rename(outbox.outbox / "pages")
    outbox.reported("pages/10.png")
    the_set_is_taken(outbox)


def test_a_folder_made_and_filled_at_once_is_taken_as_a_set(outbox: Outbox) -> None:
    make_set(outbox.outbox / "pages")
    outbox.settle(1)
    outbox.reported("pages/10.png")
    the_set_is_taken(outbox)


def test_a_folder_filled_slowly_is_taken_as_one_set(outbox: Outbox) -> None:
    folder = outbox.outbox / "pages"
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"{number}.png").write_bytes(png(number))
        outbox.watcher.attend()
        outbox.reported(f"pages/{number}.png")
        assert outbox.settle(18) == []
    (folder / "post.toml").write_text('alt = ["a", "b", "c"]')
    outbox.reported("pages/post.toml")
    the_set_is_taken(outbox)


def test_what_was_posted_or_held_is_never_nominated(outbox: Outbox) -> None:
    for name in ("queued", "held", "posted", "dry-run"):
        (outbox.outbox / name / "1-old").mkdir(parents=True)
        (outbox.outbox / name / "1-old" / "old.png").write_bytes(png(3))
    outbox.watcher.rescan()
    (outbox.outbox / "held" / "1-old" / "new.png").write_bytes(png(4))
    outbox.words()
    (outbox.outbox / "fox.png").write_bytes(png())
    outbox.reported("fox.png")
    taken_once(outbox, png())


@pytest.mark.parametrize("outbox", ["events"], indirect=True)
def test_three_hundred_files_at_once_are_each_taken_once(outbox: Outbox) -> None:
    for i in range(300):
        (outbox.outbox / f"{i}.txt").write_text(f"+++\n{ALT}+++\nnumber {i}")
        (outbox.outbox / f"{i}.png").write_bytes(png(i, (2, 2)))
    outbox.reported("299.png")
    posts = outbox.settle(40)
    assert [p.name for p in posts] == [f"{i}.png" for i in range(300)]
    assert {p.state for p in posts} == {PostState.TAKEN}
    outbox.now += timedelta(minutes=1)
    assert len(outbox.settle(30)) == 300
