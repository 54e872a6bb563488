"""What leaves the PC for one delivery, post by post, counted as its network counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from postguard.language import _
from postguard.model import Draft, Limits, Rendition
from postguard.networks.bluesky import record
from postguard.networks.bluesky.rules import MAX_BYTES
from postguard.networks.mastodon import parts
from postguard.networks.plain_words import Shows
from postguard.networks.text import graphemes, mastodon_spans, spans


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; `kind` is empty for plain words, else `link`, `mention` or `tag`."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One post of what is sent; a thread has several.

    Attributes:
        length: what the network counts of the text and its content warning.
        most: the most that it takes of that.
        size: bytes of the text; `room`: the most that the network takes; None: no such limit.
    """

    text: str
    renditions: tuple[Rendition, ...]
    length: int
    most: int
    size: int
    room: int | None

    def counted(self) -> str:
        """Return the length in words."""
        said = _("{length:,} of {most:,} characters").format(length=self.length, most=self.most)
        return (
            said
            if self.room is None
            else _("{said}, {size:,} of {room:,} bytes").format(
                said=said, size=self.size, room=self.room
            )
        )


def outgoing(draft: Draft, limits: Limits, shows: Shows) -> tuple[Outgoing, ...]:
    """Return each post that a draft becomes, in order."""
    if shows == "mastodon":
        return _on_mastodon(draft, limits)
    made = record.parts_of(draft, limits.images)
    return tuple(_on_bluesky(draft, part, limits) for part in made)


def pieces(text: str, shows: Shows) -> list[Piece]:
    """Cut a text into plain words and what a network makes of the rest."""
    found, last = [], 0
    for span in mastodon_spans(text) if shows == "mastodon" else spans(text):
        found += [Piece(text[last : span.start]), Piece(text[span.start : span.end], span.kind)]
        last = span.end
    found.append(Piece(text[last:]))
    return [piece for piece in found if piece.text]


def _on_bluesky(draft: Draft, part: record.Part, limits: Limits) -> Outgoing:
    text = str(record.post_record(draft.words, part, "", {})["text"])
    length, size = graphemes(text), len(text.encode())
    return Outgoing(text, tuple(part.renditions), length, limits.text, size, MAX_BYTES)


def _on_mastodon(draft: Draft, limits: Limits) -> tuple[Outgoing, ...]:
    made = parts.parts_of(draft, limits, lambda: "")
    heaps = parts.pictures_of(draft, made)
    return tuple(
        Outgoing(
            part.text,
            tuple(heap),
            parts.length_of(part.text, part.cw, limits),
            limits.text,
            len(part.text.encode()),
            None,
        )
        for part, heap in zip(made, heaps, strict=True)
    )
