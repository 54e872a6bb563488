"""The daemon: roles that tick in threads of their own, the bell that wakes them, the signals.

The clock is the wall clock, looked at every 30 s at least: a PC that slept has no other way to
tell that a slot has passed (a wait counts only the time that the PC was awake).
"""

from __future__ import annotations

import logging
import os
import queue
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import FrameType
from typing import Protocol

from postguard.errors import ConfigError, PostguardError
from postguard.language import _
from postguard.ports import Clock
from postguard.system.clock import Jump, Pulse
from postguard.system.service import Supervisor

log = logging.getLogger(__name__)

LONGEST_NAP = 30.0  # seconds
_AFTER_ERROR = 5.0  # seconds
_STOP_WITHIN = 4.0  # seconds; systemd and the artist are promised five
_STUCK_AFTER = timedelta(minutes=10)


class Role(Protocol):
    """One kind of work. `tick` does a piece of it and says whether there may be more at once."""

    @property
    def name(self) -> str: ...

    def tick(self, now: datetime) -> bool:
        """Do one piece of work; True: tick again at once."""
        ...

    def next_look(self, now: datetime) -> datetime | None:
        """Return when there will be work though no bell rings; None: only the usual look."""
        ...


@dataclass(slots=True)
class Beat:
    """Runs one role in a thread until told to stop. An error costs one tick, never the role.

    Attributes:
        after: called when a tick has done something, to wake the role that goes on with it.
    """

    role: Role
    clock: Clock
    after: Callable[[], None] = lambda: None
    bell: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    alive_at: datetime | None = None
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin ticking."""
        self.alive_at = self.clock.now()
        self.thread = threading.Thread(target=self._run, name=self.role.name, daemon=True)
        self.thread.start()

    def ring(self) -> None:
        """Have the role look for work now."""
        self.bell.set()

    def heartbeat(self) -> None:
        """Say that a long piece of work is still moving."""
        self.alive_at = self.clock.now()

    def end(self) -> None:
        """Ask the thread to stop after its tick."""
        self.stop.set()
        self.bell.set()

    def _run(self) -> None:
        while not self.stop.is_set():
            self.bell.clear()
            self.heartbeat()
            if not _went_well(self.role.name, self._turn):
                self.stop.wait(_AFTER_ERROR)

    def _turn(self) -> None:
        if self.role.tick(self.clock.now()):
            self.after()
        else:
            self.bell.wait(self._nap())

    def _nap(self) -> float:
        now = self.clock.now()
        due = self.role.next_look(now)
        seconds = LONGEST_NAP if due is None else (due - now).total_seconds()
        return min(max(seconds, 0.05), LONGEST_NAP)


@dataclass(slots=True)
class Daemon:
    """All roles of one installation.

    Attributes:
        on_jump: called after the PC slept or its clock was set.
        changed: returns whether the config was changed since it was last read.
        reload: reads the config anew; raises ConfigError and changes nothing when it is bad.
        release: ends child processes, so that running work stops at once.
    """

    beats: Sequence[Beat]
    clock: Clock
    supervisor: Supervisor
    on_jump: Callable[[Sequence[Jump]], None]
    changed: Callable[[], bool]
    reload: Callable[[], None]
    release: Callable[[], None]
    pulse: Pulse = field(default_factory=Pulse)
    _asked: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; SIGHUP reloads the config, SIGUSR1 rings the bell."""
        with _woken_by_signals() as woken:
            self._listen()
            for beat in self.beats:
                beat.start()
            self.supervisor.ready(_("watching the outbox"))
            log.info("watching the outbox")
            while "stop" not in (asked := self._next(woken)):
                self._look(asked)
            self._stop()

    def _next(self, woken: int) -> set[str]:
        """Return what signals have asked for, after one came or the usual nap is over."""
        select.select([woken], [], [], self.supervisor.nap(LONGEST_NAP))
        with suppress(BlockingIOError):
            os.read(woken, 65536)
        asked: set[str] = set()
        with suppress(queue.Empty):
            while True:
                asked.add(self._asked.get_nowait())
        return asked

    def _listen(self) -> None:
        for number, what in (
            (signal.SIGTERM, "stop"),
            (signal.SIGINT, "stop"),
            (signal.SIGHUP, "reload"),
            (signal.SIGUSR1, "ring"),
        ):
            signal.signal(number, self._asks(what))

    def _asks(self, what: str) -> Callable[[int, FrameType | None], None]:
        def handler(number: int, frame: FrameType | None) -> None:
            # Only this, which may interrupt itself: the main thread can be in the middle of a
            # transaction, and an Event's lock that it holds would never be given back.
            self._asked.put(what)

        return handler

    def _look(self, asked: set[str]) -> None:
        if self.changed() or "reload" in asked:
            _went_well("config", self._reload)
        if jumped := self.pulse.look():
            for jump in jumped:
                log.info("the clock %s by %s; planning anew", jump.kind, jump.amount)
            for beat in self.beats:
                beat.heartbeat()  # the time asleep is no silence
            _went_well("clock", lambda: self.on_jump(jumped))
        for beat in self.beats:
            beat.ring()
        if stuck := self._stuck():
            log.error("%s has not moved for %s", stuck, _STUCK_AFTER)
        else:
            self.supervisor.alive()

    def _reload(self) -> None:
        self.supervisor.reloading()
        try:
            self.reload()
            log.info("the config was read anew")
        except ConfigError as exc:
            log.error("the config was not taken, the old one stays: %s", exc)  # noqa: TRY400
        finally:
            self.supervisor.ready(_("watching the outbox"))

    def _stuck(self) -> str:
        now = self.clock.now()
        late = [b for b in self.beats if b.alive_at and now - b.alive_at > _STUCK_AFTER]
        return ", ".join(b.role.name for b in late)

    def _stop(self) -> None:
        """End within five seconds. What a thread has not finished by then is repaired by the next
        start: everything between two stations is a committed row."""
        self.supervisor.stopping()
        log.info("stopping")
        for beat in self.beats:
            beat.end()
        self.release()
        ends_at = self.clock.now() + timedelta(seconds=_STOP_WITHIN)
        for beat in self.beats:
            left = (ends_at - self.clock.now()).total_seconds()
            if beat.thread is not None:
                beat.thread.join(max(left, 0))


@contextmanager
def _woken_by_signals() -> Iterator[int]:
    """Yield a file that can be read from when a signal came.

    The system may hand a signal to any thread, and Python runs its handler in the main one, which
    would sleep on to the end of its nap: then a stop took half a minute.
    """
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(waker)


def _went_well(who: str, work: Callable[[], None]) -> bool:
    """Do `work`; return False where it failed, after logging why.

    A fault in one piece of work must not end all the others.
    """
    try:
        work()
    except PostguardError as exc:
        log.error("%s: %s", who, exc)  # noqa: TRY400  # its words are enough
    except Exception:  # whatever broke, the other work goes on; the log has it whole
        log.exception("%s: unexpected fault; going on", who)
    else:
        return True
    return False


def run_once(roles: Sequence[Role], clock: Clock, settled: Callable[[datetime], bool]) -> None:
    """Do all that is due and settled, then return.

    Args:
        settled: whether nothing in the outbox is still about to settle.
    """
    while True:
        worked = [role.tick(clock.now()) for role in roles]
        if any(worked):
            continue
        if settled(clock.now()):
            return
        clock.wait(0.2)
