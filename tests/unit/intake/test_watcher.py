"""What the watcher nominates, and how it chooses to watch."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, EventQueue, ObservedWatch
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.polling import PollingObserver

from postguard.intake.mounts import filesystem_of
from postguard.intake.watcher import Eyes, Watcher

DEADLINE = 20.0


class LimitedObserver(Observer):  # type: ignore[misc, valid-type]
    """An observer on a PC whose inotify limits are used up."""

    def schedule(self, *args: object, **kwargs: object) -> ObservedWatch:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")


def polling() -> BaseObserver:
    return PollingObserver(timeout=0.05)


class Seen:
    """Collects nominations and notes; waits for them with a deadline."""

    def __init__(self, outbox: Path) -> None:
        self.outbox = outbox
        self.paths: list[str] = []
        self.notes: list[str] = []
        self._news = threading.Condition()
        self._watchers: list[Watcher] = []

    def watcher(self, **kwargs: object) -> Watcher:
        eyes = kwargs.pop("eyes", Eyes({"events": Observer, "polling": polling}))
        watcher = Watcher(self.outbox, self.nominate, note=self.notes.append, eyes=eyes, **kwargs)  # type: ignore[arg-type]
        self._watchers.append(watcher)
        return watcher

    def nominate(self, path: Path) -> None:
        with self._news:
            self.paths.append(str(path.relative_to(self.outbox)))
            self._news.notify_all()

    def wait_for(self, name: str) -> None:
        with self._news:
            assert self._news.wait_for(lambda: name in self.paths, DEADLINE), self.paths

    def stop(self) -> None:
        for watcher in self._watchers:
            watcher.stop()


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    outbox = tmp_path / "my outbox"
    outbox.mkdir()
    seen = Seen(outbox)
    yield seen
    seen.stop()


def test_a_start_nominates_what_is_there(seen: Seen) -> None:
    for name in ("fox.png", "set/1.png", "queued/1-a/a.png", ".hidden.png"):
        (seen.outbox / name).parent.mkdir(parents=True, exist_ok=True)
        (seen.outbox / name).touch()
    seen.watcher(mode="events").start()
    assert sorted(seen.paths) == ["fox.png", "set/1.png"]


@pytest.mark.parametrize("mode", ["events", "polling"])
def test_changes_are_nominated_at_the_top_and_in_sets(seen: Seen, mode: str) -> None:
    (seen.outbox / "set").mkdir()
    seen.watcher(mode=mode).start()
    (seen.outbox / "fox.png").touch()
    (seen.outbox / "set" / "1.png").touch()
    seen.wait_for("fox.png")
    seen.wait_for("set/1.png")


def test_a_set_that_came_later_is_watched_too(seen: Seen) -> None:
    watcher = seen.watcher(mode="events")
    watcher.start()
    (seen.outbox / "set").mkdir()
    (seen.outbox / "set" / "0.png").touch()
    (seen.outbox / "marker").touch()
    seen.wait_for("marker")
    watcher.attend()
    (seen.outbox / "set" / "1.png").touch()
    seen.wait_for("set/1.png")
    assert "set/0.png" in seen.paths


def test_a_set_that_left_is_followed_no_longer(seen: Seen) -> None:
    (seen.outbox / "set").mkdir()
    (seen.outbox / "queued").mkdir()
    watcher = seen.watcher(mode="events")
    watcher.start()
    (seen.outbox / "set").rename(seen.outbox / "queued" / "1-set")
    (seen.outbox / "marker").touch()
    seen.wait_for("marker")
    watcher.attend()
    (seen.outbox / "queued" / "1-set" / "rendition.png").touch()
    (seen.outbox / "marker2").touch()
    seen.wait_for("marker2")
    assert not [name for name in seen.paths if name.endswith("rendition.png")]


def test_an_outbox_that_vanishes_is_told_and_watched_again_when_it_returns(seen: Seen) -> None:
    watcher = seen.watcher(mode="events")
    watcher.start()
    away = seen.outbox.rename(seen.outbox.parent / "away")
    for _ in range(2):
        watcher.rescan()
    assert len(seen.notes) == 1
    assert "is not there" in seen.notes[0]
    seen.outbox.mkdir()
    (away / "kept.png").touch()
    watcher.rescan()
    (seen.outbox / "fox.png").touch()
    seen.wait_for("fox.png")
    assert "kept.png" not in seen.paths


def test_an_outbox_that_is_not_mounted_yet_is_waited_for(seen: Seen) -> None:
    seen.outbox.rmdir()
    watcher = seen.watcher(mode="polling")
    watcher.start()
    assert "is not there" in seen.notes[0]
    seen.outbox.mkdir()
    (seen.outbox / "fox.png").touch()
    watcher.rescan()
    assert "fox.png" in seen.paths


def test_where_the_limits_of_inotify_are_reached_the_outbox_is_polled(seen: Seen) -> None:
    eyes = Eyes({"events": LimitedObserver, "polling": polling})
    watcher = seen.watcher(mode="events", eyes=eyes)
    watcher.start()
    assert watcher.polling
    assert "limit of watched folders" in seen.notes[0]
    (seen.outbox / "fox.png").touch()
    seen.wait_for("fox.png")


@pytest.mark.parametrize(
    ("kind", "polled"),
    [
        *[("nfs4", True), ("cifs", True), ("smb3", True), ("fuse.sshfs", True), ("9p", True)],
        *[("vboxsf", True), ("drvfs", True), ("fuse.rclone", True), ("virtiofs", True)],
        *[("ext4", False), ("btrfs", False), ("fuseblk", False), ("overlay", False)],
    ],
)
def test_a_drive_whose_changes_come_from_elsewhere_is_polled(
    seen: Seen, tmp_path: Path, kind: str, polled: bool
) -> None:
    mounts = tmp_path / "mounts"
    point = str(seen.outbox).replace(" ", r"\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nnas:/art {point} {kind} rw 0 0\n")
    watcher = seen.watcher(mode="auto", mounted=mounts)
    watcher.start()
    assert watcher.polling is polled
    assert bool(seen.notes) is polled


def test_the_last_of_the_deepest_mounts_counts() -> None:
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\nnas:/ /art/a nfs rw 0 0\n"
        "tmpfs /art/a tmpfs rw 0 0\nx /art/ab cifs rw 0 0\nbroken\n"
    )
    assert filesystem_of(Path("/art/a/outbox"), mounts) == "tmpfs"
    assert filesystem_of(Path("/home/b"), mounts) == "ext4"
    assert filesystem_of(Path("/home/b"), "") == ""


def test_stopping_twice_and_before_the_start_is_nothing(seen: Seen) -> None:
    watcher = seen.watcher()
    watcher.stop()
    watcher.start()
    watcher.stop()
    watcher.stop()


def test_an_event_that_comes_while_a_watch_ends_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ended = InotifyEmitter(EventQueue(), ObservedWatch(str(tmp_path), recursive=False))
    ended.queue_events(0)
    assert caplog.messages == []


def test_more_sets_than_are_watched_are_still_found_by_a_rescan(seen: Seen) -> None:
    for i in range(40):
        (seen.outbox / f"set{i}").mkdir()
    watcher = seen.watcher(mode="events")
    watcher.start()
    for i in range(40):
        (seen.outbox / f"set{i}" / "1.png").touch()
    watcher.rescan()
    assert {f"set{i}/1.png" for i in range(40)} <= set(seen.paths)
