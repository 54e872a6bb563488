"""Talks to a PDS through atproto: keeps the session, asks and writes.

atproto is imported when first used: it costs half a second and 50 MB that an idle daemon saves.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from postguard.errors import LoggedOut, PostguardError, Retryable
from postguard.language import _
from postguard.model import Json
from postguard.networks.bluesky.errors import Errors, StaleSession
from postguard.networks.bluesky.turns import Turns
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount

if TYPE_CHECKING:
    from atproto_client import Client  # type: ignore[import-untyped]
    from atproto_client.client.session import Session, SessionEvent  # type: ignore[import-untyped]

T = TypeVar("T")

TIMEOUT = 60.0
# Renewed by us, before the library (15 minutes) does it without waiting for its turn.
_RENEW_BEFORE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Access:
    """What a session is opened with, and where it is kept.

    Attributes:
        password: returns the app password. May raise LoggedOut.
        load: returns the session string that was saved last, or None.
        save: keeps a session string whole; called before the session is used. The PDS revokes
            the old one at every refresh, so losing it costs a new login.
    """

    password: Callable[[], str]
    load: Callable[[], str | None]
    save: Callable[[str], None]


class BlueskySession:
    """One account's connection to its PDS.

    Args:
        name: the account as the config names it, for messages.
        turns: what keeps two processes from opening or renewing the session at once; None: this
            is the only one.
        timeout: seconds after which a silent PDS is given up.
    """

    def __init__(
        self,
        name: str,
        account: BlueskyAccount,
        access: Access,
        clock: Clock,
        turns: Turns | None = None,
        timeout: float | None = None,
    ) -> None:
        self._name = name
        self._account = account
        self._access = access
        self._clock = clock
        self._timeout = timeout or TIMEOUT
        self._turns = turns or Turns(None, name, clock)
        self._errors = Errors(name, account, clock)
        # Several threads share an account, and one may have to replace its client.
        self._busy = threading.RLock()
        self._client: Client | None = None
        self._session: Session | None = None  # the one in use

    @property
    def did(self) -> str:
        """The account's permanent name. May log in."""
        with self._busy:
            self._connected()
        assert self._session is not None
        return str(self._session.did)

    def query(self, method: str, **params: str) -> dict[str, Any]:
        """Ask something. Raises Retryable, Refused or LoggedOut."""
        from atproto_client.models.dot_dict import DotDict  # type: ignore[import-untyped]

        fields = DotDict(params)
        return self._call(
            lambda client: client.invoke_query(method, params=fields), writing=False, kind=dict
        )

    def download(self, method: str, **params: str) -> bytes:
        """Fetch something as it is. Raises as `query`."""
        from atproto_client.models.dot_dict import DotDict

        fields = DotDict(params)
        return self._call(
            lambda client: client.invoke_query(method, params=fields), writing=False, kind=bytes
        )

    def upload(self, data: bytes, mime: str) -> dict[str, Any]:
        """Upload bytes that no record shows yet, so a lost answer only means: again."""
        headers = {"Content-Type": mime}
        path = "com.atproto.repo.uploadBlob"
        return self._call(
            lambda client: client.invoke_procedure(path, content=data, headers=headers),
            writing=False,
            kind=dict,
        )

    def write(self, method: str, body: Mapping[str, Json]) -> dict[str, Any]:
        """Change the account's records. Raises Unsure where the change may have been made."""
        content = json.dumps(body, ensure_ascii=False).encode()
        return self._call(
            lambda client: client.invoke_procedure(
                method, content=content, input_encoding="application/json"
            ),
            writing=True,
            kind=dict,
        )

    def close(self) -> None:
        """Close the connections; the session stays good and is taken up again when needed."""
        with self._busy:
            if self._client is not None:
                self._client.request.close()
                self._client = None

    def end(self) -> None:
        """Have the PDS forget the session that is kept. One that is dead already is no error."""
        client = self._client or self._taken_up()
        if client is None or self._session is None:
            return
        headers = {"Authorization": f"Bearer {self._session.refresh_jwt}"}
        path = "com.atproto.server.deleteSession"
        try:
            with self._errors.translated(writing=False):
                client.invoke_procedure(path, headers=headers, ignore_session_check=True)
        except LoggedOut:
            pass
        finally:
            client.request.close()
            self._client = None

    def _call(self, act: Callable[[Client], Any], *, writing: bool, kind: type[T]) -> T:
        """Act with a session; where the PDS does not take it any more, with one that is renewed,
        and only then with a new one: logins are scarce."""
        with self._busy:
            client = self._connected()
            for anew in (False, True):
                with suppress(StaleSession):
                    return self._once(client, act, writing=writing, kind=kind)
                client = self._open(dead=self._session, anew=anew)
            return self._once(client, act, writing=writing, kind=kind)

    def _once(
        self, client: Client, act: Callable[[Client], Any], *, writing: bool, kind: type[T]
    ) -> T:
        with self._errors.translated(writing=writing):
            content = act(client).content
            if isinstance(content, kind):
                return content
        raise self._errors.lost(None, writing=writing)

    def _connected(self) -> Client:
        if self._client is None or self._ends_soon():
            return self._open()
        return self._client

    def _open(self, *, dead: Session | None = None, anew: bool = False) -> Client:
        """Take up the saved session; log in where that cannot be done, or to begin `anew`."""
        with self._turns.mine():
            self.close()
            self._client = (None if anew else self._resumed(dead)) or self._log_in()
        return self._client

    def _resumed(self, dead: Session | None) -> Client | None:
        """Take up the saved session: another process may have renewed it. Renew it where it ends
        soon, or is the dead one that the PDS does not take any more."""
        client = self._taken_up()
        if client is None or self._session is None:
            return None
        is_dead = dead is not None and self._session.access_jwt == dead.access_jwt
        try:
            return self._renewed(client, self._session) if is_dead or self._ends_soon() else client
        except PostguardError as exc:
            client.request.close()
            if isinstance(exc, StaleSession):
                return None
            raise

    def _taken_up(self) -> Client | None:
        """Return a client with the saved session, if it is this account's; nothing is sent."""
        from atproto_client.client.session import Session
        from atproto_core.exceptions import AtProtocolError  # type: ignore[import-untyped]

        saved = self._access.load()
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

    def _ends_soon(self) -> bool:
        assert self._session is not None
        ends = self._session.access_jwt_payload.exp
        return bool(ends < (self._clock.now() + _RENEW_BEFORE).timestamp())

    def _renewed(self, client: Client, old: Session) -> Client:
        """Exchange the refresh token, and keep what came for it before anything else is done."""
        from atproto_client.client.session import Session

        headers = {"Authorization": f"Bearer {old.refresh_jwt}"}
        with self._errors.translated(writing=False):
            new = client.com.atproto.server.refresh_session(
                headers=headers, ignore_session_check=True
            )
        session = Session(new.handle, new.did, new.access_jwt, new.refresh_jwt, old.pds_endpoint)
        self._keep(session)
        client.login(session_string=session.encode(), fetch_bsky_profile=False)
        return client

    def _log_in(self) -> Client:
        """Open a new session on a new client: a used one would try its dead refresh token."""
        password = self._access.password()
        self._turns.count_login()
        client = self._new_client()
        try:
            with self._errors.translated(writing=False):
                client.login(self._account.handle, password, fetch_bsky_profile=False)
        except PostguardError:
            client.request.close()
            raise
        return client

    def _new_client(self) -> Client:
        from atproto_client import Client
        from atproto_client.request import Request  # type: ignore[import-untyped]

        client = Client(self._account.service, request=Request(timeout=self._timeout))
        client.on_session_change(self._changed)
        return client

    def _changed(self, event: SessionEvent, session: Session) -> None:
        from atproto_client.client.session import SessionEvent as Event

        self._session = session
        if event is not Event.IMPORT:
            self._keep(session)

    def _keep(self, session: Session) -> None:
        try:
            self._access.save(session.encode())
        except OSError as exc:
            raise Retryable(
                _("the session of {name} cannot be saved: {exc}").format(name=self._name, exc=exc)
            ) from exc
