"""Mastodon and its relatives: one account on one server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from postguard.errors import Refused, Retryable
from postguard.model import (
    Draft,
    Json,
    Limits,
    Quotes,
    Receipt,
    Rendition,
    Replies,
    Shown,
    Visibility,
    Words,
    body,
)
from postguard.networks.mastodon_client import MastodonClient
from postguard.networks.mastodon_instance import (
    QUOTES_SINCE,
    api_version,
    ask,
    limits_of,
    print_of,
    shown_text,
)
from postguard.networks.picture import bytes_of
from postguard.networks.text import MASTODON_LINK_LENGTH, alt_of, graphemes, mastodon_length
from postguard.ports import Clock
from postguard.settings.schema import MastodonAccount

LIMITS_LIVE = timedelta(minutes=30)
# Seconds between two looks at an upload that the server still works on: two minutes in all.
POLLS = (0.5, 1, 1, 2, 3, 5, 5, 5, *[10] * 10)
_LOOKED_THROUGH = 40  # the most that servers give at once
_WIDEST_FIRST = tuple(Visibility)
_OPEN = {Visibility.PUBLIC, Visibility.UNLISTED}
_QUOTERS = {Quotes.FOLLOWERS: {"public"}, Quotes.NOBODY: {"public", "followers"}}


class Mastodon:
    """A `ports.Network`: one account on one server.

    Args:
        name: the account as the config names it.
        token: returns the access token. May raise LoggedOut.
        new_key: makes the Idempotency-Key of a plan.
    """

    def __init__(
        self,
        name: str,
        account: MastodonAccount,
        token: Callable[[], str],
        clock: Clock,
        *,
        new_key: Callable[[], UUID] = uuid4,
    ) -> None:
        self._account = account
        self._token = token
        self._clock = clock
        self._new_key = new_key
        self._client = MastodonClient(name, account.instance, token)
        self._said: tuple[datetime, dict[str, Any]] | None = None

    def limits(self) -> Limits:
        """Return what the server takes, as it says itself. Raises Retryable."""
        return limits_of(self._instance())

    def objections(self, words: Words, images: int, limits: Limits) -> list[str]:
        """Return why these words cannot be posted exactly as asked."""
        return objections(words, images, limits)

    def plan(self, draft: Draft, now: datetime) -> dict[str, Json]:
        """Make the key; notes the account's newest post, behind which this one will stand.

        Raises:
            Retryable: the server cannot be asked now.
            LoggedOut: it does not take the token any more.
        """
        who = self._client.call(lambda c: c.account_verify_credentials().id)
        newest = self._client.call(lambda c: c.account_statuses(who, limit=1))
        return {
            "key": str(self._new_key()),
            "createdAt": now.astimezone(UTC).isoformat(timespec="milliseconds"),
            "account": str(who),
            "after": str(newest[0].id) if newest else "",
            "text": print_of(body(draft.words)),
            "cw": print_of(draft.words.cw),
            "alts": [print_of(alt_of(draft.words, r)) for r in draft.renditions],
        }

    def send(self, draft: Draft, plan: Mapping[str, Json]) -> Receipt:
        """Upload the pictures, wait until the server has worked on them, then post."""
        ids = [self._upload(rendition, draft.words) for rendition in draft.renditions]
        fields = self._fields(draft.words, ids, str(plan["key"]))
        status = self._client.call(lambda c: c.status_post(**fields), writing=True)
        return self._receipt(status, draft)

    def find(
        self, draft: Draft, plan: Mapping[str, Json], taken: Collection[str] = ()
    ) -> Receipt | None:
        """Look through the account's posts behind the one that was newest when it was planned."""
        more = {"min_id": plan["after"]} if plan["after"] else {}
        statuses = self._client.call(
            lambda c: c.account_statuses(
                plan["account"], exclude_reblogs=True, limit=_LOOKED_THROUGH, **more
            )
        )
        for status in statuses:
            if _is_planned(status, plan):
                return self._receipt(status, draft)
        return None

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
        who = self._client.call(lambda c: c.account_verify_credentials())
        return f"logged in as @{who.acct} on {self._client.host}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _instance(self) -> dict[str, Any]:
        now = self._clock.now()
        if self._said is None or not timedelta(0) <= now - self._said[0] < LIMITS_LIVE:
            self._said = (now, ask(self._account.instance, self._token))
        return self._said[1]

    def _fields(self, words: Words, ids: Sequence[str], key: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "status": body(words),
            "media_ids": list(ids) or None,
            "visibility": words.visibility.value,
            "spoiler_text": words.cw or None,
            "sensitive": bool(words.cw or words.labels),
            "language": _language(words.langs),
            "idempotency_key": key,
        }
        # Without it the account's own default holds, which may be narrower than "everyone".
        asked = words.quotes is not Quotes.EVERYONE and words.visibility in _OPEN
        if asked and api_version(self._instance()) >= QUOTES_SINCE:
            fields["quote_approval_policy"] = words.quotes.value
        return fields

    def _upload(self, rendition: Rendition, words: Words) -> str:
        alt = alt_of(words, rendition)
        data = bytes_of(rendition)
        name = f"picture.{rendition.mime.rpartition('/')[2]}"  # never the artist's file name
        media = self._client.call(
            lambda c: c.media_post(
                data, mime_type=rendition.mime, description=alt or None, file_name=name
            )
        )
        self._wait_for(media)
        return str(media.id)

    def _wait_for(self, media: Any) -> None:  # noqa: ANN401  # Mastodon.py's own type
        identity = media.id
        for seconds in POLLS:
            if media.get("url"):
                return
            self._clock.wait(seconds)
            media = self._client.call(lambda c: c.media(identity))
        if not media.get("url"):
            raise Retryable(f"{self._client.host} is still working on the pictures")

    def _receipt(self, status: Any, draft: Draft) -> Receipt:  # noqa: ANN401  # Mastodon.py's own
        """Return the receipt of a status that is as it was asked for.

        Raises:
            Refused: the server made something else of it.
        """
        url = str(status.get("url") or status.uri)
        if wrong := differences(status, draft):
            raise Refused(
                f"{url} stands there {' and '.join(wrong)}: look at it and delete it if it must "
                "not stay",
                stands=True,
            )
        answer: dict[str, Json] = {"id": str(status.id), "visibility": str(status.visibility)}
        return Receipt(uri=str(status.uri), url=url, at=status.created_at, answer=answer)


