"""Bluesky: one account on a PDS. The post and its gates are one commit under a key made before."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from postguard.errors import LoggedOut, Refused, Retryable, Unsure
from postguard.language import _
from postguard.model import Draft, Json, Limits, Receipt, Rendition, Shown, Sighting, Words
from postguard.networks.bluesky.editing import changes
from postguard.networks.bluesky.errors import closed
from postguard.networks.bluesky.finding import Found, alike, made_at, shaped_alike
from postguard.networks.bluesky.names import Tids, blob_cid
from postguard.networks.bluesky.pds import OFFICIAL, image_bytes
from postguard.networks.bluesky.reading import cid_of, images_of, place_of, refuse_other, shown
from postguard.networks.bluesky.record import (
    POST,
    POSTGATE,
    THREADGATE,
    Known,
    Part,
    delete,
    handles,
    parts_of,
    time_of,
    writes,
)
from postguard.networks.bluesky.repo import Repo
from postguard.networks.bluesky.rules import limits_for, most_images, objections
from postguard.networks.bluesky.session import Access, BlueskySession
from postguard.networks.bluesky.turns import Turns
from postguard.networks.picture import bytes_of
from postguard.ports import Clock
from postguard.settings.schema import BlueskyAccount

__all__ = ["Access", "Bluesky", "limits_for", "objections"]

_CDN = "https://cdn.bsky.app/img/feed_fullsize/plain"


class Bluesky:
    """A `ports.Network`: one account on Bluesky.

    Args:
        name: the account as the config names it.
        beside: folder where every process of this PC keeps whose turn it is to renew the session
            and how often it was logged in; None: this is the only one.
        timeout: seconds after which a silent server is given up; None: as many as is usual.
    """

    def __init__(
        self,
        name: str,
        account: BlueskyAccount,
        access: Access,
        clock: Clock,
        beside: Path | None = None,
        timeout: float | None = None,
    ) -> None:
        self._name = name
        self._account = account
        self._clock = clock
        self._timeout = timeout
        turns = Turns(beside, name, clock)
        self._session = BlueskySession(name, account, access, clock, turns, timeout)
        self._repo = Repo(self._session)
        # Only tells two machines' keys apart: nothing secret.
        self._tids = Tids(random.randrange(1024))  # noqa: S311
        self._limits: Limits | None = None

    def limits(self) -> Limits:
        """Return what Bluesky takes; of a PDS of one's own the version is asked once."""
        if self._limits is None:
            size = image_bytes(self._account.service, self._timeout)
            self._limits = limits_for(size, gallery=self._account.gallery)
        return self._limits

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        """Return why these words cannot be posted exactly as asked."""
        return objections(words, images, limits)

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        """Make the keys and the whole records; asks who the mentioned handles are, and which post
        this one answers.

        Raises:
            Retryable: the PDS cannot be asked now.
            Refused: the post that it answers is not there, or its thread lets in more than asked.
            LoggedOut: it does not know this account any more.
        """
        did, words = self._session.did, draft.words
        found = {handle: self._repo.resolve(handle) for handle in handles(words)}
        # An address that was not looked up is looked up here: a post must not lose its thread.
        answered = draft.reply_to or words.reply_to
        reply = self._repo.reply(answered, words) if answered else None
        known = Known(did, {h: did for h, did in found.items() if did is not None}, reply)
        parts = parts_of(draft, most_images(gallery=self._account.gallery))
        rkeys = [self._tids.next(now) for _ in parts]
        made = writes(words, parts, rkeys, now, known)
        return {"did": did, "rkey": rkeys[0], "writes": made}

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        """Upload the pictures, then make posts and gates in one commit. Every try uploads them
        anew: what no record shows is gone within minutes."""
        if plan["did"] != self._session.did:
            raise Refused(
                _(
                    "another account goes by this name than the one that this post was begun "
                    "for; look whether it stands there, and drop the picture again to post it here"
                ),
                stands=True,
            )
        for rendition in draft.renditions:
            self._upload(rendition)
        commit = self._write(str(plan["did"]), cast(list[Json], plan["writes"]))
        return self._receipt(plan, self._clock.now(), {"commit": commit})

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        """Ask for the records under the plan's keys; `draft` plays no part.

        They were made in one commit: where one stands and another does not, or is another,
        somebody has changed it since. Nothing is mended behind the artist's back, nor sent anew.
        """
        planned, url = _planned(plan), self._url(plan)
        found = [self._found(str(plan["did"]), write) for write in planned]
        if not any(found):
            return None
        for write, record in zip(planned, found, strict=True):
            refuse_other(url, write, record)
        made = datetime.fromisoformat(str(planned[0]["value"]["createdAt"]))
        cid = (found[0] or {}).get("cid")
        return self._receipt(plan, made.astimezone(UTC), {"cid": cid})

    def look_for(
        self, drafts: Sequence[Draft], since: datetime, taken: Collection[str] = ()
    ) -> list[list[Sighting]]:
        """Compare texts and pictures with the account's posts since then.

        Raises:
            Unsure: it has more posts since then than can be looked through.
        """
        records = self._repo.posts(self._session.did, since)
        images = most_images(gallery=self._account.gallery)
        return [
            self._sightings(records, each.words, parts_of(each, images), taken) for each in drafts
        ]

    def read_back(self, receipt: Receipt) -> Shown | None:
        """Return the post as its records say, and the digests of the bytes that anybody gets."""
        did, rkeys = place_of(receipt)
        try:
            posts = [self._repo.standing(did, rkey) for rkey in rkeys]
            if posts[0] is None:
                return None
            there = [post for post in posts if post is not None]
            cids = [cid_of(image) for post in there for image in images_of(post.post)]
            digests = tuple(self._repo.digest(did, cid) for cid in cids)
        except Refused as exc:
            raise Retryable(_("the post cannot be looked at now: {exc}").format(exc=exc)) from exc
        return replace(shown(there, lambda cid: self._served(did, cid)), sha256=digests)

    def edit(self, draft: Draft, receipt: Receipt) -> Receipt:
        """Let alt texts, labels, languages, hidden tags and gates be the draft's, in one commit
        that fails where something else was changed meanwhile. See `editing` for why
        another text is refused."""
        did, rkeys = self._own(receipt)
        commit = self._repo.commit(did)
        posts = [self._repo.standing(did, rkey) for rkey in rkeys]
        there = [post for post in posts if post is not None]
        if len(there) != len(posts):
            raise Refused(
                _("{url} is not there any more, or not whole: nothing was changed").format(
                    url=receipt.url
                )
            )
        pictures = sum(len(images_of(post.post)) for post in there)
        if found := objections(draft.words, pictures, self.limits()):
            raise Refused("; ".join(found), stands=True)
        made = changes(draft.words, did, rkeys, there, time_of(self._clock.now()))
        if not made:
            return receipt
        edited = self._write(did, made, swap=commit)
        return replace(receipt, answer={**receipt.answer, "edited": edited})

    def retract(self, receipt: Receipt) -> None:
        """Delete every part of the post and every gate that still stands, in one commit."""
        did, rkeys = self._own(receipt)
        standing = [
            delete(collection, rkey)
            for rkey in rkeys
            for collection in (POST, THREADGATE, POSTGATE)
            if self._repo.record(did, collection, rkey) is not None
        ]
        if standing:
            self._write(did, standing)

    def check(self) -> str:
        """Return who is logged in, in words. Raises Retryable or LoggedOut."""
        answer = self._session.query("com.atproto.server.getSession")
        if answer.get("active") is False:
            raise LoggedOut(closed(self._name, self._account, str(answer.get("status"))))
        return _("logged in as @{handle} ({did})").format(
            handle=answer.get("handle"), did=answer.get("did")
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _upload(self, rendition: Rendition) -> None:
        answer = self._session.upload(bytes_of(rendition), rendition.mime)
        blob = answer.get("blob") or {}
        if (blob.get("ref") or {}).get("$link") != blob_cid(rendition.sha256):
            raise Refused(_("the server stored other bytes than were sent, so nothing was posted"))

    def _write(self, did: str, made: list[Json], swap: str | None = None) -> str:
        """Write one commit and return its name."""
        call: dict[str, Json] = {"repo": did, "writes": made}
        if swap is not None:
            call["swapCommit"] = swap
        answer = self._session.write("com.atproto.repo.applyWrites", call)
        return str((answer.get("commit") or {}).get("cid") or "")

    def _found(self, did: str, write: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the record that stands where this one was to be written."""
        try:
            return self._repo.record(did, write["collection"], write["rkey"])
        except Refused as exc:
            raise Unsure(str(exc)) from exc

    def _own(self, receipt: Receipt) -> tuple[str, list[str]]:
        did, rkeys = place_of(receipt)
        if did != self._session.did:
            raise Refused(
                _(
                    "{url} belongs to another account than the one that goes by this name now; "
                    "change or delete it in Bluesky's app"
                ).format(url=receipt.url),
                stands=True,
            )
        return did, rkeys

    def _served(self, did: str, cid: str) -> str:
        """Return where viewers get a picture: Bluesky's own re-encoded copy, or the bytes
        themselves where we know of no such copy."""
        if self._account.service == OFFICIAL:
            return f"{_CDN}/{did}/{cid}"
        return f"{self._account.service}/xrpc/com.atproto.sync.getBlob?did={did}&cid={cid}"

    def _receipt(self, plan: Mapping[str, Json], at: datetime, answer: dict[str, Json]) -> Receipt:
        rkeys: Json = [w["rkey"] for w in _planned(plan) if w["collection"] == POST]
        uri = f"at://{plan['did']}/{POST}/{plan['rkey']}"
        return Receipt(uri, self._url(plan), at, answer | {"rkeys": rkeys})

    def _sightings(
        self, records: Sequence[Found], words: Words, parts: Sequence[Part], taken: Collection[str]
    ) -> list[Sighting]:
        said = [
            Sighting(self._seen(found), sure=same)
            for found, same in alike(records, words, parts, taken)
        ]
        told = {*taken, *(each.receipt.uri for each in said)}
        shaped = shaped_alike(records, words, parts[0], told)
        return said + [Sighting(self._seen([r]), sure=False, by_shape=True) for r in shaped]

    def _seen(self, found: Sequence[Found]) -> Receipt:
        """Return the receipt of a post, or a thread, that was found standing."""
        rkeys = [str(each["uri"]).rpartition("/")[2] for each in found]
        answer: dict[str, Json] = {"cid": str(found[0]["cid"]), "rkeys": list(rkeys)}
        at = made_at(found[0]).astimezone(UTC)
        return Receipt(str(found[0]["uri"]), self._url({"rkey": rkeys[0]}), at, answer)

    def _url(self, plan: Mapping[str, Json]) -> str:
        return f"https://bsky.app/profile/{self._account.handle}/post/{plan['rkey']}"


def _planned(plan: Mapping[str, Json]) -> list[dict[str, Any]]:
    """Return the planned writes, the first post first."""
    made = cast(list[dict[str, Any]], plan["writes"])
    if not made or made[0]["collection"] != POST:
        raise Refused(
            _("what was kept of this post is damaged; drop the picture again to post it")
        )
    return made
