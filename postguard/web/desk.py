"""What the pages ask for and pass on: the ports of the dashboard, joined to the rest in `app`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from postguard.errors import Unusable
from postguard.model import (
    Artwork,
    Delivery,
    Finding,
    Json,
    Limits,
    Post,
    Progress,
    Receipt,
    Rendition,
)
from postguard.model.layers import Layers

if TYPE_CHECKING:  # they speak of what stands here
    from postguard.web.access import Access
    from postguard.web.recipe_desk import Recipes


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
class Line:
    """A name with what is said of it."""

    name: str
    words: str


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

    def copy_of(self, name: str) -> Copy:
        """Return the copy whose words a form shows in a field: the first that they are wrong in.
        Another's may be none, and would be written over these."""
        return next(
            c for c in self.detail.copies if name in self.wrong.get(c.delivery.account, ())
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery with its time, for the calendar."""

    at: datetime
    account: str
    post_id: int
    name: str
    held: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class DayFacts:
    """One day in the artist's zone; `free`: its free slots, by account."""

    date: date
    entries: tuple[Entry, ...]
    free: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """How much of what a server allows was spent within a time. `words`: of what, and when."""

    words: str
    points: int
    of: int


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What is known of an account.

    Attributes:
        shows: the network as whose its posts look, where they are pages on this PC.
        where: whose it is, or on which server.
        logged_in: a login of it is kept; `logged_out`: why it no longer works; empty: it does.
        limits: what its server takes; None: it was never asked.
        health: how long its login lasts, in words.
        audited: when its settings were looked at last.
        by_page: its server asks the artist on a page of its own, and no password is typed here.
    """

    name: str
    network: str
    shows: str
    where: str
    enabled: bool = True
    dry_run: bool = False
    paused: bool = False
    logged_in: bool = True
    logged_out: str = ""
    health: str = ""
    waits_until: datetime | None = None
    limits: Limits | None = None
    findings: tuple[Finding, ...] = ()
    audited: datetime | None = None
    spent: tuple[Spent, ...] = ()
    by_page: bool = False


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """One recipe of the config: its steps as they stand there, and what they protect."""

    name: str
    steps: tuple[Mapping[str, Json], ...]
    layers: Layers
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a wish, in sentences.

    Attributes:
        done: all of it was done.
        at: what is wrong, by the field of the form that asked.
    """

    sentences: tuple[str, ...]
    done: bool = True
    at: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands over every page."""

    held: int
    running: bool
    paused: bool
    logged_out: tuple[str, ...] = ()
    problem: str = ""


class Reading(Protocol):
    """The rows, as the pages show them. Raises Unusable where there is no such post."""

    @property
    def zone(self) -> tzinfo: ...

    def standing(self) -> Standing: ...

    def queue(self, most: int) -> Queue:
        """Return the posts that are under way, and those that went out lately, at most so many
        of each stage."""
        ...

    def one(self, post_id: int) -> PostFacts: ...

    def detail(self, post_id: int) -> Detail: ...

    def needs(self) -> list[Need]:
        """Return what needs the artist, oldest first."""
        ...

    def days(self) -> list[DayFacts]: ...

    def log(self, before: int | None) -> list[Happened]:
        """Return what happened, newest first; `before`: the id of the last one seen."""
        ...


class Watching(Protocol):
    """What tells that something has changed."""

    def pulse(self) -> tuple[int, int]:
        """Return a value that differs when any row has changed; costs next to nothing."""
        ...

    def prints(self) -> dict[int, str]:
        """Return what differs when a post's card does, by post."""
        ...


class Surroundings(Protocol):
    """Accounts and recipes of the config."""

    def accounts(self) -> list[AccountFacts]: ...

    def shows(self) -> dict[str, str]:
        """Return the network of each account as whose its posts look."""
        ...

    def recipes(self) -> list[RecipeFacts]: ...


class NoPictureError(Unusable):
    """A picture of a post cannot be shown: it was taken away, or is broken."""


class Pictures(Protocol):
    """Files that browsers can show; made when they are asked for, and kept.

    Raises NoPictureError where one cannot be made, and Unusable where there is none of this name.
    """

    def thumb(self, post_id: int, position: int) -> Path: ...

    def after(self, post_id: int, position: int, fit: str) -> Path: ...

    def before(self, post_id: int, position: int, fit: str) -> Path: ...

    def page(self, post_id: int, account: str, name: str) -> Path:
        """Draw the post as its network would show it, and return the page, for an empty `name`;
        else the picture of that name that the page shows. Raises Unusable."""
        ...


class Wishes(Protocol):
    """What the artist may ask for. Raises PostguardError where it cannot be done."""

    def act(self, post_id: int, action: str) -> Told:
        """Hold, release or retry a post."""
        ...

    def move(self, post_id: int, where: str, account: str | None) -> Told: ...

    def edit(self, post_id: int, words: Mapping[str, str], account: str | None) -> Told: ...

    def retract(self, post_id: int, account: str | None) -> Told: ...

    def protect_with(self, post_id: int, recipe: str) -> Told: ...

    def pause(self, account: str | None, *, paused: bool) -> Told: ...

    def count(
        self, post_id: int, words: Mapping[str, str], account: str | None
    ) -> list[Counted]: ...


class Dropping(Protocol):
    """Pictures that are dropped into the page."""

    def begin(self) -> str:
        """Return the key of a new drop."""
        ...

    def place(self, key: str, number: int, name: str) -> Path:
        """Return where a picture of a drop is to be written."""
        ...

    def finish(self, key: str, words: Mapping[str, str]) -> Told:
        """Put the drop into the outbox as one post."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """All of them."""

    reading: Reading
    watching: Watching
    surroundings: Surroundings
    pictures: Pictures
    wishes: Wishes
    dropping: Dropping
    recipes: Recipes
    access: Access
