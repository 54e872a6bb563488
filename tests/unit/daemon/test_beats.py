"""Beats and the daemon's own look at the clocks, with clocks that the test owns."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from postguard.daemon import Beat, Daemon, run_once
from postguard.errors import ConfigError, Retryable
from postguard.system.clock import Jump, JumpKind, Pulse, Reading, SystemClock
from postguard.system.service import Supervisor

SECONDS = 20.0  # the longest that a test waits for what takes moments
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    at: datetime = START
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)


class NoPatience(threading.Event):
    """A stop flag that nobody waits for; it remembers for how long they would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


@dataclass
class Scripted:
    """A role that does as told, then nothing; `done` says that the script is over."""

    script: list[bool | Exception | Callable[[], None]] = field(default_factory=list)
    look: datetime | None = None
    name: str = "scripted"
    ticks: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def tick(self, now: datetime) -> bool:
        self.ticks += 1
        if not self.script:
            self.done.set()
            return False
        act = self.script.pop(0)
        if isinstance(act, Exception):
            raise act
        if not isinstance(act, bool):
            act()
            return False
        return act

    def next_look(self, now: datetime) -> datetime | None:
        return self.look


@pytest.fixture
def started() -> Iterator[Callable[[Beat], Beat]]:
    """Start beats and end them with the test."""
    beats: list[Beat] = []

    def start(beat: Beat) -> Beat:
        beats.append(beat)
        beat.start()
        return beat

    yield start
    for beat in beats:
        beat.end()
        assert beat.thread is not None
        beat.thread.join(SECONDS)
        assert not beat.thread.is_alive()


def test_a_role_that_breaks_is_ticked_again_after_a_pause(started, caplog) -> None:
    role = Scripted([RuntimeError("a fault"), Retryable("the disk is full"), True])
    stop = NoPatience()
    started(Beat(role, SystemClock(), stop=stop))
    assert role.done.wait(SECONDS)
    assert all(seconds and seconds >= 1 for seconds in stop.waits[:2])
    broken, told = [r for r in caplog.records if r.levelname == "ERROR"]
    assert "RuntimeError: a fault" in caplog.text
    assert "unexpected fault" in broken.getMessage()
    assert told.getMessage() == "scripted: the disk is full"
    assert not told.exc_info


def test_work_that_was_done_rings_the_next_role_and_is_looked_for_again_at_once(started) -> None:
    rung = []
    role = Scripted([True, True, False])
    beat = started(Beat(role, SystemClock(), lambda: rung.append(role.ticks)))
    beat.ring()
    assert role.done.wait(SECONDS)
    assert rung == [1, 2]


def test_a_role_without_work_sleeps_until_its_bell_rings(started) -> None:
    role, ticked = Scripted(), threading.Event()
    role.script = [ticked.set]
    beat = started(Beat(role, SystemClock()))
    assert ticked.wait(SECONDS)
    assert not role.done.wait(0.2)  # asleep: a role that spins would be through long ago
    beat.ring()
    assert role.done.wait(SECONDS)


def test_a_role_looks_by_itself_when_it_said_it_would(started) -> None:
    role = Scripted([False], look=datetime.now(UTC))
    started(Beat(role, SystemClock()))
    assert role.done.wait(SECONDS)


@dataclass
class Stage:
    """A daemon that runs in the test's own thread and ends when its readings do.

    Before each look of the daemon one of `acts` is played; behind the last it gets SIGTERM.
    """

    beats: list[Beat]
    acts: list[Callable[[], float]]
    clock: HandClock = field(default_factory=HandClock)
    jumps: list[Jump] = field(default_factory=list)
    changed: Callable[[], bool] = lambda: False
    reload: Callable[[], None] = lambda: None
    release: Callable[[], None] = lambda: None
    told: list[str] = field(default_factory=list)
    _wall: float = 0.0
    _read: bool = False

    def play(self) -> None:
        """Run it to its end and collect what the service manager was told."""
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
            address = f"postguard-unit-{os.getpid()}-{id(self)}"
            manager.bind(f"\0{address}")
            manager.setblocking(False)
            Daemon(
                beats=self.beats,
                clock=self.clock,
                supervisor=Supervisor(f"@{address}", watchdog=0.04),
                on_jump=self.jumps.extend,
                changed=self.changed,
                reload=self.reload,
                release=self.release,
                pulse=Pulse(lambda: self._reading(manager)),
            ).run()
            self._listen(manager)

    def _reading(self, manager: socket.socket) -> Reading:
        self._listen(manager)
        if not self._read:
            self._read = True
        elif self.acts:
            self._wall += self.acts.pop(0)()
        else:
            os.kill(os.getpid(), signal.SIGTERM)
        return Reading(wall=self._wall, awake=0, boot=0)

    def _listen(self, manager: socket.socket) -> None:
        while True:
            try:
                self.told.append(manager.recv(4096).decode().splitlines()[0])
            except BlockingIOError:
                return


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """Give back the handlers that a daemon takes over."""
    kept = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    kept[signal.SIGUSR1] = signal.getsignal(signal.SIGUSR1)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def nothing() -> float:
    return 0.0


