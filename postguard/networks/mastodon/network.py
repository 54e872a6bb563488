"""Mastodon and its relatives: one account on one server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from postguard.errors import LoggedOut, Refused
from postguard.language import _
from postguard.model import Draft, Json, Limits, Receipt, Shown, Sighting, Words
from postguard.networks.mastodon.changing import (
    Changes,
    Status,
    Wanted,
    focus_of,
    stands_refused,
    url_of,
)
from postguard.networks.mastodon.client import MastodonClient, Missing
from postguard.networks.mastodon.finding import alike, find_parts, recent, resolve, shaped_alike
from postguard.networks.mastodon.instance import QUOTES_SINCE, api_version, ask, limits_of
from postguard.networks.mastodon.login import NEEDED, covers
from postguard.networks.mastodon.parts import Part, parts_in, parts_of, pictures_of, rows_of
from postguard.networks.mastodon.rules import lacking, objections, wider
from postguard.networks.mastodon.sending import Sending
from postguard.networks.mastodon.shown import shown_of
from postguard.ports import Clock
from postguard.settings.schema import MastodonAccount

__all__ = ["Mastodon", "objections"]

LIMITS_LIVE = timedelta(minutes=30)


class Mastodon:
    """A `ports.Network`: one account on one server.

    Args:
        name: the account as the config names it.
        token: returns the access token. May raise LoggedOut.
        new_key: makes the Idempotency-Keys of a plan.
        timeout: seconds after which a silent server is given up; None: as many as is usual.
    """

    def __init__(
        self,
        name: str,
        account: MastodonAccount,
        token: Callable[[], str],
        clock: Clock,
        *,
        new_key: Callable[[], UUID] = uuid4,
        timeout: float | None = None,
    ) -> None:
        self._account = account
        self._token = token
        self._clock = clock
        self._new_key = new_key
        self._timeout = timeout
        self._client = MastodonClient(name, account.instance, token, clock, timeout)
        self._changes = Changes(self._client)
        self._said: tuple[datetime, dict[str, Any]] | None = None
        self._begun: dict[str, list[Status]] = {}

    def limits(self) -> Limits:
        """Return what the server takes, as it says itself. Raises Retryable."""
        return limits_of(self._instance())

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        """Return why these words cannot be posted exactly as asked."""
        return objections(words, images, limits)

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        """Cut the post into its parts, each with a key; notes the account's newest post, behind
        which this one will stand, and the post that it answers.

        Raises:
            Retryable: the server cannot be asked now.
            LoggedOut: it does not take the token any more.
            Refused: it does not know the post to answer.
        """
        who = self._who()
        newest = self._client.call(lambda c: c.account_statuses(who, limit=1))
        return {
            "createdAt": now.astimezone(UTC).isoformat(timespec="milliseconds"),
            "account": who,
            "after": str(newest[0].id) if newest else "",
            "answers": resolve(self._client, draft.reply_to) if draft.reply_to else "",
            "parts": rows_of(parts_of(draft, self.limits(), self._new_key)),
        }

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        """Upload the pictures, wait until the server has worked on them, then post.

        A thread goes on behind the parts that `find` has seen of this plan. What came back not as
        it was asked is mended or taken back.
        """
        parts = parts_in(plan)
        policies = api_version(self._instance()) >= QUOTES_SINCE
        sending = Sending(self._client, self._changes, self._clock, policies)
        statuses = sending.send(draft, plan, self._begun.pop(parts[0].key, ()))
        return _receipt(statuses)

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        """Look through the account's posts behind the one that was newest when it was planned.

        Raises:
            Refused: it stands there, but shows more than was asked, or is not whole; or another
                account may have it.
            Unsure: it is not among the many newer ones that could be looked through.
        """
        self._refuse_other(str(plan["account"]), _("this post was begun"))
        parts = parts_in(plan)
        statuses = find_parts(self._client, plan, taken)
        for status, part in zip(statuses, parts, strict=False):
            if wrong := [*wider(status, draft.words), *lacking(status, part.alts)]:
                raise stands_refused(status, wrong)
        if len(statuses) == len(parts):
            return _receipt(statuses)
        if statuses:  # the first parts of a thread, which `send` goes on with
            self._begun[parts[0].key] = statuses
        return None

    def look_for(
        self, drafts: Sequence[Draft], since: datetime, taken: Collection[str] = ()
    ) -> list[list[Sighting]]:
        """Compare text, warning, alt texts and shapes with the account's posts since then.

        Raises:
            Unsure: it has more posts since then than can be looked through.
        """
        limits, statuses = self.limits(), recent(self._client, self._who(), since)
        return [
            _sightings(statuses, draft.words, parts_of(draft, limits, str), since, taken)
            for draft in drafts
        ]

    def read_back(self, receipt: Receipt) -> Shown | None:
        """Return the post as it is shown, a thread in one; None: its first status is gone."""
        statuses = self._standing(receipt)
        if not statuses or str(statuses[0]["id"]) != _ids(receipt)[0]:
            return None
        return shown_of(statuses, [self._changes.text_of(status) for status in statuses])

    def edit(self, draft: Draft, receipt: Receipt) -> Receipt:
        """Change text, warning, alt texts, language and focal points to the draft's.

        Raises:
            Refused: the server changes no posts, the audience is to change, the text needs
                another number of posts than stand there, or it is another account's.
        """
        self._refuse_other(_account(receipt), _("{url} was posted").format(url=receipt.url))
        statuses, wanted = self._standing(receipt), self._wanted(draft)
        if len(statuses) != len(_ids(receipt)):
            raise Refused(
                _("{url} is not there any more, so it cannot be changed").format(url=receipt.url)
            )
        if len(wanted) != len(statuses):
            raise Refused(
                _(
                    "it stands there in {count} posts and would now need {needed}: `postguard "
                    "retract` deletes it, and it can be posted anew"
                ).format(count=len(statuses), needed=len(wanted))
            )
        if str(statuses[0].get("visibility")) != draft.words.visibility.value:
            raise Refused(
                _(
                    "no server changes who sees a post that stands: `postguard retract` deletes "
                    "it, and it can be posted anew"
                )
            )
        changed = [self._changes.change(*each) for each in zip(statuses, wanted, strict=True)]
        return _receipt(changed)

    def retract(self, receipt: Receipt) -> None:
        """Delete the post, of a thread the last part first. Raises Refused for another account's,
        which the server may not even show."""
        self._refuse_other(_account(receipt), _("{url} was posted").format(url=receipt.url))
        for identity in reversed(_ids(receipt)):
            self._changes.delete(identity)

    def check(self) -> str:
        """Return who is logged in, in words.

        Raises:
            Retryable: the server cannot be asked now.
            LoggedOut: it does not take the token any more, or not for posting.
        """
        who = self._client.call(lambda c: c.account_verify_credentials())
        granted = self._scopes() or NEEDED
        if missing := [scope for scope in NEEDED if not covers(granted, scope)]:
            raise LoggedOut(
                _(
                    "{host} does not let postguard do all that posting needs (it lacks "
                    "{missing}); run `postguard login {name}`"
                ).format(
                    host=self._client.host, missing=", ".join(missing), name=self._client.name
                )
            )
        limited = _(", but its moderators limit whom it reaches") if who.get("limited") else ""
        return _("logged in as @{acct} on {host}{limited}").format(
            acct=who.acct, host=self._client.host, limited=limited
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _scopes(self) -> Sequence[str]:
        """Return what the token's app may do; empty where the server does not tell."""
        try:
            app = self._client.call(lambda c: c.app_verify_credentials())
        except (Refused, LoggedOut):  # relatives; the token itself was taken a moment ago
            return ()
        return [str(scope) for scope in app.get("scopes") or ()]

    def _refuse_other(self, account: str, what: str) -> None:
        """Raise Refused where another account is logged in now. `account`: empty: not known."""
        if account and self._who() != account:
            raise Refused(
                _(
                    "{name} is logged in to another account now than when {what}: look after it "
                    "in the account of that time"
                ).format(name=self._client.name, what=what),
                stands=True,
            )

    def _who(self) -> str:
        return str(self._client.call(lambda c: c.account_verify_credentials().id))

    def _instance(self) -> dict[str, Any]:
        now = self._clock.now()
        if self._said is None or not timedelta(0) <= now - self._said[0] < LIMITS_LIVE:
            self._said = (now, ask(self._account.instance, self._token, self._timeout))
        return self._said[1]

    def _standing(self, receipt: Receipt) -> list[Status]:
        """Return the statuses of a receipt that are there."""
        return [found for each in _ids(receipt) if (found := self._status(each)) is not None]

    def _status(self, identity: str) -> Status | None:
        try:
            status: Status = self._client.call(lambda c: c.status(identity))
        except Missing:
            return None
        return status

    def _wanted(self, draft: Draft) -> list[Wanted]:
        parts: Sequence[Part] = parts_of(draft, self.limits(), str)
        return [
            Wanted(part, draft.words, focus_of(draft.words, heap))
            for part, heap in zip(parts, pictures_of(draft, parts), strict=True)
        ]


