"""Reads what the audit judges of a Bluesky account. Writes nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from postguard.errors import LoggedOut, Refused, Retryable
from postguard.imaging.private import told_by
from postguard.language import _
from postguard.networks.bluesky import pds
from postguard.networks.bluesky.login import Health, session_health
from postguard.networks.bluesky.record import POST, POSTGATE, THREADGATE
from postguard.networks.bluesky.repo import Repo
from postguard.networks.bluesky.session import BlueskySession

PROFILE = "app.bsky.actor.profile"
AI = "community.lexicon.preference.ai"
INTENTS = "org.user-intents.declaration"
CHAT = "chat.bsky.actor.declaration"
NOTICES = "app.bsky.notification.declaration"
FOLLOW = "app.bsky.graph.follow"
GATES = "app.bsky.actor.defs#postInteractionSettingsPref"
BRIDGE = "ap.brid.gy"
_NEWEST = "100"
_POSTS = 20  # newest posts with pictures that are looked at
_DOWNLOADS = 12  # newest pictures that postguard did not make itself
_FOLLOW_PAGES = 20
_CID_HEAD = 4  # bytes before the digest: version, codec, hash, length
_SHA256_BYTES = 32

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a post.

    Attributes:
        side: the longest side in pixels; 0: unknown.
        ours: postguard made these bytes, so they passed its own look at private metadata.
        private: what the file tells beside the picture, in words; None: not looked at.
    """

    cid: str
    alt: str
    side: int
    ours: bool
    private: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class ArtPost:
    """One of the account's newest posts with pictures."""

    uri: str
    gate: Record | None
    replies_open: bool
    pictures: tuple[Picture, ...]

    @property
    def rkey(self) -> str:
        """The key that the post shares with its gates."""
        return self.uri.rpartition("/")[2]

    @property
    def quotable(self) -> bool:
        """Whether everybody may quote it."""
        return self.gate is None or not forbids_quotes(self.gate)


@dataclass(frozen=True, slots=True)
class BlueskyFacts:
    """What an account on Bluesky says of itself; None: it could not be asked.

    Attributes:
        login: what the session says of the password that opened it.
        overrides: AI preferences for parts of the account, beside the general ones.
        home: host of the PDS that holds the account, as its DID document says.
        bridged: the account follows the bridge to the fediverse.
    """

    session: Record
    login: Health | None
    passwords: tuple[Record, ...] | None
    profile: Record | None
    ai: Record | None
    overrides: tuple[Record, ...]
    intents: Record | None
    gates: Record | None
    preferences_told: bool
    posts: tuple[ArtPost, ...]
    home: str
    image_bytes: int | None
    service: str
    chat: Record | None
    notices: Record | None
    bridged: bool | None


