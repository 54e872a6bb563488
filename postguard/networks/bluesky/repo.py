"""Looks things up on a PDS: records, blobs, handles, and the post that is to be answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from postguard.errors import Refused, Unsure
from postguard.language import _
from postguard.model import Json, Replies, Words
from postguard.networks.bluesky.finding import made_at
from postguard.networks.bluesky.reading import Standing, replies_of
from postguard.networks.bluesky.record import POST, POSTGATE, THREADGATE, allowed
from postguard.networks.bluesky.rules import place_of_post
from postguard.networks.bluesky.session import BlueskySession

_PAGE = "100"  # the most that a PDS gives at once
_MOST_PAGES = 50


class Repo:
    """What can be asked of an account's PDS, which asks others where it does not know itself."""

    def __init__(self, session: BlueskySession) -> None:
        self._session = session

    def record(self, did: str, collection: str, rkey: str) -> dict[str, Any] | None:
        """Return a record with its `uri`, `cid` and `value`; None: there is none.

        Raises:
            Retryable, LoggedOut: as `BlueskySession.query`.
            Refused: the PDS said something else, so nobody knows.
        """
        try:
            return self._session.query(
                "com.atproto.repo.getRecord", repo=did, collection=collection, rkey=rkey
            )
        except Refused as exc:
            if exc.__cause__ is not None and "RecordNotFound" in str(exc.__cause__):
                return None
            raise

    def standing(self, did: str, rkey: str) -> Standing | None:
        """Return a post and its gates; None: there is no such post."""
        post = self._value(did, POST, rkey)
        if post is None:
            return None
        gates = (self._value(did, gate, rkey) for gate in (THREADGATE, POSTGATE))
        return Standing(post, *gates)

    def posts(self, did: str, since: datetime) -> list[Mapping[str, Any]]:
        """Return the account's posts of `since` or later, the newest first.

        Raises:
            Retryable, LoggedOut: as `BlueskySession.query`.
            Unsure: the PDS said something else, or there are more than can be looked through.
        """
        seen: list[Mapping[str, Any]] = []
        ask = {"repo": did, "collection": POST, "limit": _PAGE}
        for _turn in range(_MOST_PAGES):
            try:
                page = self._session.query("com.atproto.repo.listRecords", **ask)
            except Refused as exc:
                raise Unsure(str(exc)) from exc
            records = list(page.get("records") or ())
            seen += [record for record in records if made_at(record) >= since]
            if len(records) == 0 or made_at(records[-1]) < since or not page.get("cursor"):
                return seen
            ask["cursor"] = str(page["cursor"])
        raise Unsure(_("the account has more new posts than can be looked through"))

    def commit(self, did: str) -> str:
        """Return the name of the account's last change, which the next one can build upon."""
        answer = self._session.query("com.atproto.sync.getLatestCommit", did=did)
        return cast(str, answer["cid"])

    def digest(self, did: str, cid: str) -> str:
        """Return the SHA-256 of the bytes that the PDS gives to anybody; empty: it has none."""
        try:
            data = self._session.download("com.atproto.sync.getBlob", did=did, cid=cid)
        except Refused:
            return ""
        return hashlib.sha256(data).hexdigest()

    def resolve(self, handle: str) -> str | None:
        """Return the account behind a handle; None where there is none."""
        try:
            answer = self._session.query("com.atproto.identity.resolveHandle", handle=handle)
        except Refused:
            return None
        return cast(str, answer["did"])

    def reply(self, address: str, words: Words) -> dict[str, Json]:
        """Return the `reply` of a post that answers the one at this address.

        Raises:
            Refused: there is no such post, or its thread lets in more than these words do.
        """
        did, rkey = self._place(address)
        found = self._anywhere(did, POST, rkey)
        if found is None:
            raise Refused(
                _(
                    "the post that this one answers is not there (any more): {address}; nothing "
                    "was posted. Take reply_to out, or name another post"
                ).format(address=address)
            )
        here = {"uri": found["uri"], "cid": found["cid"]}
        root = (found["value"].get("reply") or {}).get("root") or here
        self._refuse_wider(str(root["uri"]), words)
        return {"root": root, "parent": here}

    def _value(self, did: str, collection: str, rkey: str) -> dict[str, Any] | None:
        found = self.record(did, collection, rkey)
        return None if found is None else cast(dict[str, Any], found["value"])

    def _anywhere(self, did: str, collection: str, rkey: str) -> dict[str, Any] | None:
        """Return a record that may lie with another PDS, which refuses in words of its own."""
        try:
            return self.record(did, collection, rkey)
        except Refused:
            return None

    def _place(self, address: str) -> tuple[str, str]:
        """Return account and key of a post by its at:// or web address."""
        place = place_of_post(address)
        if place is None:
            raise Refused(
                _("{address} is not the address of a post on Bluesky; nothing was posted").format(
                    address=address
                )
            )
        who, rkey = place
        did = who if who.startswith("did:") else self.resolve(who.lower())
        if did is None:
            raise Refused(
                _("there is no account @{who} on Bluesky, so its post cannot be answered").format(
                    who=who
                )
            )
        return did, rkey

    def _refuse_wider(self, root: str, words: Words) -> None:
        """Refuse where the rule of the thread, which is all that a reply has, is not as asked."""
        if words.replies is Replies.EVERYONE:
            return
        did, _kind, rkey = root.removeprefix("at://").split("/")
        found = self._anywhere(did, THREADGATE, rkey)
        gate = None if found is None else found["value"]
        allow = None if gate is None else gate.get("allow")
        if allow in ([], allowed(words)):
            return
        rule = replies_of(gate)
        said = _("a rule of its own") if rule is None else f'"{rule}"'
        raise Refused(
            _(
                "who may reply to an answer is ruled by the thread it stands in, here {said}, and "
                'you asked for "{replies}"; nothing was posted. Say replies = "everyone" for '
                "this post if that is right"
            ).format(said=said, replies=words.replies)
        )
