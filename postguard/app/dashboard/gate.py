"""Logins and the audit's fixes, from the dashboard: the very functions of the commands.
Implements `web.access.Access`.

What the artist types passes through memory into `app.login` and is kept nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from postguard.app import bell
from postguard.app.auditing import Auditing
from postguard.app.installation import Installation
from postguard.app.login import Login, wider_access
from postguard.errors import BadFields, LoggedOut, Unusable
from postguard.language import _, ngettext
from postguard.model import Change, Json, Level
from postguard.networks.mastodon import login as mastodon_login
from postguard.networks.mastodon.login import App, Granted
from postguard.settings.schema import MastodonAccount
from postguard.web.access import Offer, Offered
from postguard.web.facts import Line, Told

_TO_MEND = {Level.WARNING, Level.BLOCKING}
_POSTING, _SETTINGS = "posting", "settings"


@dataclass(frozen=True, slots=True)
class _Pasted:
    """An artist who comes back from their server's page with a code. Implements `login.Asking`.

    Attributes:
        at: the field of the form that the code was typed into.
    """

    app: App | None
    code: str = field(repr=False)
    at: str

    def granted(self, instance: str, scopes: Sequence[str]) -> Granted:
        """Return the access that the code is good for. Raises BadFields where it is for none."""
        if self.app is None or not self.code:
            raise self._bad(_("open your server's page first, and paste the code that it shows"))
        try:
            return Granted(self.app, mastodon_login.exchange(self.app, self.code))
        except (LoggedOut, Unusable) as exc:
            raise self._bad(str(exc)) from exc

    def _bad(self, why: str) -> BadFields:
        return BadFields(why, [(self.at, why)])


@dataclass(frozen=True, slots=True)
class Gate:
    """The accounts of one installation.

    Attributes:
        _asked: the server's page that an artist was led to, by account and what for.
        _offered: the changes that were shown, by account and finding.
    """

    installation: Installation
    _asked: dict[tuple[str, str], App] = field(default_factory=dict, repr=False)
    _offered: dict[tuple[str, str], dict[str, list[Change]]] = field(default_factory=dict)

    def ask(self, account: str) -> str:
        """Return the page on which the artist allows the posting. Raises Unusable, Retryable."""
        if not Login(self.installation).wants_consent(account):
            raise Unusable(
                _("{name} logs in with an app password, not on a page").format(name=account)
            )
        return self._led(account, _POSTING, mastodon_login.POSTING)

    def log_in(self, account: str, secret: str) -> Told:
        """Log an account in. Raises LoggedOut, Unusable or Retryable."""
        login = Login(self.installation)
        if login.wants_consent(account):
            said = login.with_consent(
                account, _Pasted(self._asked.get((account, _POSTING)), secret, "secret")
            )
        else:
            said = login.with_secret(account, secret)
        bell.ring()
        return Told((said,))

    def audit(self, account: str) -> Told:
        """Look at an account's settings now. Raises PostguardError."""
        auditing = self._auditing(account)
        seen = auditing.audit(account, self.installation.clock.now())
        count = sum(finding.level in _TO_MEND for finding in seen.findings)
        said = ngettext(
            "{name} was looked at: {count} thing leaves your art less protected than it could be.",
            "{name} was looked at: {count} things leave your art less protected than they could.",
            count,
        )
        well = _("{name} was looked at: nothing leaves your art less protected than it could be.")
        return Told(((said if count else well).format(name=account, count=count),))

    def offer(self, account: str, finding: str) -> Offered:
        """Look at the account anew and return what would mend a finding. Raises PostguardError."""
        auditing = self._auditing(account)
        seen = auditing.audit(account, self.installation.clock.now())
        found = [change for change in seen.changes if change.finding == finding]
        if not found:
            raise Unusable(_("there is nothing left here that postguard could change"))
        by_intent = {key: list(each) for key, each in groupby(found, lambda c: c.intent)}
        self._offered[account, finding] = by_intent
        offers = tuple(_offer(key, changes) for key, changes in by_intent.items())
        address = ""
        if self._on_mastodon(account):
            address = self._led(account, _SETTINGS, mastodon_login.SETTINGS)
        return Offered(account, finding, offers, address)

    def fix(self, account: str, finding: str, key: str, code: str) -> Told:
        """Make the changes that were shown, and read them back. Raises PostguardError: BadFields
        where the code is not good for it."""
        offered = self._offered.get((account, finding), {})
        if (changes := offered.get(key)) is None:
            raise Unusable(_("this was not offered, or is done already; look at it anew"))
        auditing, now = self._auditing(account), self.installation.clock.now()
        consent = _Pasted(self._asked.get((account, _SETTINGS)), code, "code")
        with wider_access(self.installation, account, consent) as wider:
            for change in changes:
                auditing.make(account, change, now, wider)
        del offered[key]
        auditing.audit(account, now)
        return Told(
            (
                _("{name}: done, and read back.").format(name=account),
                _("To take it back: postguard audit {name} --undo").format(name=account),
            )
        )

    def _auditing(self, account: str) -> Auditing:
        auditing = Auditing(self.installation)
        auditing.chosen(account)  # says what is no account that could be looked at
        return auditing

    def _on_mastodon(self, account: str) -> bool:
        return isinstance(self.installation.settings.accounts[account], MastodonAccount)

    def _led(self, account: str, purpose: str, scopes: Sequence[str]) -> str:
        table = self.installation.settings.accounts[account]
        assert isinstance(table, MastodonAccount)
        app = mastodon_login.register_app(table.instance, scopes)
        self._asked[account, purpose] = app
        return mastodon_login.authorize_url(app)


def _offer(key: str, changes: Sequence[Change]) -> Offer:
    return Offer(
        key,
        tuple(dict.fromkeys(change.says for change in changes)),
        tuple(
            Line(
                change.place,
                _("before: {before}; after: {after}").format(
                    before=_value(change.before), after=_value(change.after)
                ),
            )
            for change in changes
        ),
    )


def _value(value: Json) -> str:
    return _("nothing") if value is None else json.dumps(value, ensure_ascii=False)
