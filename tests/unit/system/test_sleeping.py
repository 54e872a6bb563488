"""The PC's waking is heard from logind, on a bus of the test's own."""

from __future__ import annotations

import asyncio
import queue
import shutil
import subprocess
import time

import pytest

from postguard.system import sleeping

SECONDS = 30


@pytest.fixture
def bus(monkeypatch):
    """A bus that programs take for the system's."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("not run: hearing of sleep needs dbus-daemon")
    words = [daemon, "--session", "--nofork", "--print-address"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    found = process.stdout.readline().strip()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", found)
    yield found, process
    process.terminate()
    process.wait()
    process.stdout.close()


async def tell(address: str, *, asleep: bool) -> None:
    """Say as logind does whether the PC is about to sleep, or has woken."""
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    logind = await MessageBus(bus_address=address).connect()
    place = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep")
    await logind.send(Message.new_signal(*place, "b", [asleep]))
    logind.disconnect()


def test_waking_is_heard_and_falling_asleep_is_not(bus):
    address, process = bus
    heard: queue.Queue[str] = queue.Queue()
    thread = sleeping.listen(lambda: heard.put("woken"))
    assert thread is not None
    ends_at, told = time.monotonic() + SECONDS, 0
    while heard.empty():  # until the listener has said what it wants to hear
        assert time.monotonic() < ends_at
        asyncio.run(tell(address, asleep=True))
        asyncio.run(tell(address, asleep=False))
        told += 1
    process.terminate()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert 1 <= heard.qsize() <= told


def test_without_a_bus_the_clocks_tell(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    thread = sleeping.listen(lambda: None)
    assert thread is not None
    thread.join(SECONDS)
    assert not thread.is_alive()
