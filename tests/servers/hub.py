"""The few endpoints of the Hugging Face hub that a download needs, over real HTTP on loopback.

It announces what it has as the hub does (git's hash of small files, SHA-256 of big ones, 40 digits
of a revision) and can be told to fail as connections and servers do.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

BIG = ".safetensors"


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    range: str
    authorization: str


@dataclass
class Hub:
    """What the server has, what it was asked, and how it fails.

    Attributes:
        revisions: files by path, by revision, by repository; the last revision is `main`.
        cuts: after how many bytes of a body the connection breaks, one for each body to come.
        down: every download is answered 503; `gated`: everything is answered 403.
        flips: bodies differ by one bit from what was announced.
        swells: sizes are announced this much larger.
        whole: no range is honoured.
    """

    url: str = ""
    revisions: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    down: bool = False
    gated: bool = False
    flips: bool = False
    swells: int = 0
    whole: bool = False

    def publish(self, repository: str, files: dict[str, bytes]) -> str:
        """Add a revision, which becomes `main`; return its 40 hex digits."""
        known = self.revisions.setdefault(repository, {})
        text = f"{repository}{len(known)}"
        revision = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        known[revision] = files
        return revision

    def downloads(self) -> list[Asked]:
        """Return the requests for files."""
        return [a for a in self.asked if "/resolve/" in a.path]


@contextmanager
def serve() -> Iterator[Hub]:
    """Run a hub until the block ends."""
    hub = Hub()
    server = _Server(hub)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        asked = {k: self.headers.get(k, "") for k in ("Range", "Authorization")}
        path = unquote(urlsplit(self.path).path)
        self.server.hub.asked.append(Asked("GET", path, asked["Range"], asked["Authorization"]))
        if self.server.hub.gated:
            self._fail(403, "GatedRepo")
        elif path.startswith("/api/models/"):
            repository, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            self._found(repository, revision, self._announce)
        else:
            repository, _, rest = path.lstrip("/").partition("/resolve/")
            revision, _, name = rest.partition("/")
            self._found(repository, revision, lambda _, files: self._send(files[name]))

    def _found(self, repository: str, revision: str, then: Any) -> None:
        known = self.server.hub.revisions.get(repository)
        if known is None:
            self._fail(404, "RepoNotFound")
            return
        at = list(known)[-1] if revision in {"", "main"} else revision
        if at not in known:
            self._fail(404, "RevisionNotFound")
            return
        then(at, known[at])

    def _announce(self, revision: str, files: dict[str, bytes]) -> None:
        told = [_sibling(name, data, self.server.hub.swells) for name, data in files.items()]
        body = json.dumps({"id": "a/b", "sha": revision, "siblings": told}).encode()
        self._head(200, len(body), {"Content-Type": "application/json"})
        self.wfile.write(body)

    def _send(self, data: bytes) -> None:
        if self.server.hub.down:
            self._fail(503, "")
            return
        whole = self.server.hub.whole
        start = 0 if whole else int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self._head(200 if whole else 206, len(data) - start, {})
        body = bytes([data[0] ^ 1]) + data[1:] if self.server.hub.flips else data
        cut = self.server.hub.cuts.pop(0) if self.server.hub.cuts else None
        self.wfile.write(body[start:] if cut is None else body[start : start + cut])
        self.close_connection = True

    def _fail(self, status: int, code: str) -> None:
        self._head(status, 0, {"X-Error-Code": code} if code else {})

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(length)}).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _sibling(name: str, data: bytes, swells: int) -> dict[str, Any]:
    git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    size = len(data) + swells
    told: dict[str, Any] = {"rfilename": name, "size": size, "blobId": git}
    if name.endswith(BIG):
        told["lfs"] = {
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": size,
            "pointerSize": 134,
        }
    return told
