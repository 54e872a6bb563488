"""The fault engine: stands between the true SDKs and a server, and lets each request in turn meet
what the plan has for it. One for every server; what it passes on is HTTP/1.1 as it came."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.faults.clock import CampaignClock
from tests.faults.plan import Kind, Mishap, Plan
from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.listener import Handler, Listener
from tests.servers.mastodon.wire import Answer
from tests.servers.pds import PdsProxy

PATIENCE = 1.0  # seconds: what the campaign's clients wait for an answer
SLOWNESS = 0.1  # seconds that they bear
CUT = Fault("", cut_answer=True)
TOO_MANY = 429
BUSY = {"error": "RateLimitExceeded", "message": "Too Many Requests"}
BROKEN = {"error": "InternalServerError", "message": "Internal Server Error"}

Exchange = tuple[Answer | None, Fault | None]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Engine(PdsProxy):
    """A proxy before the server of this name."""

    name: str = ""
    plan: Plan = field(default_factory=lambda: Plan(0, 1, requests=0.0))
    clock: CampaignClock = field(kw_only=True)
    happened: Counter[str] = field(default_factory=Counter)
    before: Callable[[Request], None] = lambda _: None  # told of each request before its work
    _seen: int = 0
    _late: list[tuple[datetime, Request]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _outages: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = Door(self, self.clock)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Exchange:
        """Answer one request as the plan has it."""
        request = Request(method, target, headers, body)
        with self._lock:
            self._let_in(self.clock.servers_now())
            mishap = self.plan.at_request(self.name, self._seen)
            self._seen += 1
        self.before(request)
        if mishap is None:
            return super().respond(method, target, headers, body)
        with self._lock:
            self.happened[mishap.kind] += 1
        return self._ways[mishap.kind](request, mishap)

    def settle(self) -> None:
        """Let in everything that is still on its way."""
        with self._lock:
            self._let_in(datetime.max.replace(tzinfo=self.clock.servers_now().tzinfo))

    def close(self) -> None:
        """Stop at once."""
        self._closing.set()
        for outage in self._outages:
            outage.join()
        super().close()

    @property
    def _ways(self) -> dict[Kind, Callable[[Request, Mishap], Exchange]]:
        return {
            Kind.OUTAGE: self._go_away,
            Kind.RESET: lambda _, __: (None, None),
            Kind.HANG: lambda _, __: self._silence(),
            Kind.SWALLOW: lambda request, _: self._silence(self._pass_on(request)),
            Kind.DROP: lambda request, _: self._lose(self._pass_on(request)),
            Kind.CUT: lambda request, _: (self._pass_on(request), CUT),
            Kind.ERROR: lambda _, mishap: (self._error(mishap), None),
            Kind.ERROR_AFTER: self._error_after,
            Kind.LATE: self._delay,
            Kind.TWICE: self._repeat,
            Kind.SLOW: self._dawdle,
        }

    def _pass_on(self, request: Request) -> Answer:
        return self._passed_on(request.method, request.target, request.headers, request.body)

    @staticmethod
    def _lose(_answer: Answer) -> Exchange:
        return None, None

    def _silence(self, _answer: Answer | None = None) -> Exchange:
        """Say nothing for longer than a client waits."""
        self._closing.wait(PATIENCE * 1.2)
        return None, None

    def _error(self, mishap: Mishap) -> Answer:
        if mishap.status == TOO_MANY:
            return Answer(BUSY, TOO_MANY, self._allowance(mishap.seconds))
        return Answer(BROKEN, mishap.status)

    def _allowance(self, seconds: float) -> dict[str, str]:
        """The headers of both networks that say when to come back."""
        reset = self.clock.servers_now() + timedelta(seconds=seconds)
        return {
            "RateLimit-Limit": "30",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(int(reset.timestamp())),
            "RateLimit-Policy": "30;w=300",
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": reset.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }

    def _error_after(self, request: Request, mishap: Mishap) -> Exchange:
        self._pass_on(request)
        return self._error(mishap), None

    def _delay(self, request: Request, mishap: Mishap) -> Exchange:
        due = self.clock.servers_now() + timedelta(seconds=mishap.seconds)
        with self._lock:
            self._late.append((due, request))
        return None, None

    def _let_in(self, now: datetime) -> None:
        """Pass on what was delayed until now; nobody waits for its answer any more."""
        due = [request for at, request in self._late if at <= now]
        self._late = [(at, request) for at, request in self._late if at > now]
        for request in due:
            self._pass_on(request)

    def _repeat(self, request: Request, _mishap: Mishap) -> Exchange:
        first = self._pass_on(request)
        self._pass_on(request)
        return first, None

    def _dawdle(self, request: Request, _mishap: Mishap) -> Exchange:
        self._closing.wait(SLOWNESS)
        return self._pass_on(request), None

    def _go_away(self, _request: Request, mishap: Mishap) -> Exchange:
        back_at = self.clock.servers_now() + timedelta(seconds=mishap.seconds)
        outage = threading.Thread(target=self._stay_away, args=(back_at,))
        self._outages.append(outage)
        outage.start()
        return None, None

    def _stay_away(self, back_at: datetime) -> None:
        door = self._listener
        assert isinstance(door, Door)
        with door.shut():
            while self.clock.servers_now() < back_at and not self._closing.wait(0.005):
                pass


class Dated(Handler):
    """Answers are dated by the server's clock; clients reckon with the difference to theirs."""

    disable_nagle_algorithm = True  # or every answer's body waits 40 ms for a delayed ACK

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time of the campaign."""
        door = self.server
        assert isinstance(door, Door)
        return format_datetime(door.clock.servers_now(), usegmt=True)


class Door(Listener):
    """A listener that can refuse connections for a while and keeps its port meanwhile."""

    def __init__(self, service: Engine, clock: CampaignClock) -> None:
        self.clock = clock
        self._turn = threading.Lock()
        super().__init__(service)
        self.RequestHandlerClass = Dated

    def server_bind(self) -> None:
        """Take a port with a socket that never listens, so that nobody else is given it while the
        door is shut; then take it once more to listen on it."""
        self._keeper = _bound(0)
        self.server_address = self._keeper.getsockname()
        super().server_bind()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Refuse all connections for as long as the block lasts."""
        with self._turn:
            self.shutdown()
            self._thread.join()
            self.socket.close()
            self._hang_up()
            yield
            self.socket = _bound(self.port)
            self.server_activate()
            self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
            self._thread.start()

    def _hang_up(self) -> None:
        with self._lock:
            for each in self._connections:
                _end(each)

    def close(self) -> None:
        """Stop for good."""
        super().close()
        self._keeper.close()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def _end(connection: Any) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def engine_before(upstream: str, name: str, plan: Plan, clock: CampaignClock) -> Iterator[Engine]:
    """Stand before a server for as long as the block lasts."""
    engine = Engine(upstream, name=name, plan=plan, clock=clock)
    try:
        yield engine
    finally:
        engine.close()
