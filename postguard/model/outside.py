"""What goes to a network and what is seen there: Draft, Shown, and what an audit finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from postguard.model.json import Json
from postguard.model.posts import Receipt
from postguard.model.protection import Rendition
from postguard.model.words import Quotes, Replies, Visibility, Words


@dataclass(frozen=True, slots=True)
class Draft:
    """All that leaves the PC for one delivery.

    Attributes:
        reply_to: address of the post that `words.reply_to` means, as this network knows it.
        link: address of the other account's copy, put behind the text; empty: none.
    """

    words: Words
    renditions: tuple[Rendition, ...]
    post_id: int
    account: str
    reply_to: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A post as its network shows it when it is read back; None: this network does not tell.

    Attributes:
        text: as plain text.
        alts: of each picture, in the order shown.
        pictures: addresses of the pictures as served, in the order shown.
        sha256: of the bytes of each picture that the network keeps, where it keeps ours.
    """

    text: str
    alts: tuple[str, ...]
    cw: str | None = None
    sensitive: bool | None = None
    labels: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None
    visibility: Visibility | None = None
    replies: Replies | None = None
    quotes: Quotes | None = None
    pictures: tuple[str, ...] = ()
    sha256: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A post on the network that may have been made of a draft, by what it says and shows.

    Attributes:
        sure: nothing of the draft is missing there.
        by_shape: it says other things: only the shapes of its pictures are the draft's.
    """

    receipt: Receipt
    sure: bool
    by_shape: bool = False


class Level(StrEnum):
    """How much a finding of the account audit matters."""

    OK = "ok"
    UNKNOWN = "unknown"  # it could not be looked at
    ADVICE = "advice"  # a choice that protects better, at a price
    WARNING = "warning"  # the art is less protected than it could be
    BLOCKING = "blocking"  # nothing can or may be posted like this


@dataclass(frozen=True, slots=True)
class Finding:
    """What the audit of an account has seen at one place.

    Attributes:
        id: names the check, as `bsky.loggedout`.
        recommended: what protects art best here.
        reach: what that costs in reach.
        by_hand: how the artist changes it in the network's own app.
        can_fix: `postguard audit --fix` can change it now.
        limit: what even the best setting does not do.
    """

    id: str
    level: Level
    title: str
    found: str
    recommended: str
    reach: str
    why: str
    by_hand: str
    limit: str
    can_fix: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an account's own settings that would mend a finding.

    Attributes:
        says: what changes, in words.
        place: names the one setting that changes, as its network's adapter does.
        before, after: its value; None: nothing is said there.
        fresh: what holds the setting does not exist before.
        intent: the AI use that it speaks for the artist about; empty: none.
    """

    finding: str
    says: str
    place: str
    before: Json
    after: Json
    fresh: bool = False
    intent: str = ""

    def reversed(self) -> Change:
        """Return the change that takes this one back."""
        return replace(self, before=self.after, after=self.before)