def objections(words: Words, images: int, limits: Limits) -> list[str]:
    """Return why this server cannot post these words exactly as asked; empty: it can."""
    return [*_size_objections(words, images, limits), *_audience_objections(words, limits)]


def differences(status: Mapping[str, Any], draft: Draft) -> list[str]:
    """Return in what a status differs from what was asked, where it shows more or is not whole."""
    words, wrong = draft.words, []
    made, asked = len(status.get("media_attachments") or ()), len(draft.renditions)
    if made != asked:
        wrong.append(f"with {made} of its {asked} pictures")
    if _wider(str(status.get("visibility")), words.visibility):
        wrong.append(f"as {status.get('visibility')} although {words.visibility.value} was asked")
    if words.cw and not status.get("spoiler_text"):
        wrong.append("without its content warning")
    if (words.cw or words.labels) and not status.get("sensitive"):
        wrong.append("without being marked as sensitive")
    automatic = set((status.get("quote_approval") or {}).get("automatic") or ())
    if automatic & _QUOTERS.get(words.quotes, set()):
        wrong.append("open to be quoted")
    return wrong


def _size_objections(words: Words, images: int, limits: Limits) -> list[str]:
    link = MASTODON_LINK_LENGTH if limits.link_length is None else limits.link_length
    length, found = mastodon_length(body(words), words.cw, link), []
    if length > limits.text:
        found.append(
            f"text and content warning have {length} characters; the server takes {limits.text}"
        )
    if images > limits.images:
        found.append(f"{images} pictures in one post; the server takes {limits.images}")
    for number, alt in enumerate(words.alts, start=1):
        if (long := graphemes(alt)) > limits.alt:
            found.append(
                f"the alt text of picture {number} has {long} characters; "
                f"the server takes {limits.alt}"
            )
    return found


def _audience_objections(words: Words, limits: Limits) -> list[str]:
    found = []
    if words.replies is not Replies.EVERYONE:
        found.append('Mastodon cannot limit replies: say replies = "everyone"')
    narrow = words.quotes is not Quotes.EVERYONE and words.visibility in _OPEN
    if narrow and not limits.quote_policy:
        found.append('this server cannot limit quotes: say quotes = "everyone"')
    return found


def _is_planned(status: Mapping[str, Any], plan: Mapping[str, Json]) -> bool:
    alts = [print_of(m.get("description") or "") for m in status.get("media_attachments") or ()]
    shown = print_of(shown_text(str(status.get("content") or "")))
    # A server fills an empty text that has a content warning, so an empty one fits any.
    same_text = not plan["text"] or shown == plan["text"]
    same_cw = print_of(str(status.get("spoiler_text") or "")) == plan["cw"]
    return same_text and same_cw and alts == plan["alts"]


def _wider(made: str, asked: Visibility) -> bool:
    order = [visibility.value for visibility in _WIDEST_FIRST]
    return made not in order or order.index(made) < order.index(asked.value)


def _language(langs: Sequence[str]) -> str | None:
    """Mastodon keeps one language; regions only where they change the script."""
    if not langs:
        return None
    return langs[0] if langs[0].lower().startswith("zh-") else langs[0].split("-")[0].lower()
