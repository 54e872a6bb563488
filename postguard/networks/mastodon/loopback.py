"""Takes the code from the artist's own browser, which the server sends back to this PC (RFC 8252).

Only this PC can reach the listener, it lives for one login, and takes nothing without the state.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from postguard.errors import LoggedOut, Unusable
from postguard.language import _
from postguard.networks.mastodon.login import (
    POSTING,
    Granted,
    authorize_url,
    exchange,
    register_app,
)

PATIENCE = 300.0  # seconds for a person to read, log in and consent
_PATH = "/callback"
_MOST_VISITS = 100  # browsers ask for icons too, and other programs may knock
_PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>postguard</title>
<p>{ja}<p lang="en">{en}</html>"""
_DONE = _PAGE.format(
    ja="ログインしました。このページは閉じてかまいません。",
    en="postguard has what it needs. You can close this page.",
)
_REFUSED = _PAGE.format(
    ja="許可されませんでした。このページは閉じてかまいません。",
    en="You did not allow it. You can close this page.",
)
_STRANGER = _PAGE.format(
    ja="このログインのものではありません。", en="This does not belong to the login under way."
)


def grant(
    instance: str,
    open_page: Callable[[str], object],
    scopes: Sequence[str] = POSTING,
    patience: float = PATIENCE,
) -> Granted:
    """Let the artist consent in their browser and return the token.

    Args:
        open_page: shows the page of that address to the artist.

    Raises:
        LoggedOut: the artist or the server refused.
        Unusable: nobody came back, or the server registers no apps.
        Retryable: the server cannot be reached.
    """
    with Loopback() as back:
        app = register_app(instance, scopes, back.address)
        open_page(authorize_url(app))
        return Granted(app, exchange(app, back.code(app.state, patience)))


class Loopback:
    """A listener on a port of 127.0.0.1, of the system's choice."""

    def __init__(self) -> None:
        self._door = _Door(("127.0.0.1", 0), _Visit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._door.server_close()

    @property
    def address(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://127.0.0.1:{self._door.server_address[1]}{_PATH}"

    def code(self, state: str, patience: float = PATIENCE) -> str:
        """Wait for the browser and return the code that it brings.

        Args:
            patience: the longest time without any visit, in seconds.

        Raises:
            LoggedOut: the artist refused.
            Unusable: nobody came.
        """
        door = self._door
        door.state, door.timeout = state, patience
        for _visit in range(_MOST_VISITS):
            door.handle_request()
            if door.code:
                return door.code
            if door.refused:
                raise LoggedOut(
                    _("you did not allow it on the server's page; nothing was changed")
                )
            if door.waited:
                break
        raise Unusable(
            _(
                "the browser did not come back with a code, so nothing was changed; start again, "
                "or paste the code instead where the browser runs on another PC"
            )
        )


class _Door(TCPServer):
    state = ""
    code = ""
    refused = False
    waited = False

    def handle_timeout(self) -> None:
        """Nobody came."""
        self.waited = True


class _Visit(BaseHTTPRequestHandler):
    """One request. Browsers open connections ahead and send nothing, so it does not wait long."""

    server: _Door
    timeout = 5

    def handle_one_request(self) -> None:
        """Read one request; a browser that goes away is no news."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        """Take the code, or the refusal, if it comes with the state of this login."""
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        ours = hmac.compare_digest(given.get("state", "").encode(), self.server.state.encode())
        if parts.path != _PATH or not ours:
            self._say(HTTPStatus.BAD_REQUEST, _STRANGER)
        elif "code" in given:
            self.server.code = given["code"]
            self._say(HTTPStatus.OK, _DONE)
        else:
            self.server.refused = True
            self._say(HTTPStatus.OK, _REFUSED)

    def _say(self, status: HTTPStatus, page: str) -> None:
        data = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Tell nobody: the code stands in the address."""
