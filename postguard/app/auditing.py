"""The account audit (`postguard audit`, and once a day in the daemon)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from postguard.app.installation import Installation
from postguard.errors import PostguardError, Unsure, Unusable
from postguard.language import _
from postguard.model import Change, Finding, Level
from postguard.networks.audit.about import Asked
from postguard.networks.audit.desks import BlueskyDesk, MastodonDesk
from postguard.networks.bluesky.session import BlueskySession
from postguard.networks.bluesky.turns import Turns
from postguard.settings.schema import AnyAccount, BlueskyAccount, MastodonAccount
from postguard.store.audit import AuditRows, Fix

log = logging.getLogger(__name__)

_DAY = timedelta(hours=24)
_TRY_AGAIN = timedelta(hours=1)
_POSTS_FIRST = timedelta(minutes=5)  # after a start, before the first audit
Wider = Callable[[], str]
_Desk = BlueskyDesk | MastodonDesk


@dataclass(frozen=True, slots=True)
class Audited:
    """One audit of one account: what was seen, what is new in it, and what would mend it."""

    account: str
    findings: tuple[Finding, ...]
    news: tuple[Finding, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Auditing:
    """The audit of any account of the config."""

    installation: Installation

    @property
    def rows(self) -> AuditRows:
        """What is kept of audits."""
        return AuditRows(self.installation.store.db)

    def accounts(self) -> list[str]:
        """Return the accounts that are on a network and switched on."""
        accounts = self.installation.settings.accounts
        return [n for n, a in accounts.items() if a.enabled and _is_real(a)]

    def chosen(self, name: str | None) -> list[str]:
        """Return the account that was named, or all. Raises Unusable where there is none."""
        if name is None:
            if not self.accounts():
                raise Unusable(_("the config has no account on a network, so there is no audit"))
            return self.accounts()
        account = self.installation.settings.accounts.get(name)
        if account is None:
            known = ", ".join(self.installation.settings.accounts) or _("none yet")
            raise Unusable(
                _("the config has no account {name}; its accounts: {known}").format(
                    name=name, known=known
                )
            )
        if not _is_real(account):
            raise Unusable(
                _("{name} is a preview on this PC; there is nothing to audit").format(name=name)
            )
        return [name]

    def audit(self, name: str, now: datetime) -> Audited:
        """Look at an account and keep what was seen; what blocks lets its posts wait.

        Raises:
            Retryable, Refused: it could not be looked at now; what was kept before stays.
        """
        with self._desk(name) as desk:
            found, changes = desk.look(self._asked(name), now)
        blocked = _blocking(self.rows.of(name))
        news = self.rows.keep(name, found, now)
        if blocks := _blocking(found):
            self.installation.accounts.logged_out(name, blocks[0].found)
        elif blocked:
            self.installation.store.accounts.log_in(name)
        return Audited(name, tuple(found), tuple(news), tuple(changes))

    def make(self, name: str, change: Change, now: datetime, wider: Wider) -> None:
        """Keep how it is, then write a change and read it back: a crash loses no way back.

        Args:
            wider: returns an access that may change settings, where the one for posting may not.

        Raises:
            Refused: somebody else changed it meanwhile, or the server did not take it.
            Retryable, LoggedOut: nothing was written.
            Unsure: it may have been written; the way back is kept.
        """
        fix = self.rows.fixed(name, change, now)
        try:
            with self._desk(name) as desk:
                desk.make(change, now, wider)
        except Unsure:
            raise
        except PostguardError:
            self.rows.drop(fix)
            raise

    def undo(self, fix: Fix, now: datetime, wider: Wider) -> None:
        """Take a change back, if what it wrote still stands. Raises as `make`."""
        with self._desk(fix.account) as desk:
            desk.make(fix.change.reversed(), now, wider)
        self.rows.undone(fix.id, now)

    def may_refuse(self, intent: str) -> bool:
        """Return whether the config lets postguard refuse this AI use without asking."""
        return intent in self.installation.settings.audit.intents

    @contextmanager
    def _desk(self, name: str) -> Iterator[_Desk]:
        desk = self._make_desk(name)
        try:
            yield desk
        finally:
            desk.close()

    def _make_desk(self, name: str) -> _Desk:
        installation = self.installation
        account, accounts = installation.settings.accounts[name], installation.accounts
        if isinstance(account, MastodonAccount):
            return MastodonDesk(account.instance, lambda: accounts.secret(name))
        assert isinstance(account, BlueskyAccount)
        access, clock = accounts.access(name), installation.clock
        turns = Turns(accounts.turns, name, clock)
        session = BlueskySession(name, account, access, clock, turns)
        return BlueskyDesk(session, account.service, access.load, self.rows.made_here)

    def _asked(self, name: str) -> Asked:
        settings = self.installation.settings
        account = settings.accounts[name]
        steps = settings.recipes.get(account.recipe or "default", ())
        sides = [s.side_for(account.network) for s in steps if s.step == "downscale"]
        own = urlsplit(settings.artist.web).hostname
        return Asked(
            visibility=account.visibility,
            replies=account.replies,
            quotes=account.quotes,
            side=sides[0] if sides else None,
            domains=(own,) if own else (),
        )


def _is_real(account: AnyAccount) -> bool:
    return account.network != "preview" and not account.dry_run


def _blocking(found: list[Finding]) -> list[Finding]:
    return [f for f in found if f.level is Level.BLOCKING]


@dataclass(slots=True)
class DailyAudit:
    """Looks at each account once a day, and each hour at one whose posts wait for it; what is new
    is told once."""

    installation: Installation
    name: str = "audit"
    _started: datetime | None = None
    _tried: dict[str, datetime] = field(default_factory=dict)

    def tick(self, now: datetime) -> bool:
        """Audit one account that is due."""
        if not self.installation.settings.audit.daily:
            return False
        self._started = self._started or now
        if abs(now - self._started) < _POSTS_FIRST:
            return False
        auditing = Auditing(self.installation)
        due = next((n for n in auditing.accounts() if self._is_due(n, auditing.rows, now)), None)
        if due is not None:
            self._audit(auditing, due, now)
        return due is not None

    def next_look(self, now: datetime) -> datetime | None:
        """The usual look is enough."""
        return None

    def _is_due(self, name: str, rows: AuditRows, now: datetime) -> bool:
        tried = self._tried.get(name)
        if tried is not None and abs(now - tried) < _TRY_AGAIN:
            return False
        last = rows.last(name)
        return last is None or abs(now - last) >= _DAY or bool(_blocking(rows.of(name)))

    def _audit(self, auditing: Auditing, name: str, now: datetime) -> None:
        self._tried[name] = now
        try:
            if self.installation.secrets.get(name) is None:
                return  # logged out by the artist, or not yet logged in: no news
            seen = auditing.audit(name, now)
        except PostguardError as exc:
            log.info("%s could not be audited: %s", name, exc)
            return
        for finding in seen.news:
            log.warning(
                "the audit of %s found (`postguard audit %s` says what to do): %s: %s",
                *(name, name, finding.title, finding.found),
            )
