"""The stand-in on a loopback port, and what a test may set, do and look at."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.servers.mastodon import oauth
from tests.servers.mastodon.faults import Fault
from tests.servers.mastodon.flavours import FLAVOURS, Flavour, Limits, Processing
from tests.servers.mastodon.listener import Listener
from tests.servers.mastodon.scheduled import publish_due
from tests.servers.mastodon.service import Recorded, Service
from tests.servers.mastodon.state import (
    APP_ID,
    Account,
    App,
    Clock,
    Media,
    Scheduled,
    State,
    Status,
    Token,
)
from tests.servers.mastodon.throttle import Rate
from tests.servers.rawhttp import call, get, send_form

TEST_APP = "test"


class MastodonServer:
    """A Mastodon 4.6 stand-in; `flavour` gives it the manners of a relative."""

    def __init__(self, flavour: str = "mastodon") -> None:
        self._service = Service(State(flavour=FLAVOURS[flavour]))
        self._listener = Listener(self._service, self.clock.now)
        self.state.base_url = f"http://127.0.0.1:{self._listener.port}"

    @property
    def state(self) -> State:
        """All that the server remembers."""
        return self._service.state

    @property
    def url(self) -> str:
        """The instance's address."""
        return self.state.base_url

    @property
    def clock(self) -> Clock:
        """The server's clock: `clock.move(hours=1)`."""
        return self.state.clock

    @property
    def limits(self) -> Limits:
        """The limits it publishes and holds to; set them at will."""
        return self.state.limits

    @property
    def processing(self) -> Processing:
        """How uploads are worked on; set `later`, `polls` and `fails`."""
        return self.state.processing

    @property
    def flavour(self) -> Flavour:
        """The manners it has."""
        return self.state.flavour

    @property
    def rates(self) -> dict[str, Rate]:
        """The rate limits: calls, media, statuses, deletions."""
        return self._service.throttle.rates

    def enforce_rates(self) -> None:
        """Answer 429 from now on when a limit is reached."""
        self._service.throttle.enforced = True

    def add_account(self, name: str, **settings: Any) -> Account:
        """Add a person; `settings` are fields of Account such as `default_privacy`."""
        with self.state.lock:
            account = Account(self.state.new_id(), name, self.clock.now(), **settings)
            self.state.accounts[account.id] = account
            return account

    def token_for(
        self, account: Account | str, scopes: str = "read write", value: str | None = None
    ) -> str:
        """A token as if the person had already consented."""
        with self.state.lock:
            who = self.state.account_named(account) if isinstance(account, str) else account
            app = self.state.apps.get(TEST_APP) or App(
                APP_ID, "postguard's tests", None, [oauth.OUT_OF_BAND], list(oauth.SCOPES)
            )
            self.state.apps[TEST_APP] = app
            text = value or secrets.token_urlsafe(32)
            now = self.clock.now()
            self.state.tokens[text] = Token(text, app, who, scopes.split(), now)
            return text

    def revoke(self, token: str) -> None:
        """Take an app's access away, as a person does in the preferences."""
        self.state.tokens[token].revoked = True

    def approve(self, address: str, account: str, *, refuse: bool = False) -> str:
        """Be the person whom the app sends to `address`: look, consent (or refuse).

        Returns the code that is shown, or the address that the browser was sent back to,
        after fetching it.
        """
        page = call("GET", address)
        if page.status == 200:
            asked = dict(parse_qsl(urlsplit(address).query)) | {"username": account}
            asked |= {"_method": "delete"} if refuse else {}
            page = send_form("POST", f"{self.url}/oauth/authorize", asked)
        if page.status != 302:
            raise AssertionError(f"the consent page answered {page.status}: {page.text}")
        back = urljoin(self.url, page.headers["location"])
        shown = get(back)
        code = re.search(r'class="oauth-code" readonly value="([^"]+)"', shown.text)
        return code[1] if code else back

    def fail_next(self, path_prefix: str, *, times: int = 1, **fault: Any) -> None:
        """Queue a fault (see Fault) for the next request whose path begins so."""
        self._service.faults.add(Fault(path_prefix, **fault), times)

    @property
    def unused_faults(self) -> list[Fault]:
        """The faults that no request has met yet."""
        return list(self._service.faults.queued)

    def forget_faults(self) -> None:
        """Meet every request as it should be from now on."""
        self._service.faults.queued.clear()

    def lose(self, *what: str) -> None:
        """Leave something out of every status from now on, without a word: `media`, `alts`, `cw`,
        `sensitive`, `language` or `quotes` (everybody may). Edits keep what they are given."""
        self.state.losses.update(what)

    def before_write(self, hook: Callable[[], None] | None) -> None:
        """Call `hook` between the look at an idempotency key and the write."""
        self.state.before_write = hook

    @property
    def statuses(self) -> list[Status]:
        """What is posted now, oldest first; what has come to its time is among it."""
        with self.state.lock:
            publish_due(self.state)
            return [replace(each) for each in self.state.statuses.values()]

    @property
    def scheduled(self) -> list[Scheduled]:
        """What waits for its time."""
        with self.state.lock:
            publish_due(self.state)
            return list(self.state.scheduled.values())

    @property
    def media(self) -> list[Media]:
        """The uploads, oldest first, attached or not."""
        with self.state.lock:
            return list(self.state.media.values())

    @property
    def requests(self) -> list[Recorded]:
        """All requests in their order, without secrets."""
        return list(self._service.requests)

    @property
    def unknown_parameters(self) -> list[str]:
        """Parameters that the description does not know: `POST /api/v1/statuses: colour`."""
        return [
            f"{each.method} {each.path}: {name}"
            for each in self._service.requests
            for name in each.unknown
        ]

    @property
    def contract_failures(self) -> list[str]:
        """Answers of this server that were not as described: a fault of the stand-in."""
        return list(self._service.contract_failures)

    @property
    def robots_txt(self) -> str:
        """What crawlers are told."""
        return self.state.robots_txt

    @robots_txt.setter
    def robots_txt(self, text: str) -> None:
        self.state.robots_txt = text

    def close(self) -> None:
        """Stop at once: requests that are being delayed end, and every thread with them."""
        self._service.closing.set()
        self._listener.close()


@contextmanager
def start_mastodon(flavour: str = "mastodon") -> Iterator[MastodonServer]:
    """Run a fresh server for as long as the block lasts.

    Raises:
        AssertionError: at the end, when an answer was not as the API is described.
    """
    server = MastodonServer(flavour)
    try:
        yield server
    finally:
        server.close()
    assert server.contract_failures == [], server.contract_failures
