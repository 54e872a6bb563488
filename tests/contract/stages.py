"""A stage for each network: the adapter, where it posts to, and what can be seen there."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from postguard.model import Draft, Rendition, Words
from postguard.networks.bluesky.network import Access, Bluesky
from postguard.networks.mastodon.network import Mastodon
from postguard.ports import Network
from postguard.settings.schema import BlueskyAccount, MastodonAccount
from tests.servers.mastodon import MastodonServer
from tests.servers.pds import Account, PdsServer

TOKEN = "a-token-that-must-never-be-shown"


@dataclass
class FakeClock:
    """A clock that moves only when somebody waits."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """The time it stands at."""
        return self.at

    def wait(self, seconds: float) -> None:
        """Move it."""
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass
class Stage:
    """One network to run the contract on.

    Attributes:
        posts: counts what the account shows.
        secrets: texts that must not be seen anywhere.
    """

    network: Network
    posts: Callable[[], int]
    secrets: tuple[str, ...] = ()


def picture(folder: Path, number: int = 0, size: tuple[int, int] = (64, 40)) -> Rendition:
    """A small JPEG as the pipeline would hand it over."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (40 * number % 256, 90, 200)).save(buffer, "JPEG", quality=90)
    data = buffer.getvalue()
    path = folder / f"秘密の名前-{number}.jpg"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Rendition(number, "any", path, digest, "image/jpeg", *size, len(data), {})


def draft(words: Words, *renditions: Rendition) -> Draft:
    """What the publisher hands over."""
    return Draft(words, renditions, post_id=1, account="me")


@dataclass
class SavedSession:
    """Where a Bluesky session is kept between two runs."""

    text: str | None = None
    history: list[str] = field(default_factory=list)

    def load(self) -> str | None:
        """The session that was saved last."""
        return self.text

    def save(self, text: str) -> None:
        """Keep a session."""
        self.text = text
        self.history.append(text)


def bluesky(pds: PdsServer, account: Account, saved: SavedSession, password: str = "") -> Bluesky:
    """The adapter for an account on the PDS."""
    settings = BlueskyAccount(network="bluesky", handle=account.handle, service=pds.url)
    given = password or account.app_password
    return Bluesky("bsky", settings, Access(lambda: given, saved.load, saved.save), FakeClock())


def mastodon_account(server: MastodonServer) -> MastodonAccount:
    """The account's settings for a server."""
    return MastodonAccount(network="mastodon", instance=server.url)


def mastodon_network(
    server: MastodonServer, clock: FakeClock | None = None, token: str = TOKEN
) -> Mastodon:
    """The adapter for the account `hanako` on the stand-in."""
    if TOKEN not in server.state.tokens:
        server.add_account("hanako")
        scopes = "profile read:statuses write:statuses write:media"
        server.token_for("hanako", scopes, TOKEN)
    return Mastodon("fedi", mastodon_account(server), lambda: token, clock or FakeClock())