@dataclass(frozen=True, slots=True)
class BlueskyReader:
    """Reads one account.

    Args:
        saved: returns the session as it is kept; its token tells the scope.
        ours: of these SHA-256 (hex), returns those of files that postguard made.
    """

    session: BlueskySession
    service: str
    saved: Callable[[], str | None]
    ours: Callable[[Collection[str]], Collection[str]]
    bridge: str = BRIDGE

    def read(self) -> BlueskyFacts:
        """Read everything.

        Raises:
            LoggedOut: nobody is let in, or the account is not active: nothing else can be read.
            Retryable: the server cannot be asked now.
        """
        session = self.session.query("com.atproto.server.getSession")
        if session.get("active") is False:
            raise LoggedOut(
                _("the account is {state}").format(state=session.get("status") or _("not active"))
            )
        did = self.session.did
        preferences = self._asked("app.bsky.actor.getPreferences", "preferences")
        return BlueskyFacts(
            session=session,
            login=session_health(self.saved() or ""),
            passwords=self._asked("com.atproto.server.listAppPasswords", "passwords"),
            profile=self._record(did, PROFILE),
            ai=self._record(did, AI),
            overrides=self._overrides(did),
            intents=self._record(did, INTENTS),
            gates=next((p for p in preferences or () if p.get("$type") == GATES), None),
            preferences_told=preferences is not None,
            posts=self._posts(did),
            home=self._home(did),
            image_bytes=self._image_bytes(),
            service=urlsplit(self.service).netloc,
            chat=self._record(did, CHAT),
            notices=self._record(did, NOTICES),
            bridged=self._bridged(did),
        )

    def _image_bytes(self) -> int | None:
        try:
            return pds.image_bytes(self.service)
        except Retryable:
            return None

    def _asked(self, method: str, key: str) -> tuple[Record, ...] | None:
        try:
            return tuple(self.session.query(method).get(key) or ())
        except Refused:
            return None

    def _record(self, did: str, collection: str) -> Record | None:
        found = Repo(self.session).record(did, collection, "self")
        return None if found is None else cast(Record, found["value"])

    def _records(self, did: str, collection: str) -> list[Record]:
        answer = self.session.query(
            "com.atproto.repo.listRecords", repo=did, collection=collection, limit=_NEWEST
        )
        return list(answer.get("records") or ())

    def _overrides(self, did: str) -> tuple[Record, ...]:
        found = [r["value"] for r in self._records(did, AI)]
        general = f"{AI}#globalScope"
        return tuple(v for v in found if (v.get("scope") or {}).get("$type") != general)

    def _posts(self, did: str) -> tuple[ArtPost, ...]:
        listed = self._records(did, POST)
        newest = [(str(r["uri"]), i) for r in listed if (i := _images(r["value"]))][:_POSTS]
        digests = {c: _sha256(c) for _, images in newest for c in map(_cid, images)}
        ours = self.ours([d for d in digests.values() if d])
        looked = _Looked(self.session, did, {c for c, d in digests.items() if d in ours})
        gates = {_rkey(r): r["value"] for r in self._records(did, POSTGATE)}
        gated = {_rkey(r) for r in self._records(did, THREADGATE) if "allow" in r["value"]}
        return tuple(
            ArtPost(
                uri=uri,
                gate=gates.get(uri.rpartition("/")[2]),
                replies_open=uri.rpartition("/")[2] not in gated,
                pictures=tuple(looked.at(i) for i in images),
            )
            for uri, images in newest
        )

    def _home(self, did: str) -> str:
        answer = self.session.query("com.atproto.repo.describeRepo", repo=did)
        for service in (answer.get("didDoc") or {}).get("service") or ():
            if service.get("type") == "AtprotoPersonalDataServer":
                return urlsplit(str(service.get("serviceEndpoint"))).netloc
        return ""

    def _bridged(self, did: str) -> bool | None:
        try:
            other = Repo(self.session).resolve(self.bridge)
        except Retryable:
            return None
        return None if other is None else self._follows(did, other)

    def _follows(self, did: str, other: str) -> bool | None:
        more: dict[str, str] = {}
        for _page in range(_FOLLOW_PAGES):
            page = self.session.query(
                "com.atproto.repo.listRecords",
                **{"repo": did, "collection": FOLLOW, "limit": _NEWEST, **more},
            )
            if any(r["value"].get("subject") == other for r in page.get("records") or ()):
                return True
            if not page.get("cursor"):
                return False
            more = {"cursor": str(page["cursor"])}
        return None


class _Looked:
    """Looks at pictures, fetching the few newest that are not ours."""

    def __init__(self, session: BlueskySession, did: str, ours: Collection[str]) -> None:
        self._session, self._did, self._ours = session, did, ours
        self._left = _DOWNLOADS

    def at(self, image: Record) -> Picture:
        cid, alt = _cid(image), str(image.get("alt") or "")
        shape = image.get("aspectRatio") or {}
        side = max(int(shape.get("width") or 0), int(shape.get("height") or 0))
        if cid in self._ours:
            return Picture(cid, alt, side, ours=True, private=())
        if self._left == 0:
            return Picture(cid, alt, 0, ours=False, private=None)
        self._left -= 1
        told = told_by(self._bytes(cid))
        if told is None:
            return Picture(cid, alt, 0, ours=False, private=None)
        return Picture(cid, alt, max(told.width, told.height), ours=False, private=told.private)

    def _bytes(self, cid: str) -> bytes:
        try:
            return self._session.download("com.atproto.sync.getBlob", did=self._did, cid=cid)
        except (Refused, Retryable):
            return b""


def forbids_quotes(gate: Record) -> bool:
    """Return whether a postgate, or the default for new ones, lets nobody quote."""
    rules = gate.get("embeddingRules") or gate.get("postgateEmbeddingRules") or ()
    return any(rule.get("$type") == f"{POSTGATE}#disableRule" for rule in rules)


def _images(post: Record) -> list[Record]:
    embed = post.get("embed") or {}
    embed = embed.get("media") or embed  # a quote with pictures holds them one level deeper
    return [i for i in embed.get("images") or embed.get("items") or () if i.get("image")]


def _cid(image: Record) -> str:
    return str((image["image"].get("ref") or {}).get("$link") or "")


def _sha256(cid: str) -> str:
    """Return the digest (hex) that a blob's name holds; empty where it is another kind."""
    try:
        raw = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))
    except ValueError:
        return ""
    digest = raw[_CID_HEAD:]
    return digest.hex() if len(digest) == _SHA256_BYTES else ""


def _rkey(listed: Record) -> str:
    return str(listed["uri"]).rpartition("/")[2]
