"""Stand before a real PDS and do what it cannot be told to: lose answers, be slow, fail once."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.servers.mastodon.faults import Fault, Faults
from tests.servers.mastodon.listener import Listener
from tests.servers.mastodon.wire import Answer
from tests.servers.rawhttp import Reply, call

# Between two neighbours, not from end to end; the listener sets its own.
OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


@dataclass
class Passed:
    """A request that came through; `status` is what the client was told, None for nothing."""

    method: str
    path: str
    status: int | None = None


@dataclass
class PdsProxy:
    """Passes requests on to a PDS, with a queue of faults."""

    upstream: str
    requests: list[Passed] = field(default_factory=list)
    _faults: Faults = field(default_factory=Faults)
    _closing: threading.Event = field(default_factory=threading.Event)
    _listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self)

    @property
    def url(self) -> str:
        """The address to give to a client as its PDS."""
        return f"http://127.0.0.1:{self._listener.port}"

    def fail_next(self, method: str, *, times: int = 1, **fault: Any) -> None:
        """Queue a fault (see Fault) for an XRPC method: `com.atproto.repo.applyWrites`."""
        self._faults.add(Fault(f"/xrpc/{method}", **fault), times)

    @property
    def unused_faults(self) -> list[Fault]:
        """The faults that no request has met yet."""
        return list(self._faults.queued)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, Fault | None]:
        """Pass one request on, or not, and its answer back, or not."""
        passed = Passed(method, urlsplit(target).path)
        self.requests.append(passed)
        fault = self._faults.take(method, passed.path)
        if fault is not None and fault.delay:
            self._closing.wait(fault.delay)
        answer = None
        if fault is None or fault.does_work:
            answer = self._passed_on(method, target, headers, body)
        if fault is not None and (fault.drop_request or fault.drop_answer):
            return None, fault
        if fault is not None and fault.status is not None:
            error = {"error": "InternalServerError", "message": "Internal Server Error"}
            answer = Answer(error, fault.status, fault.headers, fault.body)
        passed.status = answer.status if answer is not None else None
        return answer, fault

    def _passed_on(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        kept = {name: value for name, value in headers.items() if name not in OF_THE_CONNECTION}
        kept |= {"host": urlsplit(self.upstream).netloc, "accept-encoding": "identity"}
        return self._own_words(call(method, f"{self.upstream}{target}", body=body, headers=kept))

    def _own_words(self, reply: Reply) -> Answer:
        """The answer with our address in it: a DID document would lead clients around us."""
        kind = reply.headers.get("content-type", "application/octet-stream")
        raw = reply.body
        if kind.startswith("application/json"):
            raw = raw.replace(self.upstream.encode(), self.url.encode())
        dropped = OF_THE_CONNECTION | {"content-type", "etag"}
        headers = {name: value for name, value in reply.headers.items() if name not in dropped}
        return Answer(status=reply.status, headers=headers, raw=raw, content_type=kind)

    def close(self) -> None:
        """Stop at once."""
        self._closing.set()
        self._listener.close()


@contextmanager
def start_pds_proxy(upstream: str) -> Iterator[PdsProxy]:
    """Stand before a PDS for as long as the block lasts."""
    proxy = PdsProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
