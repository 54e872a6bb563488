"""What the pages ask for and pass on: the ports of the dashboard, joined to the rest in `app`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from postguard.errors import Unusable
from postguard.web.access import Access
from postguard.web.facts import AccountFacts, DayFacts, RecipeFacts, Standing, Told
from postguard.web.post_facts import Counted, Detail, Happened, Need, PostFacts, Queue
from postguard.web.recipe_desk import Recipes


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
