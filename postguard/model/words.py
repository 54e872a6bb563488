"""What an account says with a post, and who may see, answer and quote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Visibility(StrEnum):
    """Who sees a post. Bluesky knows only `public`."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    DIRECT = "direct"


class Replies(StrEnum):
    """Who may reply."""

    EVERYONE = "everyone"
    MENTIONED = "mentioned"
    FOLLOWING = "following"
    FOLLOWERS = "followers"
    LISTS = "lists"  # who is on the account's lists
    NOBODY = "nobody"


class Quotes(StrEnum):
    """Who may quote."""

    EVERYONE = "everyone"
    FOLLOWERS = "followers"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Words:
    """What one account says with a post, already merged from the post's and the account's.

    Attributes:
        text: the post's text without the added hashtags; any Unicode.
        alts: alt text of each artwork, in their order.
        tags: hashtags without `#`, added behind the text unless it has them already.
        langs: BCP-47 tags, the main language first.
        lists: at:// addresses of lists, whose members may reply where `replies` says so.
        hidden_tags: found by, but not shown; where the network has such.
        focus: of each artwork, the point (x, y) in [-1, 1] that crops keep, y upwards.
        reply_to: address of the post that this one answers, or `#N` for the artist's post N.
        link_to: the account whose copy this one links to; empty: none.
        thread: what is too long or too many goes on in answers to itself.
        title: what the account's template puts where it says {title}.
    """

    text: str = ""
    alts: tuple[str, ...] = ()
    cw: str = ""
    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PUBLIC
    replies: Replies = Replies.EVERYONE
    quotes: Quotes = Quotes.EVERYONE
    lists: tuple[str, ...] = ()
    hidden_tags: tuple[str, ...] = ()
    focus: tuple[tuple[float, float] | None, ...] = ()
    reply_to: str = ""
    link_to: str = ""
    thread: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """What the artist changed afterwards of what one account says; None: as before.

    Attributes:
        text: as the artist says it, before the account's template is filled.
        alts: alt texts by the name of the picture's file.
        at: the time that it was moved to, as Delivery.asked has it.
    """

    text: str | None = None
    cw: str | None = None
    alts: Mapping[str, str] = field(default_factory=dict)
    at: str | None = None

    def after(self, earlier: Edit) -> Edit:
        """Return this edit and what it leaves of an earlier one."""
        return Edit(
            text=earlier.text if self.text is None else self.text,
            cw=earlier.cw if self.cw is None else self.cw,
            alts={**earlier.alts, **self.alts},
            at=earlier.at if self.at is None else self.at,
        )

    def of(self, words: Words, files: Sequence[str]) -> Words:
        """Return the words with this in its place; `files`: the pictures' names, in order."""
        alts = [*words.alts, *[""] * (len(files) - len(words.alts))]
        return replace(
            words,
            text=words.text if self.text is None else self.text,
            cw=words.cw if self.cw is None else self.cw,
            alts=tuple(self.alts.get(name, alt) for name, alt in zip(files, alts, strict=True)),
        )


def body(words: Words) -> str:
    """Return the text as posted: the text, then the hashtags that it does not hold already."""
    missing = [tag for tag in words.tags if not _holds(words.text, tag)]
    hashtags = " ".join(f"#{tag}" for tag in missing)
    return f"{words.text}\n\n{hashtags}" if words.text and hashtags else words.text or hashtags


def _holds(text: str, tag: str) -> bool:
    """Return whether the text has this hashtag; `#foxes` and `#狐の絵` are other tags."""
    return re.search(rf"[#＃]{re.escape(tag)}(?!\w)", text, re.IGNORECASE) is not None
