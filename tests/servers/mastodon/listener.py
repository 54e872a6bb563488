"""The HTTP side: sockets, threads, and connections that end in the middle of an answer."""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.wire import Answer

LARGEST_BODY = 64 * 1024 * 1024
POLL_SECONDS = 0.02  # how often it looks whether it should stop


class Responder(Protocol):
    """What answers the requests; None for an answer closes the connection without a word."""

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, Fault | None]:
        """Answer one request."""
        ...


class Listener(ThreadingHTTPServer):
    """Listens on a loopback port of the system's choice, in a thread, until it is closed."""

    daemon_threads = False  # closing joins them: no thread or socket outlives its server

    def __init__(self, service: Responder, now: Callable[[], datetime] | None = None) -> None:
        self.service = service
        self.now = now or (lambda: datetime.now(UTC))
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL_SECONDS,))
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection and give it a thread."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; everything else is noted by the service."""

    def close(self) -> None:
        """End the connections that clients keep open, and every thread with them."""
        self.shutdown()
        self._thread.join()
        with self._lock:
            for each in self._connections:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Reads requests and sends the service's answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits for the client to confirm the headers
    server: Listener

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The server's own time, which a test may have moved."""
        return super().date_time_string(timestamp or self.server.now().timestamp())

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the requests are recorded."""

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") or length > LARGEST_BODY:
            self._send(Answer({"error": "Length Required"}, HTTPStatus.LENGTH_REQUIRED), None)
            self.close_connection = True
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, fault = self.server.service.respond(self.command, self.path, headers, body)
        if answer is None:
            self.close_connection = True
            return
        self._send(answer, fault)

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        payload = answer.payload()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(payload)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault is not None and fault.cut_answer:
            payload = payload[: len(payload) // 2]
            self.close_connection = True
        self.wfile.write(payload)

    # http.server looks for these names.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815
