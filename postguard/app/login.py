"""Logging accounts in and out; secrets go to `system.secrets` and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from postguard.app.installation import Installation
from postguard.errors import LoggedOut, PostguardError, Retryable, Unusable
from postguard.language import _, ngettext
from postguard.networks.bluesky import login as bluesky_login
from postguard.networks.bluesky.network import Bluesky
from postguard.networks.mastodon import login as mastodon_login
from postguard.networks.mastodon import loopback as mastodon_loopback
from postguard.networks.mastodon.login import Granted
from postguard.networks.mastodon.network import Mastodon
from postguard.settings.schema import AnyAccount, BlueskyAccount, MastodonAccount
from postguard.store.audit import AuditRows
from postguard.system.secrets import Secrets

log = logging.getLogger(__name__)


class Asking(Protocol):
    """Has the artist allow something on their server's page."""

    def granted(self, instance: str, scopes: Sequence[str]) -> Granted:
        """Return the access that they gave. Raises LoggedOut, Unusable or Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class Consent:
    """How an artist is led to their server's page by a command.

    Attributes:
        open_page: shows the page of an address; the browser comes back to this PC by itself.
        paste: shows it and returns the code that the artist reads there; None: `open_page` does.
    """

    open_page: Callable[[str], object]
    paste: Callable[[str], str] | None = None

    def granted(self, instance: str, scopes: Sequence[str]) -> Granted:
        """Have the artist allow these scopes.

        Raises:
            LoggedOut: the artist or the server refused.
            Unusable: nobody came back, or the server registers no apps.
            Retryable: the server cannot be reached.
        """
        if self.paste is None:
            return mastodon_loopback.grant(instance, self.open_page, scopes)
        app = mastodon_login.register_app(instance, scopes)
        code = self.paste(mastodon_login.authorize_url(app))
        return Granted(app, mastodon_login.exchange(app, code))


@dataclass(frozen=True, slots=True)
class Login:
    """The login of any account of the config."""

    installation: Installation

    def wants_consent(self, name: str) -> bool:
        """Return whether this account's server asks the artist on a page of its own."""
        return isinstance(self._account(name), MastodonAccount)

    def with_consent(self, name: str, consent: Asking) -> str:
        """Have the artist allow what posting needs, and keep the access when it works.

        Raises as `Consent.granted` and `with_secret`.
        """
        account = self._account(name)
        if not isinstance(account, MastodonAccount):
            raise Unusable(
                _("{name} logs in with an app password, not on a page").format(name=name)
            )
        with _unchanged():
            granted = consent.granted(account.instance, mastodon_login.POSTING)
            return self._keep(name, granted.token, granted.app.kept())

    def with_secret(self, name: str, secret: str) -> str:
        """Try a password or token, keep it when it works, and say who is logged in.

        Raises:
            LoggedOut: the server does not accept it; an earlier one is kept then.
            Unusable: it is empty, or the main password of an account on Bluesky.
        """
        if not secret:
            raise Unusable(_("the secret is empty; nothing was changed"))
        with _unchanged():
            return self._keep(name, secret, "")

    def forget(self, name: str) -> str:
        """End the login on its server, and delete it on this PC whether that worked or not."""
        account, installation = self._account(name), self.installation
        ended = self._ended(name, account)
        for place, key in self._places(name):
            place.delete(key)
        installation.accounts.forget()
        installation.store.accounts.log_out(name, _("logged out by you"))
        return _("{name} is logged out on this PC; its posts wait. {ended}").format(
            name=name, ended=ended
        )

    def _keep(self, name: str, secret: str, app: str) -> str:
        account, installation = self._account(name), self.installation
        before = [place.get(key) for place, key in self._places(name)]
        session = self._session(name, account, secret)
        self._put(name, [secret, session, app])
        try:
            said = self._checked(name)
        except BaseException:
            self._put(name, before)
            raise
        installation.store.accounts.log_in(name)
        AuditRows(installation.store.db).forget(name)
        if before[0] and before[2] and isinstance(account, MastodonAccount):
            with suppress(PostguardError):  # the new one works, and the old one is known to nobody
                mastodon_login.revoke(account.instance, before[0], before[2])
        return f"{name}: {said}"

    def _checked(self, name: str) -> str:
        network = self.installation.accounts.network(name)
        try:
            return network.check()
        finally:
            if isinstance(network, Bluesky | Mastodon):
                network.close()

    def _session(self, name: str, account: AnyAccount, secret: str) -> str:
        if not isinstance(account, BlueskyAccount):
            return ""
        clock, turns = self.installation.clock, self.installation.accounts.turns
        return bluesky_login.login(name, account, secret, clock, turns)

    def _ended(self, name: str, account: AnyAccount) -> str:
        """End the login on its server; return in words how far that went."""
        secret, session, app = (place.get(key) for place, key in self._places(name))
        try:
            if isinstance(account, BlueskyAccount):
                return self._end_session(name, account, session)
            assert isinstance(account, MastodonAccount)
            if not secret or not app:
                return _(
                    "Its access was not made by `postguard login` in the browser, so the server "
                    "was not told: revoke postguard in the account's settings there."
                )
            mastodon_login.revoke(account.instance, secret, app)
        except Retryable as exc:
            return _(
                "The server was NOT told, so the access still works there: {exc}. End it in the "
                "account's settings there: authorised apps, or app passwords on Bluesky."
            ).format(exc=exc)
        except (LoggedOut, Unusable) as exc:
            return _("The server did not end it: {exc}.").format(exc=exc)
        return _("The server has ended its access.")

    def _end_session(self, name: str, account: BlueskyAccount, session: str | None) -> str:
        if session:
            bluesky_login.revoke(name, account, session, self.installation.clock)
        ended = _("The server has ended its session. ") if session else ""
        return _(
            "{ended}The app password itself stays good until you delete it: Bluesky, Settings > "
            "Privacy and security > App passwords."
        ).format(ended=ended)

    def _places(self, name: str) -> list[tuple[Secrets, str]]:
        """Return where a login lies: the secret, the session, what revoking the secret needs."""
        installation = self.installation
        return [
            (installation.secrets, name),
            (installation.sessions, name),
            (installation.sessions, f"{name}.app"),
        ]

    def _put(self, name: str, values: Sequence[str | None]) -> None:
        for (place, key), value in zip(self._places(name), values, strict=True):
            if value:
                place.set(key, value)
            else:
                place.delete(key)
        self.installation.accounts.forget()

    def _account(self, name: str) -> AnyAccount:
        accounts = self.installation.settings.accounts
        if name not in accounts:
            known = ", ".join(accounts) or _("none yet")
            raise Unusable(
                _("the config has no account {name}; its accounts: {known}").format(
                    name=name, known=known
                )
            )
        if accounts[name].network == "preview":
            raise Unusable(
                _("{name} is a preview on this PC; it needs no login").format(name=name)
            )
        return accounts[name]


