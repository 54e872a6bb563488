"""Logging accounts in and out; secrets go to `system.secrets` and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.networks import bluesky, mastodon_login
from postguard.settings.schema import AnyAccount, BlueskyAccount, MastodonAccount


@dataclass(frozen=True, slots=True)
class Login:
    """The login of any account of the config."""

    installation: Installation

    def wants_code(self, name: str) -> bool:
        """Return whether this account's server gives a code in the browser."""
        return isinstance(self._account(name), MastodonAccount)

    def begin(self, name: str) -> tuple[str, Callable[[str], str]]:
        """Return the page where the artist consents, and what takes the code it shows."""
        account = self._account(name)
        if not isinstance(account, MastodonAccount):
            raise Unusable(f"{name} logs in with an app password, not with a code")
        app = mastodon_login.register_app(account.instance)

        def finish(code: str) -> str:
            return self.with_secret(name, mastodon_login.exchange(app, code))

        return mastodon_login.authorize_url(app), finish

    def with_secret(self, name: str, secret: str) -> str:
        """Try a password or token, keep it when it works, and say who is logged in.

        Raises LoggedOut when the server does not accept it; an earlier one is kept then.
        """
        account, installation = self._account(name), self.installation
        if not secret:
            raise Unusable("the secret is empty; nothing was changed")
        before = installation.secrets.get(name), installation.sessions.get(name)
        if isinstance(account, BlueskyAccount):
            session = bluesky.login(name, account, secret, installation.clock)
            installation.sessions.set(name, session)
        installation.secrets.set(name, secret)
        installation.accounts.forget()
        try:
            said = self._check(name)
        except BaseException:
            self._put_back(name, *before)
            raise
        installation.store.accounts.log_in(name)
        return f"{name}: {said}"

    def forget(self, name: str) -> str:
        """Delete the login kept on this PC."""
        self._account(name)
        self.installation.secrets.delete(name)
        self.installation.sessions.delete(name)
        self.installation.store.accounts.log_out(name, "logged out by you")
        return (
            f"{name} is logged out on this PC; its posts wait. "
            "To end the access altogether, revoke postguard in the account's settings too."
        )

    def _check(self, name: str) -> str:
        network = self.installation.accounts.network(name)
        return network.check()

    def _put_back(self, name: str, secret: str | None, session: str | None) -> None:
        kept = ((self.installation.secrets, secret), (self.installation.sessions, session))
        for place, value in kept:
            if value is None:
                place.delete(name)
            else:
                place.set(name, value)
        self.installation.accounts.forget()

    def _account(self, name: str) -> AnyAccount:
        accounts = self.installation.settings.accounts
        if name not in accounts:
            known = ", ".join(accounts) or "none yet"
            raise Unusable(f"the config has no account {name}; its accounts: {known}")
        if accounts[name].network == "preview":
            raise Unusable(f"{name} is a preview on this PC; it needs no login")
        return accounts[name]
