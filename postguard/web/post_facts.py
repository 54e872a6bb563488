"""What the pages show of a post: how it stands, its pictures, its copies, what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from postguard.model import Artwork, Delivery, Limits, Post, Progress, Receipt, Rendition
from postguard.model.layers import Layers
from postguard.web.facts import Line


@dataclass(frozen=True, slots=True)
class PostFacts:
    """One post as the rows have it.

    Attributes:
        at_work: it is being protected now; `progress`: how far, once something was heard.
        shows: the network of each account: `bluesky` or `mastodon`.
        warnings: of each account, in what its copy differs from what was asked.
    """

    post: Post
    deliveries: tuple[Delivery, ...]
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    renditions: tuple[Rendition, ...] = ()
    at_work: bool = False
    progress: Progress | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Stage(StrEnum):
    """Where a card lies on the page of the queue."""

    HELD = "held"
    WORK = "work"
    DUE = "due"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Queue:
    """The first posts of each stage, in their order. `more`: how many are behind them."""

    posts: tuple[PostFacts, ...]
    more: Mapping[Stage, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a history. `name`: of the post, where the history is of many."""

    id: int
    at: datetime
    what: str
    words: str
    post_id: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What an account makes of some words.

    Attributes:
        counts: of each post that they become.
        wrong: why they cannot be posted so, by the field of the form that it is about; what is
            about none is under the empty name.
    """

    account: str
    counts: tuple[str, ...]
    wrong: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def too_much(self) -> bool:
        """Whether what is counted does not fit; an alt text that is too long is told beside it."""
        return not all(name.startswith("alt") for name in self.wrong)


@dataclass(frozen=True, slots=True)
class Copy:
    """One account's copy of a post, with all that is said and set.

    Attributes:
        text: as the artist says it, before the account's template.
        template: the account's, where it adds something; empty: it does not.
        around: who sees it, may reply and quote; what it is tied to.
        seen: what reading it back has shown.
    """

    delivery: Delivery
    shows: str
    text: str
    counted: Counted
    limits: Limits | None = None
    template: str = ""
    around: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One protected file of a picture.

    Attributes:
        accounts: that get it.
        done: what was done to it, in order.
        measures: the numbers of the measures that it has.
        weakest: those of them that it has in their weakest form only.
    """

    rendition: Rendition
    accounts: tuple[str, ...]
    done: tuple[Line, ...]
    measures: tuple[int, ...]
    weakest: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a post with its protected files. `there`: the original still lies there."""

    artwork: Artwork
    alt: str
    versions: tuple[Version, ...]
    there: bool = True


@dataclass(frozen=True, slots=True)
class Detail:
    """All that the page of a post shows."""

    facts: PostFacts
    pictures: tuple[Picture, ...]
    copies: tuple[Copy, ...]
    history: tuple[Happened, ...]
    layers: Layers | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What keeps a post, or one account's copy of it, and what would solve it.

    Attributes:
        bare: positions of the pictures that lack an alt text.
        wrong: accounts that cannot post its words, each with why, by field as in `Counted`.
        logged_out: accounts that need a login.
        weak: the recipe's cloak was too weak or too visible, or a step failed.
        strengths: where the cloak failed, the recipes that differ in its strength alone, by it.
        besides: what of the reason no other words take away.
        retried: `retry` lets it go on; a release would hold it again.
        mended_in: where its files lie, in the outbox, if something must be mended first; or empty.
    """

    detail: Detail
    reason: str
    accounts: tuple[str, ...] = ()
    bare: tuple[int, ...] = ()
    wrong: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    logged_out: tuple[str, ...] = ()
    weak: bool = False
    strengths: Mapping[str, str] = field(default_factory=dict)
    besides: str = ""
    retried: bool = False
    mended_in: str = ""

    def copy_of(self, name: str) -> Copy:
        """Return the copy whose words a form shows in a field: the first that they are wrong in.
        Another's may be none, and would be written over these."""
        return next(
            c for c in self.detail.copies if name in self.wrong.get(c.delivery.account, ())
        )
