"""A server on loopback that answers as it is told: where pictures lie, and where they do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class StaticHost:
    """Answers by path: (status, headers, body); `asked` keeps the headers of each request."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def says(self, body: bytes, status: int = 200, path: str = "/a", **headers: str) -> str:
        """Set an answer and return its address; `Content_Type` sets a header of that name."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers[path] = (status, {"Content-Type": "image/png"} | named, body)
        return self.url + path


@contextmanager
def start_static() -> Iterator[StaticHost]:
    """Serve until the block ends."""
    host = StaticHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = host.answers[self.path]
            host.asked.append(dict(self.headers))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
