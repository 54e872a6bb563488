"""A file has settled when nothing about it changed for a while and nobody writes to it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postguard.intake.settling import Look, Settled, Settling, busy, look

START = datetime(2026, 11, 23, tzinfo=UTC)
FOX = Path("fox.png")
QUIET = timedelta(seconds=2)


class Folder:
    """Files as looks; time in seconds."""

    def __init__(self) -> None:
        self.files: dict[Path, Look] = {}
        self.busy: set[Path] = set()
        self.looked = 0
        self.settling = Settling(QUIET, timedelta(minutes=1))

    def write(self, path: Path, version: int) -> None:
        self.files[path] = (1, version, version, version)

    def nominate(self, path: Path, second: float) -> None:
        self.settling.nominate(path, START + timedelta(seconds=second))

    def poll(self, second: float) -> Settled:
        now = START + timedelta(seconds=second)
        return self.settling.poll(now, self._look, self.busy.__contains__)

    def _look(self, path: Path) -> Look | None:
        self.looked += 1
        return self.files.get(path)


@pytest.fixture
def folder() -> Folder:
    folder = Folder()
    folder.write(FOX, 1)
    folder.nominate(FOX, 0)
    return folder


def test_a_file_settles_after_its_quiet_time_and_not_before(folder: Folder) -> None:
    assert [list(folder.poll(s).settled) for s in (0, 1.9, 2)] == [[], [], [FOX]]
    assert len(folder.settling) == 0


def test_a_change_without_any_event_begins_the_quiet_time_again(folder: Folder) -> None:
    folder.poll(0)
    folder.write(FOX, 2)
    assert not folder.poll(2).settled
    assert not folder.poll(3.9).settled
    assert folder.poll(4).settled == {FOX: (1, 2, 2, 2)}


def test_an_event_without_any_visible_change_begins_the_quiet_time_again(folder: Folder) -> None:
    folder.poll(0)
    folder.nominate(FOX, 1.5)
    assert not folder.poll(2).settled
    assert folder.poll(4).settled


def test_a_file_that_is_open_for_writing_has_not_settled(folder: Folder) -> None:
    folder.poll(0)
    folder.busy.add(FOX)
    assert not folder.poll(2).settled
    folder.busy.clear()
    assert folder.poll(4).settled


def test_a_file_that_vanishes_is_told_once(folder: Folder) -> None:
    folder.poll(0)
    folder.files.clear()
    assert folder.poll(2).vanished == [FOX]
    assert folder.poll(9) == Settled()


def test_one_that_never_settles_is_told_once_and_can_still_settle(folder: Folder) -> None:
    told = []
    for second in range(0, 130, 2):
        folder.write(FOX, second)
        told += folder.poll(second).given_up
    assert told == [FOX]
    assert not folder.settling.restless()
    assert folder.poll(132).settled


def test_a_file_with_an_event_every_moment_is_still_told_to_be_stuck(folder: Folder) -> None:
    told = []
    for second in range(70):
        folder.nominate(FOX, second)
        told += folder.poll(second).given_up
    assert told == [FOX]


def test_two_events_for_one_file_settle_it_once(folder: Folder) -> None:
    folder.nominate(FOX, 0)
    folder.poll(0)
    assert [len(folder.poll(s).settled) for s in (2, 4, 6)] == [1, 0, 0]


def test_a_clock_set_forward_makes_no_file_one_that_keeps_changing(folder: Folder) -> None:
    """Nor does the sleep of a PC: nobody has seen it change meanwhile."""
    folder.poll(0)
    folder.write(FOX, 2)
    assert folder.poll(7200).given_up == []
    assert list(folder.poll(7202).settled) == [FOX]


def test_a_clock_set_back_delays_nothing(folder: Folder) -> None:
    folder.poll(0)
    assert folder.poll(-3600).settled


def test_a_poll_looks_only_at_what_is_due(folder: Folder) -> None:
    for i in range(1000):
        folder.write(Path(f"{i}.png"), 1)
        folder.nominate(Path(f"{i}.png"), 0)
    folder.poll(0)
    folder.looked = 0
    folder.poll(1)
    assert folder.looked == 0


@given(st.lists(st.tuples(st.sampled_from("nwvp"), st.integers(0, 3)), max_size=60))
def test_whatever_happens_what_settles_was_quiet_and_nothing_is_lost(
    steps: list[tuple[str, int]],
) -> None:
    """Against a plain model: a settled file has not been written for the quiet time, and each
    nominated file that exists settles in the end."""
    folder, version, second = Folder(), 0, 0
    written: dict[Path, int] = {}
    open_ones: set[Path] = set()
    for what, which in steps:
        path = Path(f"{which}.png")
        second += 1
        if what == "w":
            version += 1
            folder.write(path, version)
            written[path] = second
        if what in "wn":
            folder.nominate(path, second)
            open_ones.add(path)
        if what == "v":
            folder.files.pop(path, None)
        if what == "p":
            found = folder.poll(second)
            assert all(second - written[p] >= 2 for p in found.settled)
            open_ones -= {*found.settled, *found.vanished}
    for later in range(second + 1, second + 6):
        found = folder.poll(later)
        open_ones -= {*found.settled, *found.vanished}
    assert not open_ones


WRITER = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
print("open", flush=True)
sys.stdin.readline()
os.close(fd)
print("closed", flush=True)
sys.stdin.readline()
"""

HOLDER = """
import os, subprocess, sys
from postguard.intake.settling import take_lease
take_lease(os.open(sys.argv[1], os.O_RDONLY))
write = "import os, sys; os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)"
told = subprocess.run([sys.executable, "-c", write, sys.argv[1]], stderr=subprocess.PIPE).stderr
print("alive" if b"BlockingIOError" in told else told)
"""


def _start(program: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_file_is_busy_while_another_process_has_it_open_for_writing(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"x")
    with _start(WRITER, path) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "open\n"
        assert busy(path)
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "closed\n"
        assert not busy(path)
        writer.communicate("\n")


def test_a_drive_whose_server_gives_no_leases_is_not_busy_for_ever(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(f"nas:/art {tmp_path} cifs rw 0 0\n")
    with (tmp_path / "fox.png").open("wb"):
        assert busy(tmp_path / "fox.png")
        assert not busy(tmp_path / "fox.png", tmp_path / "mounts")


def test_our_own_reading_does_not_make_a_file_busy(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"x")
    with path.open("rb"):
        assert not busy(path)
        assert not busy(path)


def test_a_writer_that_comes_in_the_middle_of_the_test_does_not_end_us(tmp_path: Path) -> None:
    """The kernel signals the holder of a lease that is broken; SIGIO would end the daemon."""
    path = tmp_path / "fox.png"
    path.write_bytes(b"x")
    with _start(HOLDER, path) as holder:
        assert holder.stdout
        assert holder.stdout.read() == "alive\n"


def test_what_is_no_file_of_ours_is_not_busy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert not busy(tmp_path / "gone.png")
    assert not busy(tmp_path / "pipe.png")
    assert look(tmp_path / "pipe.png") is None
    assert look(tmp_path) is None
    assert look(tmp_path / "gone.png") is None


def test_a_look_changes_with_size_time_and_identity(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"one")
    first = look(path)
    path.write_bytes(b"three")
    second = look(path)
    (tmp_path / "new.png").write_bytes(b"three")
    os.utime(tmp_path / "new.png", ns=(0, path.stat().st_mtime_ns))
    (tmp_path / "new.png").replace(path)
    assert len({first, second, look(path)}) == 3
