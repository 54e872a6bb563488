"""Accounts and recipes as the dashboard shows them. Implements `web.desk.Surroundings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postguard.app import layering
from postguard.app.dashboard.rows import shows
from postguard.app.installation import Installation
from postguard.app.login import health
from postguard.errors import PostguardError
from postguard.language import _, marked
from postguard.model import Limits
from postguard.publish import budget
from postguard.settings.schema import AnyAccount, BlueskyAccount, MastodonAccount
from postguard.store import EVERYTHING
from postguard.store.audit import AuditRows
from postguard.web.facts import AccountFacts, RecipeFacts, Spent

_SPENT: Mapping[tuple[str, timedelta], str] = {
    (budget.WRITES, timedelta(hours=1)): marked("Points within an hour"),
    (budget.WRITES, timedelta(days=1)): marked("Points within a day"),
    (budget.CALLS, timedelta(minutes=5)): marked("Requests within 5 minutes"),
    (budget.MEDIA, timedelta(minutes=30)): marked("Pictures within 30 minutes"),
    (budget.STATUSES, timedelta(hours=3)): marked("Posts within 3 hours"),
}


@dataclass(frozen=True, slots=True)
class Config:
    """What the config names, with what is known of it."""

    installation: Installation

    def accounts(self) -> list[AccountFacts]:
        """Return the accounts, as the config orders them."""
        return [self._account(n, a) for n, a in self.installation.settings.accounts.items()]

    def shows(self) -> dict[str, str]:
        """Return the network of each account as whose its posts look."""
        return {
            name: shows(self.installation, name) for name in self.installation.settings.accounts
        }

    def recipes(self) -> list[RecipeFacts]:
        """Return the recipes, as the config orders them."""
        settings = self.installation.settings
        return [
            RecipeFacts(
                name,
                tuple(step.model_dump(mode="json", exclude_unset=True) for step in steps),
                layering.of_recipe(self.installation, name),
                tuple(n for n, a in settings.accounts.items() if (a.recipe or "default") == name),
            )
            for name, steps in settings.recipes.items()
        ]

    def _account(self, name: str, account: AnyAccount) -> AccountFacts:
        installation, now = self.installation, self.installation.clock.now()
        store, audits = installation.store, AuditRows(installation.store.db)
        paused = store.accounts.paused()
        here, logged_in = account.network == "preview", bool(installation.secrets.get(name))
        until = store.accounts.asked_to_wait(name)
        return AccountFacts(
            name,
            account.network,
            shows(installation, name),
            _where(account),
            enabled=account.enabled,
            dry_run=account.dry_run,
            paused=bool({name, EVERYTHING} & paused),
            logged_in=here or logged_in,
            logged_out=store.accounts.logged_out().get(name, ""),
            health=health(installation, name, now) if logged_in and not here else "",
            waits_until=until if until is not None and until > now else None,
            limits=self._limits(name),
            findings=tuple(audits.of(name)),
            audited=audits.last(name),
            spent=self._spent(name, account.network, now),
            by_page=account.network == "mastodon",
        )

    def _spent(self, name: str, network: str, now: datetime) -> tuple[Spent, ...]:
        """Return what was spent of all that the server allows. What other apps of the artist
        spend is counted there too, and not known here."""
        allowances = budget.ALLOWANCES.get(network, ())
        if not allowances:
            return ()
        kinds = {allowance.kind for allowance in allowances}
        found = self.installation.store.spending.spent(name, kinds, now - budget.LONGEST, now)
        return tuple(
            Spent(_(_SPENT[a.kind, a.within]), _points(found[a.kind], now - a.within), a.points)
            for a in allowances
        )

    def _limits(self, name: str) -> Limits | None:
        try:
            return self.installation.accounts.limits(name)
        except PostguardError:
            return None


def _points(spent: Sequence[tuple[datetime, int]], since: datetime) -> int:
    return sum(points for at, points in spent if at > since)


def _where(account: AnyAccount) -> str:
    """Return whose account it is, or on which server."""
    if isinstance(account, BlueskyAccount):
        return account.handle
    if isinstance(account, MastodonAccount):
        return account.instance.partition("://")[2]
    return ""
