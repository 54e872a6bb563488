"""Changes and deletes statuses that stand: what an edit asks for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from postguard.errors import LoggedOut, Refused, Retryable, Unsure
from postguard.language import _
from postguard.model import Rendition, Words
from postguard.networks.mastodon.client import MastodonClient, Missing
from postguard.networks.mastodon.instance import plain_text, print_of
from postguard.networks.mastodon.parts import Part
from postguard.networks.mastodon.rules import (
    OPEN,
    lacking,
    language_of,
    quoted_by_more,
    sensitive,
    to_mend,
    wider,
)

Status = Mapping[str, Any]
Focus = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one status is to be.

    Attributes:
        focus: of each of its pictures.
    """

    part: Part
    words: Words
    focus: tuple[Focus, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes statuses of one account."""

    client: MastodonClient

    def mended(self, status: Status, wanted: Wanted, media: Sequence[str] = ()) -> Status:
        """Return a status that was just posted as near to what was asked as an edit brings it.

        Args:
            media: ids of its pictures, uploaded and not yet used where the status lost them.

        Raises:
            Refused: it showed more than was asked, so it was deleted at once; or it is not whole
                and stands there.
        """
        if to_mend(status, wanted.part, wanted.words):
            status = self._tried(status, wanted, media)
        status = self._closed(status, wanted.words)
        if more := wider(status, wanted.words):
            self.take_back([status], more)
            raise Refused(
                _(
                    "{host} showed it {more}, so it was deleted again at once; choose what this "
                    "server can give, or another account"
                ).format(host=self.client.host, more=_(" and ").join(more))
            )
        if less := lacking(status, wanted.part.alts):
            raise stands_refused(status, less)
        return status

    def change(self, status: Status, wanted: Wanted) -> Status:
        """Give a status the words that are wanted; one that has them is left alone.

        Raises:
            Refused: the server changes no posts, or not this.
            Unsure, Retryable, LoggedOut: as every write.
        """
        if self._is_so(status, wanted):
            return status
        try:
            made = self._put(status, wanted)
        except Missing as exc:
            raise Refused(
                _(
                    "{host} does not change posts that stand: `postguard retract` deletes it, "
                    "and it can be posted anew"
                ).format(host=self.client.host)
            ) from exc
        made = self._closed(made, wanted.words)
        if self._differs(made, wanted):
            raise Refused(
                _(
                    "{host} took the change of {url} but does not show all of it: look at it there"
                ).format(host=self.client.host, url=url_of(status)),
                stands=True,
            )
        return made

    def delete(self, identity: str) -> None:
        """Delete a status with its pictures; one that is gone is no error."""
        try:
            self.client.call(
                lambda c: c.status_delete(identity, delete_media=True), "deletions", writing=True
            )
        except Missing:
            return

    def text_of(self, status: Status) -> str:
        """Return a status's text as it was written, where the server keeps that, else as shown."""
        try:
            source = self.client.call(lambda c: c.status_source(status["id"]))
        except Refused:
            return plain_text(status)
        return str(source.get("text") or "")

    def take_back(self, statuses: Sequence[Status], why: Sequence[str]) -> None:
        """Delete what must not stand, the last first: an answer never outlives what it answers.

        Raises:
            Refused: it could not be deleted and stands there.
        """
        for status in reversed(statuses):
            try:
                self._delete_surely(str(status["id"]))
            except (Refused, Retryable, Unsure, LoggedOut) as exc:
                raise stands_refused(status, why) from exc

    def _delete_surely(self, identity: str) -> None:
        """Delete, and ask once more where the answer was lost: one that is gone is no error."""
        try:
            self.delete(identity)
        except Unsure:
            self.delete(identity)

    def _is_so(self, status: Status, wanted: Wanted) -> bool:
        """Return whether nothing is left to change, to the letter."""
        part, media = wanted.part, status.get("media_attachments") or ()
        return (
            self.text_of(status).strip() == part.text.strip()
            and str(status.get("spoiler_text") or "") == part.cw
            and [str(each.get("description") or "") for each in media] == [*part.alts]
            and not to_mend(status, part, wanted.words)
            and not wider(status, wanted.words)
            and not _refocused(status, wanted.focus)
        )

    def _differs(self, status: Status, wanted: Wanted) -> bool:
        """Return whether a status says another thing than is wanted, as far as servers keep it."""
        part, words = wanted.part, wanted.words
        same = print_of(self.text_of(status)) == print_of(part.text)
        cw = print_of(str(status.get("spoiler_text") or "")) == print_of(part.cw)
        return not (same and cw) or bool(lacking(status, part.alts) or wider(status, words))

    def _tried(self, status: Status, wanted: Wanted, media: Sequence[str]) -> Status:
        """Return the status after an edit, or as it was where the server makes none."""
        try:
            return self._put(status, wanted, media)
        except (Refused, Retryable, Unsure):
            return status

    def _put(self, status: Status, wanted: Wanted, media: Sequence[str] = ()) -> Status:
        kept = [str(each["id"]) for each in status.get("media_attachments") or ()]
        ids = kept if len(kept) == len(wanted.part.alts) else list(media)
        path, fields = f"/api/v1/statuses/{status['id']}", _fields(wanted, ids)
        made = self._merged(status, path, fields)
        if lacking(made, wanted.part.alts) and len(ids) == len(wanted.part.alts):
            # Pleroma keeps the alt text with the upload, and knows no `media_attributes`.
            for identity, alt in zip(ids, wanted.part.alts, strict=True):
                self._describe(identity, alt)
            made = self._merged(status, path, fields)
        return made

    def _merged(self, status: Status, path: str, fields: Mapping[str, Any]) -> Status:
        """Return a status as it is after a change; when it was made stays."""
        return {**status, **self.client.put(path, fields), "created_at": status["created_at"]}

    def _describe(self, identity: str, alt: str) -> None:
        try:
            self.client.call(lambda c: c.media_update(identity, description=alt))
        except Missing:  # Mastodon has no upload any more that a status has
            return

    def _closed(self, status: Status, words: Words) -> Status:
        """Return a status that no more may quote than was asked, or as it was where the server
        changes nothing of that."""
        if not quoted_by_more(status, words) or words.visibility not in OPEN:
            return status
        path = f"/api/v1/statuses/{status['id']}/interaction_policy"
        try:
            return self._merged(status, path, {"quote_approval_policy": words.quotes.value})
        except (Refused, Retryable, Unsure):
            return status


def stands_refused(status: Status, why: Sequence[str]) -> Refused:
    """Return the error for a status that stands there and is not as asked."""
    return Refused(
        _("{url} stands there {why}: look at it and delete it if it must not stay").format(
            url=url_of(status), why=_(" and ").join(why)
        ),
        stands=True,
    )


def url_of(status: Status) -> str:
    """Return the address for people."""
    return str(status.get("url") or status["uri"])


def focus_of(words: Words, renditions: Sequence[Rendition]) -> tuple[Focus, ...]:
    """Return the focal point of each picture; None where the artist set none."""
    points = words.focus
    return tuple(points[r.position] if r.position < len(points) else None for r in renditions)


def _fields(wanted: Wanted, ids: Sequence[str]) -> dict[str, Any]:
    part, words = wanted.part, wanted.words
    fields: dict[str, Any] = {
        "status": part.text,
        "spoiler_text": part.cw,
        "sensitive": sensitive(words),
    }
    if language := language_of(words.langs):
        fields["language"] = language
    if ids:
        fields["media_ids"] = list(ids)
        fields["media_attributes"] = [
            {"id": identity, "description": alt} | _focus(focus)
            for identity, alt, focus in zip(ids, part.alts, wanted.focus, strict=False)
        ]
    return fields


def _focus(point: Focus) -> dict[str, str]:
    return {} if point is None else {"focus": f"{point[0]},{point[1]}"}


def _refocused(status: Status, points: Sequence[Focus]) -> bool:
    """Return whether a focal point is another than the one that its server tells."""
    for each, point in zip(status.get("media_attachments") or (), points, strict=False):
        told = (each.get("meta") or {}).get("focus") or {}
        if point is not None and (told.get("x"), told.get("y")) != point:
            return True
    return False
