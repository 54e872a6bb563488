"""Cuts a draft into the statuses that it becomes: one, or a thread. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from postguard.model import Draft, Json, Limits, Rendition, body
from postguard.networks.splitting import split
from postguard.networks.text import MASTODON_LINK_LENGTH, alt_of, mastodon_length
from postguard.system import wire


@dataclass(frozen=True, slots=True)
class Part:
    """One status of a post, as its plan keeps it.

    Attributes:
        key: its Idempotency-Key.
        alts: alt text of each of its pictures.
        sizes: width and height of each of its pictures.
    """

    key: str
    text: str
    cw: str
    alts: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]


def parts_of(draft: Draft, limits: Limits, new_key: Callable[[], object]) -> list[Part]:
    """Return the parts in their order, each with a key of its own; one where it is no thread.

    The pictures go with the first parts, the warning with all: each of them can be met alone.
    """
    texts, heaps = [text_of(draft)], [draft.renditions]
    if draft.words.thread:
        texts = split_text(texts[0], draft.words.cw, limits)
        heaps = [
            draft.renditions[at : at + limits.images]
            for at in range(0, len(draft.renditions), limits.images)
        ] or [()]
    count = max(len(texts), len(heaps))
    texts += [""] * (count - len(texts))
    heaps += [()] * (count - len(heaps))
    return [_part(draft, *each, new_key) for each in zip(texts, heaps, strict=True)]


def text_of(draft: Draft) -> str:
    """Return all that is said: the text, its hashtags, and the link to the other copy."""
    return "\n\n".join(filter(None, (body(draft.words), draft.link)))


def length_of(text: str, cw: str, limits: Limits) -> int:
    """Return what a text and its warning count on this server."""
    link = MASTODON_LINK_LENGTH if limits.link_length is None else limits.link_length
    return mastodon_length(text, cw, link)


def split_text(text: str, cw: str, limits: Limits) -> list[str]:
    """Return a text in parts that fit with the warning, which stands over each."""
    return split(text, lambda part: length_of(part, cw, limits), limits.text)


def pictures_of(draft: Draft, parts: Sequence[Part]) -> list[tuple[Rendition, ...]]:
    """Return the pictures of each part: they follow each other as they do in the draft."""
    ends = accumulate((len(part.alts) for part in parts), initial=0)
    return [draft.renditions[start:end] for start, end in pairwise(ends)]


def rows_of(parts: Sequence[Part]) -> list[Json]:
    """Return the parts as a plan keeps them."""
    return wire.load(list[Json], wire.dump(parts))


def parts_in(plan: Mapping[str, Json]) -> list[Part]:
    """Return the parts that a plan keeps."""
    return wire.load(list[Part], wire.dump(plan["parts"]))


def _part(
    draft: Draft, text: str, heap: Sequence[Rendition], new_key: Callable[[], object]
) -> Part:
    alts = tuple(alt_of(draft.words, each) for each in heap)
    sizes = tuple((each.width, each.height) for each in heap)
    return Part(str(new_key()), text, draft.words.cw, alts, sizes)
