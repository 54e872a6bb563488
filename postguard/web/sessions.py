"""Who is in: browsers that came by a one-time link. They are forgotten when the dashboard ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from starlette.requests import cookie_parser

from postguard.web import links

_MOST = 50  # browsers; the oldest has to come in anew


@dataclass(slots=True)
class Sessions:
    """The browsers that are in.

    Attributes:
        folder: where `postguard open` leaves its links.
        port: names the cookie, since browsers send cookies to every port of a host.
    """

    folder: Path
    port: int
    now: Callable[[], datetime]
    _known: dict[str, None] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return f"postguard-{self.port}"

    def enter(self, secret: str) -> str | None:
        """Use up a link and return the cookie to set; None: the link is not good (any more)."""
        if not links.use(self.folder, secret, self.now()):
            return None
        session = secrets.token_urlsafe(32)
        self._known[links.digest(session)] = None
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        # Without Secure, which some browsers refuse on plain http even on loopback; there is no
        # wire to listen on. Strict: no other site can make the browser send it.
        return f"{self.cookie}={session}; Path=/; HttpOnly; SameSite=Strict"

    def is_in(self, header: str) -> bool:
        """Return whether a Cookie header is of a browser that is in. Other programs on this PC
        set cookies of their own, in whatever form, and browsers send them along."""
        value = cookie_parser(header).get(self.cookie, "")
        return links.digest(value) in self._known
