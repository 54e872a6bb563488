"""Logs an account on Bluesky in and out, and tells how long its login will last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from postguard.errors import LoggedOut, Unusable
from postguard.language import _, marked
from postguard.networks.bluesky.session import Access, BlueskySession
from postguard.networks.bluesky.turns import Turns
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount

MAIN_PASSWORD = "com.atproto.access"  # noqa: S105  # a scope, not a password
_PRIVILEGED = "com.atproto.appPassPrivileged"
_SCOPES = {
    MAIN_PASSWORD: marked("the account's own password"),
    "com.atproto.appPass": marked("an app password"),
    _PRIVILEGED: marked("an app password that may also read messages"),
}


@dataclass(frozen=True, slots=True)
class Health:
    """What a kept session says of itself.

    Attributes:
        scope: what it was opened with, in words.
        main: it was opened with the account's own password, which can do everything.
        messages: it may read messages.
        ends: when it can no longer be renewed; each use moves that on. None: it does not say.
    """

    handle: str
    scope: str
    main: bool
    messages: bool
    ends: datetime | None


def login(
    name: str, account: BlueskyAccount, password: str, clock: Clock, beside: Path | None = None
) -> str:
    """Open a session with an app password and return it as text to be saved.

    Args:
        beside: as for `Bluesky`.

    Raises:
        Unusable: it is the account's own password; the session was closed again.
        LoggedOut: handle and password do not fit.
        Retryable: the server cannot be reached, or there were too many logins lately.
    """
    saved: list[str] = []
    session = BlueskySession(
        name,
        account,
        Access(lambda: password, lambda: saved[-1] if saved else None, saved.append),
        clock,
        Turns(beside, name, clock),
    )
    try:
        session.query("com.atproto.server.getSession")
        health = session_health(saved[-1])
        if health is not None and health.main:
            session.end()
            raise Unusable(_no_main_password(account))
    finally:
        session.close()
    return saved[-1]


def revoke(name: str, account: BlueskyAccount, saved: str, clock: Clock) -> None:
    """Have the server forget a saved session; the app password itself stays good until it is
    deleted in Bluesky's settings.

    Raises:
        Retryable: the server cannot be reached.
    """
    access = Access(_no_password, lambda: saved, _keep_nothing)
    session = BlueskySession(name, account, access, clock)
    session.end()


def session_health(saved: str) -> Health | None:
    """Return what a saved session says of itself; None: it is damaged. Asks nobody."""
    from atproto_client.client.session import Session  # type: ignore[import-untyped]
    from atproto_core.exceptions import AtProtocolError  # type: ignore[import-untyped]

    try:
        session = Session.decode(saved)
        access, refresh = session.access_jwt_payload, session.refresh_jwt_payload
    except (AtProtocolError, ValueError):
        return None
    scope = str(access.scope or "")
    ends = None if refresh.exp is None else datetime.fromtimestamp(refresh.exp, UTC)
    words = _(_SCOPES.get(scope, "")) or _("something unknown ({scope})").format(scope=scope)
    main, privileged = scope == MAIN_PASSWORD, scope == _PRIVILEGED
    return Health(session.handle, words, main, main or privileged, ends)


def _no_main_password(account: BlueskyAccount) -> str:
    return _(
        "this is the own password of @{handle}, which can do everything, even delete the "
        "account; postguard does not keep it. Make an app password in Bluesky's settings "
        "(Privacy and security, App passwords: without access to messages) and log in with that"
    ).format(handle=account.handle)


def _no_password() -> str:
    raise LoggedOut(_("logging out needs no password"))


def _keep_nothing(_: str) -> None:
    """A session that ends is not kept."""
