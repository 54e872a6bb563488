"""Turns every failure of atproto and httpx into one of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.language import _
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount

if TYPE_CHECKING:
    from atproto_client.exceptions import RequestErrorBase  # type: ignore[import-untyped]

_TOO_LARGE = 413
_TOO_MANY = 429
_SERVER_FAULT = 500
# The session is at fault, not the request: a new login may mend it.
_STALE = {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"}
_TOO_BIG = re.compile("too (large|big)", re.IGNORECASE)
_UNAUTHORIZED = 401
_CLOSED = {"AccountTakedown", "AccountSuspended", "AccountDeactivated"}


class StaleSession(LoggedOut):
    """The PDS no longer takes this session; the app password may still open a new one."""


class Errors:
    """What a PDS says, in words for one account. `name`: the account as the config names it."""

    def __init__(self, name: str, account: BlueskyAccount, clock: Clock) -> None:
        self._name = name
        self._account = account
        self._clock = clock

    @contextmanager
    def translated(self, *, writing: bool) -> Iterator[None]:
        """Turn every failure of atproto and httpx into one of ours."""
        import httpx
        from atproto_client.exceptions import LoginRequiredError, RequestErrorBase
        from atproto_core.exceptions import AtProtocolError  # type: ignore[import-untyped]

        try:
            yield
        except LoginRequiredError as exc:
            raise StaleSession(self._login_again()) from exc
        except RequestErrorBase as exc:
            raise self._meaning(exc, writing=writing) from exc
        except (AtProtocolError, httpx.HTTPError, ValueError) as exc:
            raise self.lost(exc, writing=writing) from exc

    def _meaning(self, exc: RequestErrorBase, *, writing: bool) -> PostguardError:
        """Classify by status code; atproto's classes put 413 beside network faults."""
        if exc.response is None:
            return self.lost(exc, writing=writing)
        status = exc.response.status_code
        error, message = _said(exc)
        # A server counts before it works, so not even a write is unsure then; and the next try
        # looks for the post first all the same.
        if status == _TOO_MANY:
            return Retryable(
                _("{host} asks to wait: too many requests").format(host=self._host),
                self._wait(exc),
            )
        if error == "InvalidSwap":
            return Retryable(_("something else changed at the same moment; nothing was written"))
        if error in _CLOSED:  # a new login would change nothing
            return LoggedOut(closed(self._name, self._account, error))
        if status == _UNAUTHORIZED or error in _STALE:
            return StaleSession(self._why_out(error))
        if status >= _SERVER_FAULT:
            return self.lost(exc, writing=writing)
        large = status == _TOO_LARGE or error == "BlobTooLarge" or _TOO_BIG.search(message)
        said = _("takes no picture of this size") if large else _("refused the post")
        return Refused(f"{self._host} {said}: {message or error or status}")

    def lost(self, exc: Exception | None, *, writing: bool) -> PostguardError:
        """Return what an answer means that did not come, or says nothing."""
        if writing and not _never_sent(exc):
            return Unsure(
                _("{host} did not say whether it took the post; asking it again").format(
                    host=self._host
                )
            )
        return Retryable(_("{host} cannot be reached or is out of order").format(host=self._host))

    def _wait(self, exc: RequestErrorBase) -> timedelta | None:
        seconds = getattr(exc, "retry_after", None)
        if seconds is not None:
            return timedelta(seconds=seconds)
        reset = getattr(exc, "reset_at", None)
        return None if reset is None else max(reset - self._clock.now(), timedelta(0))

    def _why_out(self, error: str) -> str:
        if error == "AuthFactorTokenRequired":
            return _(
                "@{handle} asks for a code by mail: make an app password in Bluesky's settings "
                "and run `postguard login {name}`"
            ).format(handle=self._account.handle, name=self._name)
        return self._login_again()

    def _login_again(self) -> str:
        return _(
            "{host} does not accept the app password of @{handle}: it was mistyped, or deleted "
            "there; make a new one and run `postguard login {name}`"
        ).format(host=self._host, handle=self._account.handle, name=self._name)

    @property
    def _host(self) -> str:
        return urlsplit(self._account.service).netloc


def closed(name: str, account: BlueskyAccount, status: str) -> str:
    """Return in words that an account takes no posts, whatever it is logged in with."""
    if "deactivated" in status.lower():
        return _(
            "@{handle} is deactivated, so nothing can be posted; activate it in Bluesky's "
            "settings and run `postguard login {name}`"
        ).format(handle=account.handle, name=name)
    host = urlsplit(account.service).netloc
    return _(
        "{host} has closed or suspended @{handle} ({status}); its posts wait. Ask there why, and "
        "run `postguard login {name}` when it is open again"
    ).format(host=host, handle=account.handle, status=status, name=name)


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
