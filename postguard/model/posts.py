"""What was dropped and where it is on its way: Artwork, Post, Delivery, Attempt, Receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from postguard.language import marked
from postguard.model.json import Json
from postguard.model.words import Edit, Words


class PostState(StrEnum):
    """Where a post is on its way; a crash in any of them is repaired by the next start."""

    TAKING = marked("taking")  # rows exist; the files are being moved into queued/
    TAKEN = marked("taken")  # waits for its recipe to be run
    PROTECTED = marked("protected")  # renditions exist; its deliveries have due times
    POSTED = marked("posted")  # every delivery is posted
    HELD = marked("held")  # waits for the artist; `reason` says why
    RELEASED = marked("released")  # the artist let a post go on that was held before protection
    WITHDRAWN = marked("withdrawn")  # the artist took the files back; a later drop is a new post
    RETRACTED = marked("retracted")  # it was posted, and every copy was deleted again


class DeliveryState(StrEnum):
    """One post on its way to one account."""

    WAITING = "waiting"  # not yet protected, so not yet planned
    SCHEDULED = "scheduled"  # has a due time
    SENDING = "sending"  # claimed; an attempt is stored
    UNSURE = "unsure"  # a write may have happened: ask before sending again
    POSTED = "posted"
    HELD = "held"
    RETRACTED = "retracted"  # it was posted, and deleted again by the artist's wish


class Place(StrEnum):
    """The folder of the outbox that a post's files lie in."""

    OUTBOX = "outbox"
    QUEUED = "queued"
    HELD = "held"
    POSTED = "posted"
    DRY_RUN = "dry-run"  # nothing of it was posted: it was drawn as pages on this PC


class Late(StrEnum):
    """What to do with a post whose time passed while the PC slept."""

    POST = "post"
    HOLD = "hold"
    NEXT_SLOT = "next-slot"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a whole decode of one file found, before anything is taken.

    Attributes:
        sha256: hex digest of the file's bytes.
        kind: Pillow's format name, e.g. `PNG`.
        description: what the artist wrote into the file's metadata; empty where there is none.
        alt: alt text from the file's metadata; empty where there is none.
    """

    sha256: str
    kind: str
    width: int
    height: int
    description: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Artwork:
    """One source image of a post, known by the SHA-256 of its bytes.

    Attributes:
        source: where it was found in the outbox, relative to the outbox.
        name: its file name inside the post's folder.
    """

    id: int
    position: int
    sha256: str
    name: str
    source: str
    width: int
    height: int
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """What the artist dropped: one to n artworks with their words.

    Attributes:
        name: what was dropped, as the artist knows it (`fox.png`, or the set's folder).
        folder: name of its folder beneath `queued/`, `held/`, `posted/` or `dry-run/`.
        place: where that folder lies now; the daemon moves it to where `state` says.
        sidecars: (source, name) of the files with words that move with it.
        edits: what was changed since those were written, by account; it goes before them.
    """

    id: int
    name: str
    folder: str
    place: Place
    state: PostState
    recipe: str
    artworks: tuple[Artwork, ...]
    sidecars: tuple[tuple[str, str], ...]
    created_at: datetime
    reason: str = ""
    edits: Mapping[str, Edit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewArtwork:
    """One artwork as intake found it; `source` is relative to the outbox."""

    sha256: str
    name: str
    source: str
    width: int = 0
    height: int = 0
    alt: str = ""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One account's part of a new post; see Delivery."""

    account: str
    words: Words
    asked: str
    fit: str
    dry_run: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPost:
    """What intake hands to the store to become a Post, whole or held with a reason.

    Attributes:
        edits: of the held post whose files these are, moved back to the outbox; see Post.
    """

    name: str
    recipe: str
    artworks: tuple[NewArtwork, ...]
    sidecars: tuple[tuple[str, str], ...] = ()
    deliveries: tuple[NewDelivery, ...] = ()
    reason: str = ""  # not empty: held
    series: str = ""  # its posts answer each other, in their order
    edits: Mapping[str, Edit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One post to one account.

    Attributes:
        asked: what the artist asked for: `slot`, `now`, `grace`, an ISO time with zone, or a place
            in the queue (`slot KEY`, `place TIME`).
        due_at: when it is tried next; `planned_at`: when it was to go out.
        slot: key of the slot that it uses, if any.
        not_before: the earliest time that the artist allows.
        fit: which renditions it sends.
        dry_run: goes to the preview network whatever its account says.
    """

    id: int
    post_id: int
    account: str
    words: Words
    state: DeliveryState
    asked: str
    fit: str
    dry_run: bool = False
    due_at: datetime | None = None
    planned_at: datetime | None = None
    slot: str | None = None
    tries: int = 0
    reason: str = ""
    not_before: datetime | None = None

    @property
    def has_own_time(self) -> bool:
        """Return whether the artist gave it day and time, which no other post may take."""
        return self.asked[:1].isdigit()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery.

    Attributes:
        plan: what identifies the post on the network (a Bluesky rkey and record, a Mastodon
            Idempotency-Key); it is stored before anything is sent.
        in_vain: this try and all before it are known to have posted nothing.
        first_at: when this plan was first used; None: by this try.
        ended_at: None: it has not ended, or was cut off and nobody knows when.
        looked_for: wherever the outcome was unknown, the artist has been told to look for the
            post, and then said to go on.
    """

    id: int
    delivery_id: int
    plan: Mapping[str, Json]
    started_at: datetime
    in_vain: bool = False
    first_at: datetime | None = None
    ended_at: datetime | None = None
    looked_for: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the network answered. `url` is for people, `uri` for the API."""

    uri: str
    url: str
    at: datetime
    answer: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_page(self) -> bool:
        """Whether it is of a dry run: a page on this PC, and nothing was posted."""
        return self.url.startswith("file:")


def only_drawn(receipts: Iterable[Receipt]) -> bool:
    """Return whether all that came of a post are pages on this PC: nothing of it was posted."""
    pages = [receipt.is_page for receipt in receipts]
    return bool(pages) and all(pages)


@dataclass(frozen=True, slots=True)
class Copy:
    """One account's copy of a post, as another delivery leans on it.

    Attributes:
        receipt: None: it was never posted.
    """

    delivery: Delivery
    post_state: PostState
    receipt: Receipt | None = None
