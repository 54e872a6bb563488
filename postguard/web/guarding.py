"""Stands before every page: this PC, this user, this site, and nothing else.

| threat | what stands against it |
|---|---|
| a name of the attacker's that points here (DNS rebinding) | the Host must be loopback |
| another user of this PC | whose process connects, where the system tells; the cookie |
| another site in the artist's browser | a strict cookie; Sec-Fetch-Site, else Origin |
| words and file names full of HTML | escaped everywhere, and no script but our own files runs |
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postguard.web.peers import Address, Peer
from postguard.web.sessions import Sessions

log = logging.getLogger(__name__)

HOSTS = {"127.0.0.1", "localhost"}  # any port: SSH forwards another one
STATIC, DOOR = "/static/", "/enter"
_READING = {"GET", "HEAD"}
_OURS, _OPENED = "same-origin", "none"  # Sec-Fetch-Site; `none`: by the artist's own hand
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",  # blob: pictures that were dropped, before they are sent
    "connect-src": "'self'",
    "frame-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cache-Control": "no-store",
}


class Refusal(IntEnum):
    """Why somebody is not let in, as HTTP says it."""

    NOT_IN = 401
    FORBIDDEN = 403
    MISDIRECTED = 421


def policy(**changed: str) -> str:
    """Return the content security policy; `frame_ancestors="'self'"` changes one of its parts."""
    parts = POLICY | {name.replace("_", "-"): value for name, value in changed.items()}
    return "; ".join(f"{name} {value}" for name, value in parts.items())


@dataclass(slots=True)
class Guard:
    """The outermost layer of the dashboard.

    Attributes:
        whose: tells who is at the other end of a connection.
        turned_away: the page for a browser that has not come by a link.
        on_visit: called for each request that is let through.
    """

    app: ASGIApp
    sessions: Sessions
    whose: Callable[[Address, Address], Peer]
    turned_away: ASGIApp
    on_visit: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it; every answer carries the headers."""
        if scope["type"] != "http":
            return  # no web sockets are spoken here
        answer = _with_headers(send)
        refused = self._refused(scope)
        if refused is None:
            self.on_visit()
            await self.app(scope, receive, answer)
        elif refused is Refusal.NOT_IN:
            await self.turned_away(scope, receive, answer)
        else:
            log.warning("refused %s from %s: %s", scope["method"], scope["client"], refused.name)
            await PlainTextResponse("Refused.\n", refused)(scope, receive, answer)

    def _refused(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        if _host(headers) not in HOSTS:
            return Refusal.MISDIRECTED
        if self.whose(tuple(scope["client"]), tuple(scope["server"])) is Peer.OTHERS:
            return Refusal.FORBIDDEN
        reading = scope["method"] in _READING
        if reading and (scope["path"] == DOOR or scope["path"].startswith(STATIC)):
            return None
        if not (_may_read(headers) if reading else _may_change(headers)):
            return Refusal.FORBIDDEN
        if scope["path"] == DOOR or self.sessions.is_in(headers.get("cookie", "")):
            return None
        return Refusal.NOT_IN


def _host(headers: Headers) -> str:
    return headers.get("host", "").rpartition(":")[0] or headers.get("host", "")


def _may_read(headers: Headers) -> bool:
    return headers.get("sec-fetch-site", _OPENED) in {_OURS, _OPENED}


def _may_change(headers: Headers) -> bool:
    """Only our own pages may change something. Browsers that do not say where a request comes from
    send its Origin; what sends neither is no browser, and is refused."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == _OURS
    return headers.get("origin") == f"http://{headers.get('host')}"


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", policy())
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
