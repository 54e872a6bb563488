"""Talks to a Mastodon server through Mastodon.py and translates every failure.

Mastodon.py is imported when first used: it costs 30 MB that an idle daemon saves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, PostguardError, Refused, Retryable, Unsure

if TYPE_CHECKING:
    from mastodon import Mastodon as Client

TIMEOUT = 60
USER_AGENT = "postguard"
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_LARGE = 413
_UNREADY = 422
_SERVER_FAULT = 500
T = TypeVar("T")


class MastodonClient:
    """One account's connection. `token` returns the access token and may raise LoggedOut."""

    def __init__(self, name: str, instance: str, token: Callable[[], str]) -> None:
        self._name = name
        self._instance = instance
        self._token = token
        self._client: Client | None = None

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return urlsplit(self._instance).netloc

    def call(self, act: Callable[[Client], T], *, writing: bool = False) -> T:
        """Act. Raises Retryable, Refused or LoggedOut, and where `writing`, Unsure."""
        client = self._connected()
        with self._translated(client, writing=writing):
            return act(client)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.session.close()
            self._client = None

    def _connected(self) -> Client:
        token = self._token()
        if self._client is None or self._client.access_token != token:
            self.close()
            self._client = new_client(self._instance, access_token=token)
        return self._client

    @contextmanager
    def _translated(self, client: Client, *, writing: bool) -> Iterator[None]:
        from mastodon import MastodonError, MastodonRatelimitError

        try:
            yield
        except MastodonRatelimitError as exc:
            raise Retryable(f"{self.host} asks to wait: too many requests", _wait(client)) from exc
        except MastodonError as exc:
            raise self._meaning(exc, writing=writing) from exc

    def _meaning(self, exc: Exception, *, writing: bool) -> PostguardError:
        """Classify by status code: 403, 413 and 422 have no class of their own."""
        status, message = said(exc)
        if status is None or status >= _SERVER_FAULT:
            if writing and not never_sent(exc):
                return Unsure(f"{self.host} did not say whether it took the post; asking it again")
            return Retryable(f"{self.host} cannot be reached or is out of order")
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            return LoggedOut(
                f"{self.host} no longer lets postguard post ({message or status}); "
                f"run `postguard login {self._name}`"
            )
        if status == _TOO_LARGE:
            return Refused(f"{self.host} takes no picture of this size")
        if status == _UNREADY and "not finished processing" in message:
            return Retryable(f"{self.host} is still working on the pictures")
        return Refused(f"{self.host} refused the post: {message or status}")


def new_client(instance: str, **more: Any) -> Client:  # noqa: ANN401  # Mastodon.py's own
    """Return a client that never sleeps by itself and gives up on a silent server."""
    from mastodon import Mastodon

    return Mastodon(
        api_base_url=instance,
        ratelimit_method="throw",
        request_timeout=TIMEOUT,
        user_agent=USER_AGENT,
        **more,
    )


def said(exc: Exception) -> tuple[int | None, str]:
    """Return (status, the server's words) out of Mastodon.py's positional arguments."""
    status = exc.args[1] if len(exc.args) > 1 else None
    message = exc.args[-1] if isinstance(status, int) else None
    return (status if isinstance(status, int) else None), str(message or "")


def never_sent(exc: BaseException | None) -> bool:
    """Return whether no connection came about, so that nothing can have been written."""
    from requests.exceptions import ConnectTimeout
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    while exc is not None:
        reason = exc.reason if isinstance(exc, MaxRetryError) else exc
        if isinstance(reason, ConnectTimeout | NewConnectionError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False


def _wait(client: Client) -> timedelta | None:
    """Return how long the server's last X-RateLimit-Reset lies ahead."""
    reset = client.ratelimit_reset
    return None if reset is None else timedelta(seconds=max(reset - time.time(), 0))
