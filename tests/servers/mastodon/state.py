"""What the stand-in remembers: accounts, apps, tokens, media and statuses, and its clock."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.mastodon.flavours import MASTODON, Flavour, Limits, Processing

APP_ID = 1234567890123456


class Clock:
    """The wall clock plus what a test moved it by, so that an hour need not be waited for."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The server's time."""
        return (self._frozen or datetime.now(UTC)) + self._offset

    def move(self, **duration: float) -> None:
        """Move by a duration such as `hours=1`."""
        self._offset += timedelta(**duration)

    def freeze(self, moment: datetime) -> None:
        """Stand still at a moment; only `move` goes on from there."""
        self._frozen, self._offset = moment, timedelta()


@dataclass(eq=False)
class Account:
    """A person on this server, with what they set in their preferences."""

    id: str
    username: str
    created_at: datetime
    display_name: str = ""
    note: str = ""
    locked: bool = False
    bot: bool = False
    discoverable: bool | None = None
    indexable: bool = False
    hide_collections: bool | None = None
    noindex: bool = False
    show_media: bool = True
    fields: list[dict[str, str]] = field(default_factory=list)
    attribution_domains: list[str] = field(default_factory=list)
    default_privacy: str = "public"
    default_sensitive: bool = False
    default_language: str | None = None
    fallback_language: str = "en"  # the language of the person's interface
    default_quote_policy: str = "public"
    limited: bool = False  # by the moderators
    following: set[str] = field(default_factory=set)  # ids of accounts


@dataclass(eq=False)
class App:
    """A registered client application."""

    id: int
    name: str
    website: str | None
    redirect_uris: list[str]
    scopes: list[str]
    client_id: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


@dataclass(eq=False)
class Token:
    """An access token; one without an account belongs to an app alone."""

    value: str = field(repr=False)
    app: App
    account: Account | None
    scopes: list[str]
    created_at: datetime
    revoked: bool = False


@dataclass(eq=False)
class Grant:
    """An authorization code on its way to becoming a token, once."""

    app: App
    account: Account
    redirect_uri: str
    scopes: list[str]
    expires_at: datetime
    challenge: str | None


@dataclass(eq=False)
class Media:
    """An uploaded picture: `uploaded` are the bytes that came, `data` those that are served."""

    id: str
    account: Account
    uploaded: bytes = field(repr=False)
    data: bytes = field(repr=False)
    small: bytes = field(repr=False)
    mime_type: str
    sizes: dict[str, tuple[int, int]]
    file_key: str
    description: str | None = None
    focus: tuple[float, float] | None = None
    polls_left: int = 0
    failed: bool = False
    status_id: str | None = None
    scheduled_id: str | None = None

    @property
    def ready(self) -> bool:
        """Whether processing has ended well."""
        return self.polls_left == 0 and not self.failed

    @property
    def attached(self) -> bool:
        """Whether a status, posted or scheduled, has it."""
        return self.status_id is not None or self.scheduled_id is not None


@dataclass
class Edit:
    """One version of a status."""

    text: str
    spoiler_text: str
    sensitive: bool
    created_at: datetime
    media: list[Media]


@dataclass(eq=False)
class Status:
    """A posted status as the server keeps it."""

    id: str
    account: Account
    app: App
    created_at: datetime
    text: str
    spoiler_text: str
    sensitive: bool
    visibility: str
    language: str | None
    quote_policy: str
    media: list[Media] = field(default_factory=list)
    in_reply_to: "Status | None" = None
    quoted: "Status | None" = None
    quotes_count: int = 0  # recorded not to fall when a quoting status is deleted
    edited_at: datetime | None = None
    edits: list[Edit] = field(default_factory=list)


@dataclass(eq=False)
class Scheduled:
    """A status that waits for its time; `params` are the request's."""

    id: str
    account: Account
    app: App
    scheduled_at: datetime
    params: dict[str, Any]
    media: list[Media]


@dataclass
class State:
    """Everything one server knows; handlers hold `lock` while they read or write it."""

    base_url: str = ""
    limits: Limits = field(default_factory=Limits)
    flavour: Flavour = MASTODON
    processing: Processing = field(default_factory=Processing)
    clock: Clock = field(default_factory=Clock)
    robots_txt: str = "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /media_proxy/\n"
    terms: str = ""  # HTML; empty: this server has none
    rules: list[str] = field(default_factory=list)
    page_headers: dict[str, str] = field(default_factory=dict)  # of the pages for people
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)  # by client id
    tokens: dict[str, Token] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    scheduled: dict[str, Scheduled] = field(default_factory=dict)
    idempotency: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)  # other servers' addresses: our ids
    losses: set[str] = field(default_factory=set)  # see `MastodonServer.lose`
    # Called between the look at the idempotency key and the write: where two requests race.
    before_write: Callable[[], None] | None = None
    last_id: int = 0
    last_scheduled_id: int = 0

    def new_id(self) -> str:
        """A snowflake: the milliseconds in the upper bits, always larger than the last."""
        millis = int(self.clock.now().timestamp() * 1000)
        self.last_id = max(self.last_id + 1, millis << 16)
        return str(self.last_id)

    def new_scheduled_id(self) -> str:
        """Scheduled statuses are numbered from 1."""
        self.last_scheduled_id += 1
        return str(self.last_scheduled_id)

    def account_named(self, name: str) -> Account:
        """The account with this name."""
        return next(who for who in self.accounts.values() if who.username == name)
