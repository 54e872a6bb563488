"""Bluesky: one account on a PDS. The post and its gates are one commit under a key made before."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from postguard.errors import LoggedOut, Refused, Unsure
from postguard.model import (
    Draft,
    Json,
    Limits,
    Quotes,
    Receipt,
    Rendition,
    Shown,
    Visibility,
    Words,
    body,
)
from postguard.networks.bluesky_record import POST, Tids, blob_cid, handles, writes
from postguard.networks.bluesky_session import BlueskySession
from postguard.networks.pds import image_bytes
from postguard.networks.picture import bytes_of
from postguard.networks.text import graphemes
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount

MAX_GRAPHEMES = 300
MAX_BYTES = 3000  # of UTF-8
MAX_ALT = 2000
MAX_IMAGES = 4
MAX_LANGS = 3
MAX_LABELS = 10
MAX_SIDE = 4000  # the app's own; the picture is served inside 2000 pixels
LABELS = ("sexual", "nudity", "porn", "graphic-media")


class Bluesky:
    """A `ports.Network`: one account on Bluesky.

    Args:
        name: the account as the config names it.
        password, load, save: the app password and the saved session; see BlueskySession.
        clock_id: in [0, 1023], tells the keys of two PCs apart; at random where it is None.
    """

    def __init__(
        self,
        name: str,
        account: BlueskyAccount,
        password: Callable[[], str],
        load: Callable[[], str | None],
        save: Callable[[str], None],
        clock: Clock,
        *,
        clock_id: int | None = None,
    ) -> None:
        self._account = account
        self._clock = clock
        self._session = BlueskySession(name, account, password, load, save, clock)
        # Only tells two machines' keys apart: nothing secret.
        self._tids = Tids(random.randrange(1024) if clock_id is None else clock_id)  # noqa: S311
        self._limits: Limits | None = None

    def limits(self) -> Limits:
        """Return what Bluesky takes; of a PDS of one's own the version is asked once."""
        if self._limits is None:
            size = image_bytes(self._account.service)
            self._limits = limits_for(size)
        return self._limits

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        """Return why these words cannot be posted exactly as asked."""
        return objections(words, images, limits)

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        """Make the key and the whole record; asks who the mentioned handles are.

        Raises:
            Retryable: the PDS cannot be asked now.
            LoggedOut: it does not know this account any more.
        """
        dids = {h: did for h in handles(draft.words) if (did := self._resolve(h)) is not None}
        rkey, did = self._tids.next(now), self._session.did
        return {"did": did, "rkey": rkey, "writes": writes(draft, did, rkey, now, dids)}

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        """Upload the pictures, then make post and gates in one commit."""
        if plan["did"] != self._session.did:
            raise Refused(
                "another account goes by this name than the one that this post was begun for; "
                "look whether it stands there, and drop the picture again to post it here",
                stands=True,
            )
        for rendition in draft.renditions:
            self._upload(rendition)
        call: dict[str, Json] = {"repo": plan["did"], "writes": plan["writes"]}
        answer = self._session.write("com.atproto.repo.applyWrites", call)
        commit = answer.get("commit") or {}
        return self._receipt(plan, self._clock.now(), {"commit": commit.get("cid")})

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        """Ask for the record under the plan's key; `draft` plays no part."""
        found = self._record(str(plan["did"]), POST, str(plan["rkey"]))
        if found is None:
            return None
        planned = _planned_post(plan)
        if found.get("value") != planned:
            url = self._url(plan)
            said = f"another post than the planned one stands at {url}: look at it first"
            raise Refused(said, stands=True)
        made = datetime.fromisoformat(str(planned["createdAt"]))
        return self._receipt(plan, made.astimezone(UTC), {"cid": found.get("cid")})

    def read_back(self, receipt: Receipt) -> Shown | None:
        """Return the post as it is shown."""
        raise NotImplementedError

    def edit(self, draft: Draft, receipt: Receipt) -> Receipt:
        """Change the words."""
        raise NotImplementedError

    def retract(self, receipt: Receipt) -> None:
        """Delete the post."""
        raise NotImplementedError

    def check(self) -> str:
        """Return who is logged in, in words. Raises Retryable or LoggedOut."""
        answer = self._session.query("com.atproto.server.getSession")
        if answer.get("active") is False:
            raise LoggedOut(f"@{self._account.handle} is not active: {answer.get('status')}")
        return f"logged in as @{answer.get('handle')} ({answer.get('did')})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _resolve(self, handle: str) -> str | None:
        """Return the account behind a handle; None where there is none: then it stays text."""
        try:
            answer = self._session.query("com.atproto.identity.resolveHandle", handle=handle)
        except Refused:
            return None
        return cast(str, answer["did"])

    def _upload(self, rendition: Rendition) -> None:
        answer = self._session.upload(bytes_of(rendition), rendition.mime)
        blob = answer.get("blob") or {}
        if (blob.get("ref") or {}).get("$link") != blob_cid(rendition.sha256):
            raise Refused("the server stored other bytes than were sent, so nothing was posted")

    def _record(self, did: str, collection: str, rkey: str) -> dict[str, Any] | None:
        try:
            return self._session.query(
                "com.atproto.repo.getRecord", repo=did, collection=collection, rkey=rkey
            )
        except Refused as exc:
            if exc.__cause__ is not None and "RecordNotFound" in str(exc.__cause__):
                return None
            raise Unsure(str(exc)) from exc

    def _receipt(
        self, plan: Mapping[str, Json], at: datetime, answer: Mapping[str, Json]
    ) -> Receipt:
        uri = f"at://{plan['did']}/{POST}/{plan['rkey']}"
        return Receipt(uri=uri, url=self._url(plan), at=at, answer=answer)

    def _url(self, plan: Mapping[str, Json]) -> str:
        return f"https://bsky.app/profile/{self._account.handle}/post/{plan['rkey']}"


