"""Makes the network behind each account, and knows what its server takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_never

from postguard.errors import LoggedOut, Refused, Retryable
from postguard.language import _
from postguard.model import Delivery, Limits, Words
from postguard.networks import preview
from postguard.networks.bluesky import network as bluesky
from postguard.networks.bluesky import pds
from postguard.networks.mastodon import instance as mastodon_instance
from postguard.networks.mastodon import network as mastodon
from postguard.ports import Clock, Network
from postguard.settings.schema import (
    AnyAccount,
    BlueskyAccount,
    Config,
    MastodonAccount,
    PreviewAccount,
)
from postguard.store import EVERYTHING, AccountRows
from postguard.system.secrets import Secrets

log = logging.getLogger(__name__)

_ASK_AGAIN = timedelta(hours=1)


@dataclass(slots=True)
class Accounts:
    """The accounts of the config, each with one network object that keeps its session."""

    settings: Callable[[], Config]
    secrets: Secrets
    sessions: Secrets
    rows: AccountRows
    clock: Clock
    previews: Path
    originals: Callable[[int], list[Path]]
    turns: Path  # where every process of this PC keeps whose turn it is to renew a session
    timeout: float | None = None  # seconds; None: each silent server is given up as is usual
    _made: dict[tuple[str, bool], Network] = field(default_factory=dict)
    _asked: dict[str, datetime] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Make the networks anew from the config at the next use, and let go of the connections of
        those there were: Python alone does that some day, for they hold themselves."""
        with self._making:
            old, self._made = self._made, {}
        self._asked.clear()
        _let_go(old.values())

    def account(self, name: str) -> AnyAccount:
        """Return an account's settings. Raises Refused when the config has it no longer."""
        try:
            return self.settings().accounts[name]
        except KeyError:
            raise Refused(
                _("the config has no account {name} any more").format(name=name)
            ) from None

    def network(self, name: str, *, dry_run: bool = False) -> Network:
        """Return where posts of this account go."""
        key = (name, dry_run)
        with self._making:  # two of one account would end each other's session
            made = self._made.get(key)
            if made is None:
                made = self._made[key] = self._make(name, self.account(name), dry_run=dry_run)
            return made

    def of_delivery(self, delivery: Delivery) -> Network:
        """Return where a delivery goes: the preview, for a dry run."""
        return self.network(delivery.account, dry_run=delivery.dry_run)

    def ready(self) -> Sequence[str]:
        """Return the accounts that may post now: enabled, not paused, logged in, left alone
        neither by their server's wish nor for its sake, and not said to draw pages only."""
        return [name for name in self._reached() if not self.account(name).dry_run]

    def only_dry(self) -> Sequence[str]:
        """Return the accounts that are enabled and not paused, but draw pages only, or wait for a
        login or for their server."""
        ready = set(self.ready())
        return [name for name in self._going() if name not in ready]

    def network_name(self, delivery: Delivery) -> str:
        """Return which network a delivery goes to, as the config names it."""
        return "preview" if delivery.dry_run else self.account(delivery.account).network

    def _reached(self) -> Sequence[str]:
        kept = self._kept_waiting()
        return [name for name in self._going() if name not in kept]

    def _kept_waiting(self) -> set[str]:
        return {*self.rows.logged_out(), *self.rows.waiting(self.clock.now())}

    def _going(self) -> Sequence[str]:
        paused = self.rows.paused()
        if EVERYTHING in paused:
            return []
        accounts = self.settings().accounts
        return [n for n, a in accounts.items() if a.enabled and n not in paused]

    def limits(self, name: str) -> Limits:
        """Return what the account's server takes, as it last said; else what is usual. No I/O."""
        account = self.account(name)
        if isinstance(account, PreviewAccount):
            return self.network(name).limits()
        kept = self.rows.limits(name)
        return _usual(account) if kept is None else kept[0]

    def refresh_limits(self, now: datetime) -> None:
        """Ask each server once an hour; one that cannot be reached keeps what it said before."""
        for name in self._reached():
            if abs(now - self._asked.get(name, now - _ASK_AGAIN)) < _ASK_AGAIN:
                continue
            self._asked[name] = now
            if not isinstance(self.account(name), PreviewAccount):
                self._ask(name, now)

    def objections(self, name: str, words: Words, images: int) -> list[str]:
        """Return why an account cannot post these words exactly as asked. No I/O."""
        limits, account = self.limits(name), self.account(name)
        match account:
            case BlueskyAccount():
                return bluesky.objections(words, images, limits)
            case MastodonAccount():
                return mastodon.objections(words, images, limits)
            case PreviewAccount():
                return self.network(name).objections(words, images, limits)
        assert_never(account)

    def fit_of(self, name: str) -> str:
        """Return which limits an account's renditions must keep."""
        return self.limits(name).fit

    def logged_out(self, name: str, why: str) -> None:
        """Let everything of this account wait for a login."""
        self.rows.log_out(name, why)
        with self._making:
            old = self._made.pop((name, False), None)
        if old is not None:
            _let_go([old])

    def secret(self, name: str) -> str:
        """Return an account's password or token. Raises LoggedOut when there is none."""
        found = self.secrets.get(name)
        if found is None:
            raise LoggedOut(
                _("no login is kept for {name}; run: postguard login {name}").format(name=name)
            )
        return found

    def access(self, name: str) -> bluesky.Access:
        """Return what an account's session is opened with, and where it is kept."""
        return bluesky.Access(
            lambda: self.secret(name),
            lambda: self.sessions.get(name),
            lambda session: self.sessions.set(name, session),
        )

    def _ask(self, name: str, now: datetime) -> None:
        try:
            limits = self.network(name).limits()
        except (Retryable, LoggedOut) as exc:
            log.info("%s: its limits could not be asked: %s", name, exc)
            return
        self.rows.keep_limits(name, limits, now)

    def _make(self, name: str, account: AnyAccount, *, dry_run: bool) -> Network:
        if dry_run or isinstance(account, PreviewAccount):
            return self._preview(name, account)
        if isinstance(account, BlueskyAccount):
            access = self.access(name)
            return bluesky.Bluesky(
                name, account, access, self.clock, self.turns, timeout=self.timeout
            )
        return mastodon.Mastodon(
            name, account, lambda: self.secret(name), self.clock, timeout=self.timeout
        )

    def _preview(self, name: str, account: AnyAccount) -> Network:
        shows = account.shows if isinstance(account, PreviewAccount) else account.network
        handle = account.handle if isinstance(account, BlueskyAccount) else ""
        settings = self.settings()
        return preview.Preview(
            shows,
            self.previews,
            self.originals,
            known=None if isinstance(account, PreviewAccount) else lambda: self.limits(name),
            handle=handle,
            max_megapixels=settings.intake.max_megapixels,
            zone=settings.timezone,
        )


def _let_go(networks: Iterable[Network]) -> None:
    """Close them in a thread of its own, for whoever uses one finishes first."""

    def close() -> None:
        for network in networks:
            network.close()

    threading.Thread(target=close, name="letting-go", daemon=True).start()


def _usual(account: BlueskyAccount | MastodonAccount) -> Limits:
    if isinstance(account, BlueskyAccount):
        official = account.service == pds.OFFICIAL
        size = pds.IMAGE_BYTES if official else pds.OLD_IMAGE_BYTES
        return bluesky.limits_for(size, gallery=account.gallery)
    # What an unknown server does with quotes is asked before anything is sent to it; until then a
    # PC that is offline need not hold what most servers take.
    current = {"api_versions": {"mastodon": mastodon_instance.QUOTES_SINCE}}
    return mastodon_instance.limits_of(current)