def _ids(receipt: Receipt) -> list[str]:
    ids = receipt.answer.get("ids")
    return [str(each) for each in ids] if isinstance(ids, list) else []


def _account(receipt: Receipt) -> str:
    return str(receipt.answer.get("account") or "")


def _sightings(
    statuses: Sequence[Status],
    words: Words,
    parts: Sequence[Part],
    since: datetime,
    taken: Collection[str],
) -> list[Sighting]:
    said = [
        Sighting(_receipt(found), sure=whole)
        for found, whole in alike(statuses, parts, since, taken)
    ]
    told = {*taken, *(each.receipt.uri for each in said)}
    shaped = shaped_alike(statuses, parts[0], since, told, reply=bool(words.reply_to))
    return said + [Sighting(_receipt([s]), sure=False, by_shape=True) for s in shaped]


def _receipt(statuses: Sequence[Status]) -> Receipt:
    """Return the receipt of a post: of a thread that of its first status, with the ids of all."""
    first = statuses[0]
    answer: dict[str, Json] = {
        "ids": [str(each["id"]) for each in statuses],
        "visibility": str(first["visibility"]),
        "account": str(first["account"]["id"]),
    }
    at = first["created_at"].astimezone(UTC)
    return Receipt(str(first["uri"]), url_of(first), at, answer)
