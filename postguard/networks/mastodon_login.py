"""Logging in to a Mastodon server: an app of one's own, the artist's consent, a token (OAuth 2).

The scopes are the least that posting needs: to know who one is, to post, to read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, Retryable
from postguard.networks.asking import get_json
from postguard.networks.mastodon_client import TIMEOUT, USER_AGENT, new_client, said

APP_NAME = "postguard"
POSTING = ("read:statuses", "write:statuses", "write:media")
_SERVER_FAULT = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class App:
    """postguard as one server knows it. `client_secret` never shows in a repr."""

    instance: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]


def register_app(instance: str) -> App:
    """Make postguard known to a server.

    Raises:
        Retryable: the server cannot be reached, or registers no apps.
    """
    from mastodon import Mastodon

    scopes = scopes_for(instance)
    with _translated(instance):
        client_id, secret = Mastodon.create_app(
            APP_NAME,
            scopes=list(scopes),
            api_base_url=instance,
            request_timeout=TIMEOUT,
            user_agent=USER_AGENT,
        )
    return App(instance, client_id, secret, scopes)


def authorize_url(app: App) -> str:
    """Return the page where the artist consents; it ends by showing a code."""
    return _with_client(
        app,
        lambda client: str(
            client.auth_request_url(
                scopes=list(app.scopes), allow_http=app.instance.startswith("http://")
            )
        ),
    )


def exchange(app: App, code: str) -> str:
    """Turn the code into an access token.

    Raises:
        LoggedOut: the server does not take the code.
        Retryable: the server cannot be reached.
    """
    plain = app.instance.startswith("http://")
    return _with_client(
        app,
        lambda client: str(
            client.log_in(code=code.strip(), scopes=list(app.scopes), allow_http=plain)
        ),
    )


def scopes_for(instance: str) -> tuple[str, ...]:
    """Return the least scopes by the names this server knows: `profile` came with 4.3."""
    known = get_json(f"{instance}/.well-known/oauth-authorization-server").value
    names = known.get("scopes_supported") if isinstance(known, dict) else None
    who = "profile" if isinstance(names, list) and "profile" in names else "read:accounts"
    return (who, *POSTING)


def _with_client(app: App, act: Callable[[Any], T]) -> T:
    client = new_client(app.instance, client_id=app.client_id, client_secret=app.client_secret)
    try:
        with _translated(app.instance):
            return act(client)
    finally:
        client.session.close()


@contextmanager
def _translated(instance: str) -> Iterator[None]:
    """Mastodon.py wraps whatever happens while logging in; the cause tells what it was."""
    from mastodon import MastodonError, MastodonNetworkError

    host = urlsplit(instance).netloc
    try:
        yield
    except (MastodonError, KeyError) as exc:
        cause = exc.__context__ if isinstance(exc.__context__, MastodonError) else exc
        status, _ = said(cause) if isinstance(cause, MastodonError) else (None, "")
        if isinstance(cause, MastodonNetworkError) or (status or 0) >= _SERVER_FAULT:
            raise Retryable(f"{host} cannot be reached or is out of order; try again") from exc
        raise LoggedOut(
            f"{host} did not take the code: it serves once and for ten minutes; start again"
        ) from exc