def test_a_clock_that_was_set_wakes_every_role_and_is_told_once() -> None:
    role, clock = Scripted(), HandClock()

    def an_hour_later() -> float:
        assert role.done.wait(SECONDS)
        role.done.clear()
        clock.at += timedelta(hours=1)
        return 3600.0

    def looked_again() -> float:
        assert role.done.wait(SECONDS)
        return 0.0

    stage = Stage([Beat(role, clock)], [an_hour_later, looked_again, nothing], clock)
    stage.play()
    assert stage.jumps == [Jump(JumpKind.STEPPED, timedelta(hours=1))]
    assert "WATCHDOG=1" in stage.told  # the hour was no silence


def test_a_role_that_is_stuck_stops_the_signs_of_life(caplog) -> None:
    clock, stuck, freed = HandClock(), threading.Event(), threading.Event()

    def hang() -> None:
        stuck.set()
        freed.wait(SECONDS)

    def eleven_minutes_later() -> float:
        assert stuck.wait(SECONDS)
        stage.told.append("now it is stuck")
        clock.at += timedelta(minutes=11)
        return 0.0

    role = Scripted([hang])
    acts = [nothing, nothing, eleven_minutes_later, nothing, nothing, nothing]
    stage = Stage([Beat(role, clock)], acts, clock, release=freed.set)
    stage.play()
    before, after = (
        stage.told[: stage.told.index("now it is stuck")],
        stage.told[stage.told.index("now it is stuck") :],
    )
    assert "WATCHDOG=1" in before
    assert "WATCHDOG=1" not in after
    assert "scripted has not moved" in caplog.text


def test_a_heartbeat_in_a_long_piece_of_work_counts_as_life() -> None:
    clock, busy, freed = HandClock(), threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        freed.wait(SECONDS)

    def later_with_progress() -> float:
        assert busy.wait(SECONDS)
        clock.at += timedelta(minutes=11)
        beat.heartbeat()
        stage.told.append("progress")
        return 0.0

    beat = Beat(Scripted([work]), clock)
    acts = [later_with_progress, nothing, nothing, nothing]
    stage = Stage([beat], acts, clock, release=freed.set)
    stage.play()
    assert "WATCHDOG=1" in stage.told[stage.told.index("progress") :]


def test_a_bad_config_is_told_and_the_daemon_goes_on(caplog) -> None:
    def refuse() -> None:
        raise ConfigError("slotts: unknown key")

    def hang_up() -> float:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0.0

    stage = Stage([], [hang_up, nothing, nothing], reload=refuse)
    stage.play()
    assert "the old one stays: slotts: unknown key" in caplog.text
    order = [word for word in stage.told if not word.startswith("WATCHDOG")]
    assert order == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]


def test_a_config_that_was_changed_is_read_without_being_asked_to() -> None:
    looks, read = iter([False, True, False, False]), list[str]()
    stage = Stage([], [nothing, nothing, nothing], changed=lambda: next(looks))
    stage.reload = lambda: read.append("anew")
    stage.play()
    assert read == ["anew"]


def test_once_ticks_until_there_is_no_work_and_all_has_settled() -> None:
    clock, settled = HandClock(), iter([False, False, True])
    first, second = Scripted([True, False, True]), Scripted([False, True])
    run_once([first, second], clock, lambda _: next(settled))
    assert (first.script, second.script) == ([], [])
    assert len(clock.waits) == 2