@contextmanager
def _unchanged() -> Iterator[None]:
    """Say of what failed on the way to a server that nothing came of it, and what to look at."""
    try:
        yield
    except Retryable as exc:
        raise Retryable(
            _(
                "{why}. Nothing was changed on this PC; if it stays so, look at your network, and "
                "at the server's address in the config"
            ).format(why=exc),
            exc.after,
        ) from exc


@contextmanager
def wider_access(
    installation: Installation, name: str, consent: Asking
) -> Iterator[Callable[[], str]]:
    """Lend an access that may change the account's settings, asked for at its first use and
    ended with the block. An app password of Bluesky may do so as it is."""
    lent: list[Granted] = []

    def token() -> str:
        account = installation.settings.accounts[name]
        assert isinstance(account, MastodonAccount)
        if not lent:
            lent.append(consent.granted(account.instance, mastodon_login.SETTINGS))
        return lent[0].token

    try:
        yield token
    finally:
        for granted in lent:
            _end(granted)


def _end(granted: Granted) -> None:
    app = granted.app
    try:
        mastodon_login.revoke(app.instance, granted.token, app.kept())
    except PostguardError as exc:
        log.warning(
            "the access that changed the settings could not be ended; revoke the newest access "
            "of postguard in the account's settings there: %s",
            exc,
        )


def health(installation: Installation, name: str, now: datetime) -> str:
    """Return how long the login of an account will last, in words; empty: it does not say."""
    account = installation.settings.accounts[name]
    if isinstance(account, MastodonAccount):
        return _("the access does not end by itself")
    kept = bluesky_login.session_health(installation.sessions.get(name) or "")
    if kept is None:
        return ""
    if kept.ends is None:
        return _("with {scope}").format(scope=kept.scope)
    days = (kept.ends - now).days
    return ngettext(
        "with {scope}; the login lasts {days} day more, and each use renews it",
        "with {scope}; the login lasts {days} days more, and each use renews it",
        days,
    ).format(scope=kept.scope, days=days)
