"""The server: one socket on loopback, gone a while after the last page was closed."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
USUAL_PORT = 7347  # so that an SSH forwarding can be written down; another where it is taken
ALONE = 15 * 60.0  # seconds without a page, after which the server ends
_GOODBYE = 2  # seconds that open pages get when it ends


@dataclass(slots=True)
class Visits:
    """Whether anybody looks: a page that is open, or was lately.

    Attributes:
        alone: seconds after which the server ends; None: it stays until it is told to end.
        ending: says whether the server was told to end, so that pages that wait are let go.
    """

    alone: float | None = ALONE
    ending: Callable[[], bool] = lambda: False
    _open: int = 0
    _last: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def seen(self) -> None:
        """Note a visit."""
        self._last = asyncio.get_running_loop().time()

    @contextmanager
    def page(self) -> Iterator[None]:
        """Note that a page is open while the `with` block lasts."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            self.seen()

    async def nobody(self) -> None:
        """Return when nobody has looked for long enough. Wakes about once in that time."""
        while self.alone is not None:
            over = self._last + self.alone - asyncio.get_running_loop().time()
            if over <= 0 and not self._open:
                return
            await asyncio.sleep(max(over, self.alone / 2))
        await asyncio.Event().wait()


def listen(port: int = USUAL_PORT) -> socket.socket:
    """Open a socket on loopback: on `port`, or on any where that is taken."""
    for wanted in (port, 0):
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            opened.bind((LOOPBACK, wanted))
            return opened
        opened.close()
    raise OSError("no port on loopback can be had")


def serve(
    make: Callable[[Visits], ASGIApp], on: socket.socket, *, alone: float | None = ALONE
) -> None:
    """Serve until a signal ends it, or nobody has looked for `alone` seconds."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # it tells of its own starts and stops
    asyncio.run(_serve(make, on, alone))


async def _serve(
    make: Callable[[Visits], ASGIApp], on: socket.socket, alone: float | None
) -> None:
    visits = Visits(alone)
    server = uvicorn.Server(
        uvicorn.Config(
            make(visits),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # addresses of pages are nobody's business
            server_header=False,
            proxy_headers=False,  # nobody stands between, so nobody may say who asks
            timeout_graceful_shutdown=_GOODBYE,
        )
    )
    visits.ending = lambda: server.should_exit
    leaving = asyncio.create_task(visits.nobody())
    leaving.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve(sockets=[on])
    finally:
        leaving.cancel()
