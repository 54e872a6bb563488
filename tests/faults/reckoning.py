"""What the servers hold against what was dropped and what the ledger says; every difference is
named."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from postguard.model import DeliveryState, Post, PostState
from postguard.store import Store
from tests.faults.drops import Drop
from tests.servers.mastodon import MastodonServer
from tests.servers.mastodon.state import Status
from tests.servers.pds import PdsServer

Words = tuple[str, tuple[str, ...]]  # a text and the alt texts


@dataclass(frozen=True)
class Seen:
    """A post as its server shows it: its key there, its words, and its pictures' bytes."""

    key: str
    text: str
    alts: tuple[str, ...]
    hashes: tuple[str, ...]

    @property
    def words(self) -> Words:
        """What tells posts apart, for anybody who reads them."""
        return self.text, self.alts


@dataclass
class Reckoning:
    """The counts of the closing line, and a sentence for each difference."""

    posts: int = 0
    posted: int = 0
    held: int = 0
    lost: int = 0
    doubled: int = 0
    unprotected: int = 0
    without_alt: int = 0
    differences: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def line(self, faults: int) -> str:
        """The closing line."""
        return (
            f"posts={self.posts} posted={self.posted} held={self.held} faults={faults}"
            f" lost={self.lost} doubled={self.doubled} unprotected={self.unprotected}"
            f" without_alt={self.without_alt}"
        )

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, bare or unexplained, and little was held."""
        wrong = self.lost + self.doubled + self.unprotected + self.without_alt
        return not wrong and not self.differences and self.held <= self.posts * 0.02

    def count_words(self, account: str, asked: Counter[Words], seen: Iterable[Seen]) -> None:
        """Compare how often each words were asked for on an account with how often they stand."""
        stands = Counter(each.words for each in seen)
        for words, number in (asked - stands).items():
            self.lost += number
            self.differences.append(f"{account}: {number} lost: {words}")
        for words, number in (stands - asked).items():
            self.doubled += number
            self.differences.append(f"{account}: {number} too many: {words}")

    def count_alts(self, account: str, seen: Iterable[Seen]) -> None:
        """Count the pictures without words."""
        for each in seen:
            bare = len(each.hashes) - sum(map(bool, each.alts))
            if bare:
                self.without_alt += bare
                self.differences.append(f"{account}: {bare} pictures without alt text: {each.key}")


def seen_on_pds(pds: PdsServer, did: str) -> list[Seen]:
    """Read every post of a repository as anybody can, with its blobs."""
    return [_of_record(pds, did, record) for record in pds.list_records(did)]


def _of_record(pds: PdsServer, did: str, record: Mapping[str, object]) -> Seen:
    value = record["value"]
    assert isinstance(value, dict)
    images = (value.get("embed") or {}).get("images") or []
    blobs = [pds.get_blob(did, image["image"]["ref"]["$link"]) for image in images]
    alts = tuple(image["alt"] for image in images)
    return Seen(last_part(str(record["uri"])), value["text"], alts, tuple(map(sha256, blobs)))


def seen_on_mastodon(server: MastodonServer, name: str) -> list[Seen]:
    """Look into the stand-in's own records."""
    return [_of_status(each) for each in server.statuses if each.account.username == name]


def _of_status(status: Status) -> Seen:
    alts = tuple(media.description or "" for media in status.media)
    hashes = tuple(sha256(media.uploaded) for media in status.media)
    return Seen(status.id, status.text, alts, hashes)


def last_part(uri: str) -> str:
    """What names a post on its server: the record's key, or the status's number."""
    return uri.rpartition("/")[2]


