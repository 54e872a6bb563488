"""What the pages show besides posts (see `post_facts`): accounts, recipes, days, what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from postguard.model import Finding, Json, Limits
from postguard.model.layers import Layers


@dataclass(frozen=True, slots=True)
class Line:
    """A name with what is said of it."""

    name: str
    words: str


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
class Standing:
    """What stands over every page."""

    held: int
    running: bool
    paused: bool
    logged_out: tuple[str, ...] = ()
    problem: str = ""
