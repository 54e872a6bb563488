"""Looks at one account and changes it: what the two networks have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from postguard.errors import LoggedOut
from postguard.model import Change, Finding
from postguard.networks.audit import (
    bluesky_checks,
    bluesky_settings,
    mastodon_checks,
    mastodon_settings,
)
from postguard.networks.audit.about import Asked
from postguard.networks.audit.bluesky_facts import BlueskyReader
from postguard.networks.audit.mastodon_facts import MastodonReader
from postguard.networks.bluesky.session import BlueskySession

Seen = tuple[list[Finding], list[Change]]


@dataclass(frozen=True, slots=True)
class BlueskyDesk:
    """An account on Bluesky; see `BlueskyReader` for `saved` and `ours`."""

    session: BlueskySession
    service: str
    saved: Callable[[], str | None]
    ours: Callable[[Collection[str]], Collection[str]]

    def look(self, asked: Asked, now: datetime) -> Seen:
        """Return what every check says, and what would mend it. Raises Retryable or Refused."""
        try:
            facts = BlueskyReader(self.session, self.service, self.saved, self.ours).read()
        except LoggedOut as exc:
            return [bluesky_checks.logged_out(str(exc))], []
        found = bluesky_checks.findings(facts, asked)
        return found, bluesky_settings.proposals(facts, found, now)

    def make(self, change: Change, now: datetime, _: Callable[[], str]) -> None:
        """Write a change and read it back; an app password may write all that it proposes."""
        bluesky_settings.BlueskySettings(self.session).make(change, now)

    def close(self) -> None:
        """Close the connections."""
        self.session.close()


@dataclass(frozen=True, slots=True)
class MastodonDesk:
    """An account on Mastodon or a relative; `token` is the one for posting."""

    instance: str
    token: Callable[[], str]

    def look(self, asked: Asked, now: datetime) -> Seen:
        """Return what every check says, and what would mend it. Raises Retryable."""
        del now  # nothing that is written here holds a time
        try:
            facts = MastodonReader(self.instance, self.token).read()
        except LoggedOut as exc:
            return [mastodon_checks.logged_out(str(exc))], []
        found = mastodon_checks.findings(facts, asked)
        return found, mastodon_settings.proposals(facts, asked, found)

    def make(self, change: Change, _: datetime, wider: Callable[[], str]) -> None:
        """Write a change with the token that `wider` returns, and read it back."""
        reader = MastodonReader(self.instance, self.token)
        mastodon_settings.MastodonSettings(self.instance, reader, wider).make(change)

    def close(self) -> None:
        """No connection is kept."""
