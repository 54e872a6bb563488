"""Posts the parts of a plan: the pictures first, then one status after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from postguard.errors import Refused, Retryable, Unsure
from postguard.language import _
from postguard.model import Draft, Json, Quotes, Rendition
from postguard.networks.mastodon.changing import Changes, Status, Wanted, focus_of, stands_refused
from postguard.networks.mastodon.client import MastodonClient
from postguard.networks.mastodon.parts import Part, parts_in, pictures_of
from postguard.networks.mastodon.rules import OPEN, language_of, sensitive
from postguard.networks.picture import bytes_of
from postguard.networks.text import alt_of
from postguard.ports import Clock

# Seconds between two looks at an upload that the server still works on: two minutes in all.
POLLS = (0.5, 1, 1, 2, 3, 5, 5, 5, *[10] * 10)


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends for one account.

    Attributes:
        quote_policies: whether the server takes them.
    """

    client: MastodonClient
    changes: Changes
    clock: Clock
    quote_policies: bool

    def send(
        self, draft: Draft, plan: Mapping[str, Json], begun: Sequence[Status]
    ) -> list[Status]:
        """Post the parts that are not there yet and return the statuses of all.

        All pictures go first: most of what can fail then fails before anything is seen.

        Args:
            begun: the statuses of the first parts, from an earlier try.
        """
        parts = parts_in(plan)
        left = list(zip(parts, pictures_of(draft, parts), strict=True))[len(begun) :]
        self.client.budget.need("media", sum(len(heap) for _, heap in left))
        self.client.budget.need("statuses", len(left))
        uploads = [[self._upload(each, draft) for each in heap] for _, heap in left]
        made = list(begun)
        for (part, heap), media in zip(left, uploads, strict=True):
            answers = str(made[-1]["id"]) if made else str(plan["answers"])
            status = self._posted(draft, part, media, answers, made)
            wanted = Wanted(part, draft.words, focus_of(draft.words, heap))
            made.append(self._mended(status, wanted, media, made))
        return made

    def _posted(
        self,
        draft: Draft,
        part: Part,
        media: Sequence[str],
        answers: str,
        standing: Sequence[Status],
    ) -> Status:
        """Post one part. Where others of its thread stand already, no failure may pass for one of
        which nothing is seen."""
        fields = self._fields(draft, part, media, answers)
        try:
            status: Status = self.client.call(
                lambda c: c.status_post(**fields), "statuses", writing=True
            )
        except Retryable as exc:
            if not standing:
                raise
            raise Unsure(
                _("{exc}; the first {count} posts of the thread stand").format(
                    exc=exc, count=len(standing)
                )
            ) from exc
        except Refused as exc:
            if not standing:
                raise
            raise stands_refused(
                standing[0], [_("without the rest of its thread ({exc})").format(exc=exc)]
            ) from exc
        return status

    def _mended(
        self, status: Status, wanted: Wanted, media: Sequence[str], standing: Sequence[Status]
    ) -> Status:
        try:
            return self.changes.mended(status, wanted, media)
        except Refused as exc:
            if not exc.stands:
                self.changes.take_back(standing, [_("without the rest of its thread")])
            raise

    def _fields(
        self, draft: Draft, part: Part, media: Sequence[str], answers: str
    ) -> dict[str, Any]:
        words = draft.words
        fields: dict[str, Any] = {
            "status": part.text,
            "media_ids": list(media) or None,
            "visibility": words.visibility.value,
            "spoiler_text": part.cw or None,
            "sensitive": sensitive(words),
            "language": language_of(words.langs),
            "idempotency_key": part.key,
            "in_reply_to_id": answers or None,
        }
        # Without it the account's own default holds, which may be narrower than "everyone".
        if (
            self.quote_policies
            and words.quotes is not Quotes.EVERYONE
            and words.visibility in OPEN
        ):
            fields["quote_approval_policy"] = words.quotes.value
        return fields

    def _upload(self, rendition: Rendition, draft: Draft) -> str:
        alt = alt_of(draft.words, rendition)
        (focus,) = focus_of(draft.words, [rendition])
        data = bytes_of(rendition)
        name = f"picture.{rendition.mime.rpartition('/')[2]}"  # never the artist's file name
        media = self.client.call(
            lambda c: c.media_post(
                data,
                mime_type=rendition.mime,
                description=alt or None,
                file_name=name,
                focus=focus,
            ),
            "media",
        )
        self._wait_for(media)
        return str(media.id)

    def _wait_for(self, media: Any) -> None:  # noqa: ANN401  # Mastodon.py's own type
        identity = media.id
        for seconds in POLLS:
            if media.get("url"):
                return
            self.clock.wait(seconds)
            media = self.client.call(lambda c: c.media(identity))
        if not media.get("url"):
            raise Retryable(
                _("{host} is still working on the pictures").format(host=self.client.host)
            )
