"""Talks to a Mastodon server through Mastodon.py and translates every failure.

Mastodon.py is imported when first used: it costs 30 MB that an idle daemon saves.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, PostguardError, Refused, Retryable, Unsure
from postguard.language import _
from postguard.networks.mastodon.budget import Budget, Kind
from postguard.ports import Clock

if TYPE_CHECKING:
    from mastodon import Mastodon as Client

TIMEOUT = 60
USER_AGENT = "postguard"
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_MISSING = {404, 405, 410}
_TOO_LARGE = 413
_UNREADY = 422
_TOO_MANY = 429
_SERVER_FAULT = 500
# What a 403 is for, as the servers word it: Mastodon, GoToSocial ("scope"), Pleroma.
_RIGHTS = re.compile(r"scope|insufficient permission|credentials|access token", re.IGNORECASE)
_OUT_OF_USE = re.compile(
    r"disabled|suspended|deactivated|deleted|pending|confirmed|moved", re.IGNORECASE
)
T = TypeVar("T")


class Missing(Refused):
    """The server has no such thing, or no such call."""


class MastodonClient:
    """One account's connection.

    Args:
        token: returns the access token. May raise LoggedOut.
        timeout: seconds after which a silent server is given up.
    """

    def __init__(
        self,
        name: str,
        instance: str,
        token: Callable[[], str],
        clock: Clock,
        timeout: float | None = None,
    ) -> None:
        self.name = name
        self._instance = instance
        self._token = token
        self._timeout = timeout or TIMEOUT
        self._busy = threading.RLock()
        self._client: Client | None = None
        self.budget = Budget(self.host, clock)

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return urlsplit(self._instance).netloc

    def call(
        self, act: Callable[[Client], T], kind: Kind = "calls", *, writing: bool = False
    ) -> T:
        """Act, unless the server's rate limit is used up.

        Raises:
            Retryable, Missing, Refused, LoggedOut; and where `writing`, Unsure.
        """
        with self._turn(kind, writing=writing) as client:
            return act(client)

    def put(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change something by a call that Mastodon.py does not know whole. Raises as `call` does
        while writing."""
        with self._turn("calls", writing=True) as client:
            answer = client.session.put(
                f"{self._instance}{path}",
                json=dict(fields),
                headers={"Authorization": f"Bearer {self._token()}", "User-Agent": USER_AGENT},
                timeout=self._timeout,
                auth=lambda request: request,  # else a .netrc would take the token's place
            )
            return _value_of(answer)

    def close(self) -> None:
        """Close the connections."""
        with self._busy:
            if self._client is not None:
                self._client.session.close()
                self._client = None

    @contextmanager
    def _turn(self, kind: Kind, *, writing: bool) -> Iterator[Client]:
        """Let one thread at a time ask: what it is answered of the rate limit holds for the next,
        and none closes the connection that another uses."""
        with self._busy:
            self.budget.need(kind)
            client = self._connected()
            with self._translated(kind, writing=writing):
                yield client

    def _connected(self) -> Client:
        token = self._token()
        if self._client is None or self._client.access_token != token:
            self.close()
            self._client = new_client(self._instance, self._timeout, access_token=token)
            self._client.session.hooks["response"].append(self._note)
        return self._client

    def _note(self, answer: Any, **_: object) -> None:  # noqa: ANN401  # requests' own type
        path = urlsplit(answer.request.url).path
        self.budget.note(answer.request.method, path, answer.headers)

    @contextmanager
    def _translated(self, kind: Kind, *, writing: bool) -> Iterator[None]:
        from mastodon import MastodonError, MastodonRatelimitError
        from requests.exceptions import RequestException

        try:
            yield
        except MastodonRatelimitError as exc:
            raise self._too_many(kind) from exc
        except (MastodonError, RequestException) as exc:
            status, message = said(exc)
            if status == _TOO_MANY:
                raise self._too_many(kind) from exc
            if status is None or status >= _SERVER_FAULT:
                raise self._no_answer(exc, writing=writing) from exc
            raise self._meaning(status, message) from exc

    def _too_many(self, kind: Kind) -> Retryable:
        return Retryable(
            _("{host} asks to wait: too many requests").format(host=self.host),
            self.budget.wait(kind),
        )

    def _no_answer(self, exc: Exception, *, writing: bool) -> PostguardError:
        if writing and not never_sent(exc):
            return Unsure(
                _("{host} did not say whether it took this; asking it again").format(
                    host=self.host
                )
            )
        return Retryable(_("{host} cannot be reached or is out of order").format(host=self.host))

    def _meaning(self, status: int, message: str) -> PostguardError:
        """Classify by status code: 403, 413 and 422 have no class of their own."""
        if status == _UNAUTHORIZED:
            return self._logged_out(message or str(status))
        if status == _FORBIDDEN:
            return self._forbidden(message)
        if status in _MISSING:
            return Missing(
                _("{host} refused the post: {message}").format(
                    host=self.host, message=message or status
                )
            )
        if status == _TOO_LARGE:
            return Refused(_("{host} takes no picture of this size").format(host=self.host))
        if status == _UNREADY and "not finished processing" in message:
            return Retryable(_("{host} is still working on the pictures").format(host=self.host))
        return Refused(
            _("{host} refused the post: {message}").format(
                host=self.host, message=message or status
            )
        )

    def _forbidden(self, message: str) -> PostguardError:
        """Tell apart what servers say 403 to: only two of these are ended by a login."""
        if not message:
            return Retryable(
                _(
                    "something before {host} turned postguard away without a word of the server "
                    "itself (403); trying again later"
                ).format(host=self.host)
            )
        if _RIGHTS.search(message):
            return self._logged_out(message)
        if _OUT_OF_USE.search(message):
            return LoggedOut(
                _(
                    "{host} does not let this account post ({message}); its posts wait. Look on "
                    "its page what is wrong, and run `postguard login {name}` when it is well"
                ).format(host=self.host, message=message, name=self.name)
            )
        return Refused(
            _("{host} refused the post: {message}").format(host=self.host, message=message)
        )

    def _logged_out(self, why: str) -> LoggedOut:
        return LoggedOut(
            _("{host} no longer lets postguard post ({why}); run `postguard login {name}`").format(
                host=self.host, why=why, name=self.name
            )
        )


def new_client(
    instance: str,
    timeout: float = TIMEOUT,
    **more: Any,  # noqa: ANN401  # Mastodon.py's own
) -> Client:
    """Return a client that never sleeps by itself and gives up on a silent server.

    It is told a version: asking for it costs two calls, and relatives count theirs otherwise.
    """
    from mastodon import Mastodon

    return Mastodon(
        api_base_url=instance,
        ratelimit_method="throw",
        request_timeout=timeout,
        user_agent=USER_AGENT,
        version_check_mode="created",
        mastodon_version="4.6.0",
        **more,
    )


def said(exc: Exception) -> tuple[int | None, str]:
    """Return (status, the server's words) out of an error's positional arguments."""
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


def _value_of(answer: Any) -> dict[str, Any]:  # noqa: ANN401  # requests' own type
    """Return an answer's JSON; an error is raised the way Mastodon.py does it."""
    from mastodon import MastodonAPIError

    try:
        value = answer.json()
    except ValueError:
        value = None
    if not answer.ok:
        message = value.get("error") if isinstance(value, dict) else None
        raise MastodonAPIError("the server says", answer.status_code, answer.reason, message)
    if not isinstance(value, dict):
        raise MastodonAPIError("the answer is no JSON")
    return value
