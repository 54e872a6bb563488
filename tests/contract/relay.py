"""The proxy before the real PDS, told of its faults by the last word of a method."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.servers.mastodon import faults as proxied
from tests.servers.mastodon.wire import Answer
from tests.servers.pds import PdsProxy


@dataclass
class Fault:
    """What happens to the next request whose path ends so."""

    method: str
    status: int | None = None  # answer this; None: close the connection without an answer
    headers: dict[str, str] = field(default_factory=dict)
    after_work: bool = True

    def at(self, path: str) -> proxied.Fault:
        """The same, as the proxy knows it."""
        lost = self.status is None
        return proxied.Fault(
            path,
            status=self.status,
            headers=self.headers,
            body=b"{}",
            after_work=self.after_work,
            drop_answer=lost and self.after_work,
            drop_request=lost and not self.after_work,
        )


@dataclass
class Relay(PdsProxy):
    """Passes requests on; addresses of the PDS in its answers become the relay's own."""

    faults: list[Fault] = field(default_factory=list)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, proxied.Fault | None]:
        """Pass a request on, unless a fault says otherwise."""
        path = target.partition("?")[0]
        for fault in self.faults:
            if path.endswith(fault.method):
                self.faults.remove(fault)
                self._faults.add(fault.at(path), 1)
                break
        return super().respond(method, target, headers, body)


@contextmanager
def relay_to(target: str) -> Iterator[Relay]:
    """Run a relay for as long as the block lasts."""
    relay = Relay(target)
    try:
        yield relay
    finally:
        relay.close()