def sha256(data: bytes) -> str:
    """The hash that renditions are known by."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Ledger:
    """What postguard's own rows say."""

    store: Store
    outbox: Path

    def posts(self) -> list[Post]:
        """Every post."""
        return self.store.posts.page([], None, 1_000_000)

    def hashes(self, post: Post) -> set[str]:
        """The hashes of a post's renditions, read from the files that lie there now."""
        folder = self.outbox / post.place / post.folder / "renditions"
        return (
            {sha256(path.read_bytes()) for path in folder.iterdir()} if folder.exists() else set()
        )

    def receipts(self) -> Iterator[tuple[str, str, Post]]:
        """(account, key, post) of every receipt."""
        for post in self.posts():
            for account, receipt in self.store.deliveries.receipts(post.id).items():
                yield account, last_part(receipt.uri), post

    def held(self) -> Iterator[tuple[Post, str, str]]:
        """(post, account, reason) of every delivery that is held."""
        for post in self.posts():
            for delivery in self.store.deliveries.of_post(post.id):
                waits = post.state is PostState.HELD and delivery.state is not DeliveryState.POSTED
                if waits or delivery.state is DeliveryState.HELD:
                    yield post, delivery.account, delivery.reason or post.reason


def reckon(dropped: Sequence[Drop], ledger: Ledger, seen: Mapping[str, list[Seen]]) -> Reckoning:
    """Compare all three: what was dropped, what the ledger says, what the servers show."""
    found = Reckoning(posts=len(dropped))
    held = list(ledger.held())
    found.reasons = [f"post {p.id} ({p.name}) to {account}: {why}" for p, account, why in held]
    found.held = len({post.id for post, _, _ in held})
    found.posted = sum(post.state is PostState.POSTED for post in ledger.posts())
    waiting = {(post.name, account) for post, account, _ in held}
    shown = _Shown(found, ledger, " ".join(why for _, _, why in held))
    for account, stands in seen.items():
        found.count_alts(account, stands)
        asked = {drop.name: drop for drop in dropped if account in drop.accounts}
        shown.compare(account, stands, asked)
        for name in asked:
            if not shown.times[account, name] and (name, account) not in waiting:
                found.lost += 1
                found.differences.append(f"{account}: {name} is lost")
    return found


class _Shown:
    """What each status or record shows, by its pictures: words may be equal on purpose."""

    def __init__(self, found: Reckoning, ledger: Ledger, doubts: str) -> None:
        self.times: Counter[tuple[str, str]] = Counter()
        self._found, self._doubts = found, doubts
        self._of_picture = {h: post.name for post in ledger.posts() for h in ledger.hashes(post)}
        self._receipts = {(account, key): post.name for account, key, post in ledger.receipts()}

    def compare(self, account: str, stands: Sequence[Seen], asked: Mapping[str, Drop]) -> None:
        """Hold what an account shows against what was asked for there and the receipts of it."""
        told, receipts = self._found.differences, set[str]()
        for each in stands:
            bare = sum(picture not in self._of_picture for picture in each.hashes)
            self._found.unprotected += bare
            names = {self._of_picture.get(picture, "no rendition") for picture in each.hashes}
            (name, *more) = names or {"no picture"}
            if more or name not in asked or asked[name].words != each.words:
                told.append(f"{account}: {each.key} shows {names} and {each.words}")
            self._count(account, name)
            owner = self._receipts.get((account, each.key), "nobody")
            receipts.add(each.key)
            asked_about = (
                owner == "nobody" and each.key in self._doubts
            )  # of the artist, who looks
            if owner != name and not asked_about:
                told.append(f"{account}: {each.key} shows {name}; it is the receipt of {owner}")
        for (whose, key), name in self._receipts.items():
            if whose == account and key not in receipts:
                told.append(f"{account}: {key}, the receipt of {name}, is not there")

    def _count(self, account: str, name: str) -> None:
        self.times[account, name] += 1
        if self.times[account, name] > 1:
            self._found.doubled += 1
            self._found.differences.append(f"{account}: {name} stands there once more")


def count_uploads(found: Reckoning, uploads: Iterable[tuple[str, bytes]], ledger: Ledger) -> None:
    """Everything that ever reached a server is a rendition, shown in a post or not."""
    known = set().union(*map(ledger.hashes, ledger.posts()))
    for where, data in uploads:
        if sha256(data) not in known:
            found.unprotected += 1
            found.differences.append(f"{where}: bytes that are no rendition")