def login(name: str, account: BlueskyAccount, password: str, clock: Clock) -> str:
    """Open a session with an app password and return it as text to be saved.

    Raises:
        LoggedOut: handle and password do not fit.
        Retryable: the server cannot be reached.
    """
    saved: list[str] = []
    session = BlueskySession(name, account, lambda: password, lambda: None, saved.append, clock)
    try:
        session.query("com.atproto.server.getSession")
    finally:
        session.close()
    return saved[-1]


def limits_for(size: int) -> Limits:
    """Return Bluesky's limits with pictures of at most `size` bytes."""
    return Limits(
        fit=f"bluesky-{size}",
        text=MAX_GRAPHEMES,
        alt=MAX_ALT,
        images=MAX_IMAGES,
        image_bytes=size,
        side=MAX_SIDE,
    )


def objections(words: Words, images: int, limits: Limits) -> list[str]:
    """Return why Bluesky cannot post these words exactly as asked; empty: it can."""
    return [*_size_objections(words, images, limits), *_audience_objections(words)]


def _size_objections(words: Words, images: int, limits: Limits) -> list[str]:
    found, text = [], body(words)
    length, size = graphemes(text), len(text.encode())
    if length > limits.text:
        found.append(f"the text has {length} characters; Bluesky takes {limits.text}")
    elif size > MAX_BYTES:
        found.append(f"the text has {size} bytes; Bluesky takes {MAX_BYTES}: shorten it")
    if images > limits.images:
        found.append(f"{images} pictures in one post; Bluesky takes {limits.images}")
    for number, alt in enumerate(words.alts, start=1):
        if (long := graphemes(alt)) > limits.alt:
            found.append(
                f"the alt text of picture {number} has {long} characters; "
                f"Bluesky takes {limits.alt}"
            )
    if len(words.langs) > MAX_LANGS:
        found.append(f"{len(words.langs)} languages; Bluesky takes {MAX_LANGS}")
    return found


def _audience_objections(words: Words) -> list[str]:
    found = []
    if words.visibility is not Visibility.PUBLIC:
        found.append(f"every post on Bluesky is public; it cannot be {words.visibility.value}")
    if words.quotes is Quotes.FOLLOWERS:
        found.append('Bluesky cannot let only followers quote: say quotes = "nobody"')
    if unknown := [label for label in words.labels if label not in LABELS]:
        found.append(f'Bluesky has no label "{unknown[0]}"; it knows {", ".join(LABELS)}')
    if words.cw and not words.labels:
        # Never wider: a warning put into the text would leave the picture uncovered.
        found.append(
            "Bluesky has no content warning in words: add labels for it in this account's "
            f'table of the sidecar, e.g. labels = ["{LABELS[1]}"] (of {", ".join(LABELS)}), '
            'or cw = "" there'
        )
    return found


def _planned_post(plan: Mapping[str, Json]) -> dict[str, Any]:
    """Return the record of the post itself out of the planned writes."""
    for write in cast(list[dict[str, Any]], plan["writes"]):
        if write["collection"] == POST:
            return cast(dict[str, Any], write["value"])
    raise Refused("what was kept of this post is damaged; drop the picture again to post it")
