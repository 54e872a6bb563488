"""Talks to a PDS through atproto: keeps the session, asks, writes, and translates every failure.

atproto is imported when first used: it costs half a second and 50 MB that an idle daemon saves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.model import Json
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount

if TYPE_CHECKING:
    from atproto_client import Client  # type: ignore[import-untyped]
    from atproto_client.client.session import Session, SessionEvent  # type: ignore[import-untyped]
    from atproto_client.exceptions import RequestErrorBase  # type: ignore[import-untyped]

TIMEOUT = 60.0
_TOO_LARGE = 413
_TOO_MANY = 429
_SERVER_FAULT = 500
# The session is at fault, not the request: a new login may mend it.
_STALE = {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"}
_TOO_BIG = re.compile("too (large|big)", re.IGNORECASE)
_UNAUTHORIZED = 401


class StaleSession(LoggedOut):
    """The PDS no longer takes this session; the app password may still open a new one."""


class BlueskySession:
    """One account's connection to its PDS.

    Args:
        name: the account as the config names it, for messages.
        password: returns the app password. May raise LoggedOut.
        load: returns the session string that was saved last, or None.
        save: keeps a session string whole; called before the session is used. The PDS revokes
            the old one at every refresh, so losing it costs a new login.
    """

    def __init__(
        self,
        name: str,
        account: BlueskyAccount,
        password: Callable[[], str],
        load: Callable[[], str | None],
        save: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._name = name
        self._account = account
        self._password = password
        self._load = load
        self._save = save
        self._clock = clock
        self._client: Client | None = None
        self._did = ""

    @property
    def did(self) -> str:
        """The account's permanent name. May log in."""
        self._connected()
        return self._did

    def query(self, method: str, **params: str) -> dict[str, Any]:
        """Ask something. Raises Retryable, Refused or LoggedOut."""
        from atproto_client.models.dot_dict import DotDict  # type: ignore[import-untyped]

        fields = DotDict(params)
        return self._call(
            lambda client: client.invoke_query(method, params=fields),
            writing=False,
        )

    def upload(self, data: bytes, mime: str) -> dict[str, Any]:
        """Upload bytes that no record shows yet, so a lost answer only means: again."""
        headers = {"Content-Type": mime}
        path = "com.atproto.repo.uploadBlob"
        return self._call(
            lambda client: client.invoke_procedure(path, content=data, headers=headers),
            writing=False,
        )

    def write(self, method: str, body: Mapping[str, Json]) -> dict[str, Any]:
        """Change the account's records. Raises Unsure where the change may have been made."""
        content = json.dumps(body, ensure_ascii=False).encode()
        return self._call(
            lambda client: client.invoke_procedure(
                method, content=content, input_encoding="application/json"
            ),
            writing=True,
        )

    def close(self) -> None:
        """Close the connections; the session stays good and is taken up again when needed."""
        if self._client is not None:
            self._client.request.close()
            self._client = None

    def _call(self, act: Callable[[Client], Any], *, writing: bool) -> dict[str, Any]:
        """Act with a session; with a new one when the PDS does not take the old one any more."""
        client = self._connected()
        try:
            return self._once(client, act, writing=writing)
        except StaleSession:
            self.close()
            self._client = self._log_in()
            return self._once(self._client, act, writing=writing)

    def _once(
        self, client: Client, act: Callable[[Client], Any], *, writing: bool
    ) -> dict[str, Any]:
        with self._translated(writing=writing):
            content = act(client).content
            if isinstance(content, dict):
                return content
        raise self._lost(None, writing=writing)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = self._resumed() or self._log_in()
        return self._client

    def _resumed(self) -> Client | None:
        """Take up the saved session, if it is this account's; nothing is sent yet."""
        from atproto_client.client.session import Session
        from atproto_core.exceptions import AtProtocolError  # type: ignore[import-untyped]

        saved = self._load()
        if not saved:
            return None
        try:
            session = Session.decode(saved)
            known = session.access_jwt_payload.exp is not None
        except (AtProtocolError, ValueError):  # a damaged session costs no more than a login
            return None
        if not known or session.handle != self._account.handle:
            return None
        client = self._new_client()
        client.login(session_string=saved, fetch_bsky_profile=False)
        return client

    def _log_in(self) -> Client:
        """Open a new session on a new client: a used one would try its dead refresh token."""
        password, client = self._password(), self._new_client()
        try:
            with self._translated(writing=False):
                client.login(self._account.handle, password, fetch_bsky_profile=False)
        except PostguardError:
            client.request.close()
            raise
        return client

    def _new_client(self) -> Client:
        from atproto_client import Client
        from atproto_client.request import Request  # type: ignore[import-untyped]

        client = Client(self._account.service, request=Request(timeout=TIMEOUT))
        client.on_session_change(self._changed)
        return client

    def _changed(self, event: SessionEvent, session: Session) -> None:
        from atproto_client.client.session import SessionEvent as Event

        self._did = session.did
        if event is Event.IMPORT:
            return
        try:
            self._save(session.encode())
        except OSError as exc:
            raise Retryable(f"the session of {self._name} cannot be saved: {exc}") from exc

    @contextmanager
    def _translated(self, *, writing: bool) -> Iterator[None]:
        """Turn every failure of atproto and httpx into one of ours."""
        import httpx
        from atproto_client.exceptions import LoginRequiredError, RequestErrorBase
        from atproto_core.exceptions import AtProtocolError

        try:
            yield
        except LoginRequiredError as exc:
            raise StaleSession(self._login_again()) from exc
        except RequestErrorBase as exc:
            raise self._meaning(exc, writing=writing) from exc
        except (AtProtocolError, httpx.HTTPError, ValueError) as exc:
            raise self._lost(exc, writing=writing) from exc

    def _meaning(self, exc: RequestErrorBase, *, writing: bool) -> PostguardError:
        """Classify by status code; atproto's classes put 413 beside network faults."""
        if exc.response is None:
            return self._lost(exc, writing=writing)
        status = exc.response.status_code
        error, message = _said(exc)
        if status == _TOO_MANY:
            return Retryable(f"{self._host} asks to wait: too many requests", self._wait(exc))
        if status == _UNAUTHORIZED or error in _STALE:
            return StaleSession(self._why_out(error))
        if status >= _SERVER_FAULT:
            return self._lost(exc, writing=writing)
        if status == _TOO_LARGE or error == "BlobTooLarge" or _TOO_BIG.search(message):
            return Refused(f"{self._host} takes no picture of this size: {message or error}")
        return Refused(f"{self._host} refused the post: {message or error or status}")

    def _lost(self, exc: Exception | None, *, writing: bool) -> PostguardError:
        if writing and not _never_sent(exc):
            return Unsure(f"{self._host} did not say whether it took the post; asking it again")
        return Retryable(f"{self._host} cannot be reached or is out of order")

    def _wait(self, exc: RequestErrorBase) -> timedelta | None:
        seconds = getattr(exc, "retry_after", None)
        if seconds is not None:
            return timedelta(seconds=seconds)
        reset = getattr(exc, "reset_at", None)
        return None if reset is None else max(reset - self._clock.now(), timedelta(0))

    def _why_out(self, error: str) -> str:
        if error == "AuthFactorTokenRequired":
            return (
                f"@{self._account.handle} asks for a code by mail: make an app password in "
                f"Bluesky's settings and run `postguard login {self._name}`"
            )
        if error in {"AccountTakedown", "AccountDeactivated", "AccountSuspended"}:
            return f"@{self._account.handle} is closed or suspended on {self._host}"
        return self._login_again()

    def _login_again(self) -> str:
        return (
            f"{self._host} no longer accepts the app password of @{self._account.handle}; "
            f"make a new one and run `postguard login {self._name}`"
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._account.service).netloc


def _said(exc: RequestErrorBase) -> tuple[str, str]:
    """Return (error, message) of an XRPC error answer; empty where it has none."""
    content = exc.response.content if exc.response is not None else None
    error, message = getattr(content, "error", None), getattr(content, "message", None)
    return str(error or ""), str(message or "")


def _never_sent(exc: BaseException | None) -> bool:
    """Return whether no connection came about, so that nothing can have been written."""
    import httpx

    while exc is not None:
        if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return True
        exc = exc.__cause__
    return False
