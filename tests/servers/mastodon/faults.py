"""What a real server cannot be told to do: fail once, be slow, do the work and not say so."""

import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One fault for the next request that fits."""

    path_prefix: str
    method: str | None = None
    status: int | None = None  # answer this; the work is not done unless `after_work`
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after_work: bool = False
    drop_request: bool = False  # close the connection, the work is not done
    drop_answer: bool = False  # do the work, then close the connection
    cut_answer: bool = False  # do the work, send half of the answer, close the connection
    delay: float = 0.0  # seconds before the work; ends early when the server is closed

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is the one waited for."""
        return path.startswith(self.path_prefix) and self.method in (None, method)

    @property
    def does_work(self) -> bool:
        """Whether the request has its effect."""
        return not self.drop_request and (self.status is None or self.after_work)


@dataclass
class Faults:
    """The queue of faults; each is used up by one request."""

    queued: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault, times: int) -> None:
        """Queue a fault for so many requests."""
        with self._lock:
            self.queued += [fault] * times

    def take(self, method: str, path: str) -> Fault | None:
        """The oldest fault that fits a request, taken out of the queue."""
        with self._lock:
            for at, fault in enumerate(self.queued):
                if fault.fits(method, path):
                    return self.queued.pop(at)
        return None
