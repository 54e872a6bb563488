"""A relay in front of the real PDS for faults that it cannot be told to have."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.rawhttp import call

PASSED_ON = ("authorization", "content-type", "accept")


@dataclass
class Fault:
    """What happens to the next request whose path ends so."""

    method: str
    status: int | None = None  # answer this; None: close the connection without an answer
    headers: dict[str, str] = field(default_factory=dict)
    after_work: bool = True


class Relay(ThreadingHTTPServer):
    """Passes requests on; addresses of the PDS in its answers become the relay's own."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target
        self.url = f"http://localhost:{self.server_port}"
        self.faults: list[Fault] = []
        self.methods: list[str] = []

    def take(self, path: str) -> Fault | None:
        """The fault for this path, used up by it."""
        for fault in self.faults:
            if path.partition("?")[0].endswith(fault.method):
                self.faults.remove(fault)
                return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Relay
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        """Read one request; a connection closed by the other side ends quietly."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        """Pass on a query."""
        self.relay(None)

    def do_POST(self) -> None:
        """Pass on a procedure."""
        self.relay(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def relay(self, body: bytes | None) -> None:
        """Pass the request on unless a fault says otherwise."""
        self.server.methods.append(self.path.partition("?")[0].rpartition("/")[2])
        fault = self.server.take(self.path)
        headers = {n: v for n, v in self.headers.items() if n.lower() in PASSED_ON}
        if fault is None or fault.after_work:
            reply = call(self.command, self.server.target + self.path, body=body, headers=headers)
        if fault is None:
            kind = {"Content-Type": reply.headers.get("content-type", "application/json")}
            own = reply.body.replace(self.server.target.encode(), self.server.url.encode())
            self.answer(reply.status, kind, own)
        elif fault.status is None:
            self.close_connection = True
        else:
            self.answer(fault.status, fault.headers, b"{}")

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tell nobody."""


@contextmanager
def relay_to(target: str) -> Iterator[Relay]:
    """Run a relay for as long as the block lasts."""
    relay = Relay(target)
    thread = threading.Thread(target=relay.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield relay
    finally:
        relay.shutdown()
        thread.join()
        relay.server_close()
