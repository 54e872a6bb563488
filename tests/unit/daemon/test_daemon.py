from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from postguard import daemon
from postguard.daemon import Beat
from postguard.system.clock import SystemClock

SECONDS = 20  # the longest that a test waits for what takes moments

WAITING = """
from postguard.daemon import Daemon
from postguard.system.clock import SystemClock
from postguard.system.service import Supervisor

class Speaking(Supervisor):
    def ready(self, status=""):
        print("ready", flush=True)

def nothing(*_):
    pass

Daemon((), SystemClock(), Speaking(), nothing, nothing, nothing, nothing).run()
print("ended", flush=True)
"""

TOLD_TO_ANOTHER_THREAD = """
import signal, sys, threading

def pass_on():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=pass_on).start()
"""


@dataclass
class Stumbling:
    """A role whose looks fail as told, until `enough` of them were made."""

    faults: list[Exception]
    enough: threading.Event = field(default_factory=threading.Event)
    name: str = "stumbling"

    def tick(self, now: datetime) -> bool:
        if not self.faults:
            self.enough.set()
        return False

    def next_look(self, now: datetime) -> datetime | None:
        if self.faults:
            raise self.faults.pop(0)
        return None


@contextmanager
def beating(role: Stumbling) -> Iterator[Beat]:
    beat = Beat(role, SystemClock())
    beat.start()
    try:
        yield beat
    finally:
        beat.end()
        assert beat.thread is not None
        beat.thread.join(SECONDS)


def test_a_fault_while_looking_for_the_next_work_costs_one_tick_and_not_the_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(daemon, "_AFTER_ERROR", 0.01)
    role = Stumbling([OSError("the disk was away"), ValueError("a row that cannot be read")])
    with beating(role):
        assert role.enough.wait(SECONDS)


def test_a_storm_of_signals_neither_blocks_nor_breaks_the_daemon() -> None:
    """A signal may arrive while another one is being taken."""
    child = subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        for number in range(15_000):
            os.kill(child.pid, signal.SIGUSR1)
            if number % 3 == 0:  # so that they meet it both waiting and working
                time.sleep(0.0001)
        child.send_signal(signal.SIGTERM)
        assert child.wait(SECONDS) == 0
        assert child.stdout.read() == "ended\n"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_signal_that_the_system_hands_to_another_thread_ends_the_daemon_at_once() -> None:
    """It may choose any; the main one, where Python handles it, would sleep for half a minute."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", TOLD_TO_ANOTHER_THREAD + WAITING]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        try:
            child.stdin.write("now\n")
            child.stdin.flush()
            assert child.wait(SECONDS) == 0
            assert child.stdout.read() == "ended\n"
        finally:
            child.kill()
