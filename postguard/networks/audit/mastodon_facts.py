"""Reads what the audit judges of an account on Mastodon or a relative. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from postguard.errors import LoggedOut, Retryable
from postguard.language import _
from postguard.networks import fetching
from postguard.networks.asking import get_json
from postguard.networks.audit.pages import PageSays, asks_of
from postguard.networks.mastodon.instance import shown_text

_POSTS = 20
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_OPEN = {"public", "unlisted"}
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MastodonFacts:
    """What an account says of itself, and its server; None: it could not be asked.

    Attributes:
        scopes: what postguard was allowed when it was made known to the server.
        profile: the settings that only Mastodon 4.6 has.
        pages: what the artist's own pages ask of crawlers.
        terms: terms of service and rules, as text.
        posts: the newest posts with pictures.
    """

    account: Record
    scopes: tuple[str, ...] | None
    instance: Record
    profile: Record | None
    robots: str | None
    pages: tuple[PageSays, ...]
    terms: tuple[str, ...]
    posts: tuple[Record, ...] | None

    @property
    def source(self) -> Record:
        """The preferences, which only the artist sees."""
        return self.account.get("source") or {}

    @property
    def api(self) -> int:
        """Mastodon's API version; 0 for servers before 4.3 and for its relatives."""
        version = (self.instance.get("api_versions") or {}).get("mastodon")
        return version if isinstance(version, int) else 0


@dataclass(frozen=True, slots=True)
class MastodonReader:
    """Reads one account. `token` returns its access token and may raise LoggedOut."""

    instance: str
    token: Callable[[], str]

    def read(self) -> MastodonFacts:
        """Read everything. Raises LoggedOut or Retryable."""
        account = self.account()
        posts = self._posts(str(account.get("id")))
        app = self._asked("/api/v1/apps/verify_credentials")
        scopes = app.get("scopes") if isinstance(app, dict) else None
        profile = self._asked("/api/v1/profile")
        instance = self._asked("/api/v2/instance")
        said = instance if isinstance(instance, dict) else {}
        return MastodonFacts(
            account=account,
            scopes=tuple(scopes) if isinstance(scopes, list) else None,
            instance=said,
            profile=profile if isinstance(profile, dict) else None,
            robots=self._robots(),
            pages=self._pages([str(account.get("url")), *_open_pages(posts or ())]),
            terms=self._terms(said),
            posts=posts,
        )

    def account(self) -> Record:
        """Return the account as it sees itself. Raises LoggedOut or Retryable."""
        path = "/api/v1/accounts/verify_credentials"
        page = fetching.fetch(f"{self.instance}{path}", token=self.token())
        said = _table(page.text)
        # What a wall before the server says to a 403 is not the server's word.
        if page.status == _UNAUTHORIZED or (page.status == _FORBIDDEN and said.get("error")):
            raise LoggedOut(_("the server no longer accepts postguard's access"))
        if not page.ok or not said:
            raise Retryable(
                _("{instance} does not answer as a Mastodon server at the moment").format(
                    instance=self.instance
                )
            )
        return said

    def profile(self) -> Record:
        """Return the settings that only Mastodon 4.6 has; empty where it is older."""
        found = self._asked("/api/v1/profile")
        return found if isinstance(found, dict) else {}

    def _asked(self, path: str) -> Any:  # noqa: ANN401  # whatever JSON it is
        token = {"Authorization": f"Bearer {self.token()}"}
        return get_json(f"{self.instance}{path}", token).value

    def _posts(self, who: str) -> tuple[Record, ...] | None:
        query = urlencode({"only_media": "true", "exclude_reblogs": "true", "limit": _POSTS})
        found = self._asked(f"/api/v1/accounts/{who}/statuses?{query}")
        return tuple(found) if isinstance(found, list) else None

    def _robots(self) -> str | None:
        """No robots.txt at all lets everybody in, as an empty one does."""
        try:
            page = fetching.fetch(f"{self.instance}/robots.txt")
        except Retryable:
            return None
        return page.text if page.ok else ""

    def _pages(self, urls: list[str]) -> tuple[PageSays, ...]:
        found = []
        for url in urls:
            if not url.startswith(f"{self.instance}/"):
                continue  # an address of another server is none of the artist's pages
            try:
                page = fetching.fetch(url)
            except Retryable:
                continue
            if page.ok:
                found.append(asks_of(url, page.headers, page.text))
        return tuple(found)

    def _terms(self, said: Record) -> tuple[str, ...]:
        terms = self._asked("/api/v1/instance/terms_of_service")
        content = str(terms.get("content") or "") if isinstance(terms, dict) else ""
        rules = [f"{r.get('text')} {r.get('hint') or ''}" for r in said.get("rules") or ()]
        return tuple(text for text in (shown_text(content), *rules) if text.strip())


def _table(text: str) -> Record:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _open_pages(posts: tuple[Record, ...]) -> list[str]:
    """Return the page of the newest post that everybody can open."""
    urls = [str(p.get("url")) for p in posts if p.get("visibility") in _OPEN]
    return urls[:1]
