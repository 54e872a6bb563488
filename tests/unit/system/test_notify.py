"""Messages reach a real bus and a real server; what is broken costs nothing but the message."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from postguard.errors import Unusable
from postguard.model.news import Message, News
from postguard.system import logs
from postguard.system.notify.courier import MOST, Courier
from postguard.system.notify.desktop import Desktop
from postguard.system.notify.phone import Phone, refuse_unknown

# One of apprise's many services uses a module that Python is to lose; we use none of these.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

FOX = Message(News.POSTED, "Posted: 狐 <b>.png", "sky https://a & fedi")
TOPIC = "a-topic-that-nobody-guesses"
SECONDS = 30


class Showing:
    """Keeps what it is told, when it is let; raises what the test says."""

    def __init__(self, name: str = "here", raises: Exception | None = None) -> None:
        self.name, self.raises = name, raises
        self.told: list[Message] = []
        self.may, self.done = threading.Event(), threading.Semaphore(0)
        self.may.set()

    def tell(self, message: Message) -> None:
        self.may.wait(SECONDS)
        self.told.append(message)
        self.done.release()
        if self.raises is not None:
            raise self.raises


def test_whoever_has_news_does_not_wait_for_a_slow_phone():
    slow = Showing()
    slow.may.clear()
    courier = Courier(lambda: [slow])
    assert courier.send(FOX)
    assert slow.told == []
    slow.may.set()
    assert slow.done.acquire(timeout=SECONDS)
    assert slow.told == [FOX]


def test_a_phone_that_never_answers_fills_no_memory():
    dead = Showing()
    dead.may.clear()
    courier = Courier(lambda: [dead])
    taken = [courier.send(FOX) for _ in range(MOST + 10)]
    assert not taken[-1]
    assert MOST <= sum(taken) <= MOST + 1  # one may be in the thread's hand
    dead.may.set()


def test_what_is_broken_is_said_once_and_the_others_still_hear(caplog):
    broken = Showing("desktop", RuntimeError("secret words"))
    works = Showing("phone")
    courier = Courier(lambda: [broken, works])
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            courier.send(FOX)
            assert works.done.acquire(timeout=SECONDS)
    assert [r.message for r in caplog.records] == ["no message on the desktop: RuntimeError"]


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A service that takes messages for phones."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.heard.append((self.path, json.loads(body)))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Not on stderr."""

    made = HTTPServer(("127.0.0.1", 0), Handler)
    made.heard, made.status = [], 200
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def address(server: HTTPServer) -> str:
    return f"json://127.0.0.1:{server.server_port}/{TOPIC}"


def test_a_message_reaches_the_phones_service(server):
    Phone(lambda: address(server)).tell(FOX)
    ((path, body),) = server.heard
    assert path.endswith(TOPIC)
    assert (body["title"], body["message"]) == (FOX.title, FOX.text)


@pytest.mark.parametrize("fault", ["refuses", "is gone"])
def test_a_service_that_fails_is_told_without_its_address(server, fault, caplog, capfd):
    where = address(server)
    server.status = 500
    if fault == "is gone":
        server.shutdown()
        server.server_close()
    caplog.set_level(logging.DEBUG)
    for name in logs.QUIET:  # as the program has it
        caplog.set_level(logging.WARNING, name)
    with pytest.raises(Unusable) as told:
        Phone(lambda: where).tell(FOX)
    said = str(told.value) + caplog.text + "".join(capfd.readouterr())
    assert TOPIC not in said


def test_without_an_address_it_says_where_to_give_one():
    with pytest.raises(Unusable, match="postguard notify phone"):
        Phone(lambda: None).tell(FOX)


def test_an_address_that_no_service_has_is_not_repeated():
    with pytest.raises(Unusable) as told:
        refuse_unknown("carrier-pigeon://hanako:geheim@loft")
    assert "geheim" not in str(told.value)
    refuse_unknown("ntfy://ntfy.example/topic")


def test_without_a_bus_it_is_told_and_nothing_else(monkeypatch, caplog, capfd):
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unusable, match="no desktop shows messages"):
        Desktop().tell(FOX)
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())


@pytest.fixture
def bus(monkeypatch) -> Iterator[str]:
    """A session bus of its own."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("not run: a message on the desktop needs dbus-daemon")
    words = [daemon, "--session", "--nofork", "--print-address"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    found = process.stdout.readline().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", found)
    yield found
    process.terminate()
    process.wait()
    process.stdout.close()


def test_a_bus_without_anybody_who_shows_messages_is_told(bus):
    with pytest.raises(Unusable, match="no desktop shows messages"):
        Desktop().tell(FOX)


def test_a_message_reaches_the_desktop_as_text(bus):
    ready, end = threading.Event(), threading.Event()
    shown: list[tuple[str, str]] = []
    thread = threading.Thread(target=lambda: asyncio.run(desktop(bus, shown, ready, end)))
    thread.start()
    assert ready.wait(SECONDS)
    Desktop().tell(FOX)
    end.set()
    thread.join(SECONDS)
    assert shown == [(FOX.title, "sky https://a ＆ fedi")]


async def desktop(
    address: str, shown: list[tuple[str, str]], ready: threading.Event, end: threading.Event
) -> None:
    """Be what shows messages on a desktop: org.freedesktop.Notifications."""
    from dbus_fast import Message as Call
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_address=address).connect()

    def answer(call: Call) -> Call | None:
        if call.member == "Introspect":
            return Call.new_method_return(call, "s", [INTERFACE])
        if call.member == "GetCapabilities":
            return Call.new_method_return(call, "as", [["body", "body-markup"]])
        if call.member == "GetServerInformation":
            return Call.new_method_return(call, "ssss", ["test", "test", "1", "1.2"])
        if call.member == "Notify":
            shown.append((call.body[3], call.body[4]))
            return Call.new_method_return(call, "u", [1])
        return None

    bus.add_message_handler(answer)
    await bus.request_name("org.freedesktop.Notifications")
    ready.set()
    await asyncio.to_thread(end.wait, SECONDS)
    bus.disconnect()


INTERFACE = """<node><interface name="org.freedesktop.Notifications">
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
<arg type="s" direction="out"/><arg type="s" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="as" direction="in"/><arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
<arg type="u" direction="out"/></method>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>"""
