"""The words of the domain as frozen values: Artwork, Post, Rendition, Delivery, Attempt, Receipt.

No I/O and no clock. Times are timezone-aware UTC datetimes. `Recipe` lives in `settings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
else:  # system.wire reads these types at run time, and msgspec knows no recursive alias
    Json = None | bool | int | float | str | list | dict


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


class PostState(StrEnum):
    """Where a post is on its way; a crash in any of them is repaired by the next start."""

    TAKING = "taking"  # rows exist; the files are being moved into queued/
    TAKEN = "taken"  # waits for its recipe to be run
    PROTECTED = "protected"  # renditions exist; its deliveries have due times
    POSTED = "posted"  # every delivery is posted
    HELD = "held"  # waits for the artist; `reason` says why
    RELEASED = "released"  # the artist let a post go on that was held before protection
    WITHDRAWN = "withdrawn"  # the artist took the files back; a later drop is a new post
    RETRACTED = "retracted"  # it was posted, and every copy was deleted again


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


class Late(StrEnum):
    """What to do with a post whose time passed while the PC slept."""

    POST = "post"
    HOLD = "hold"
    NEXT_SLOT = "next-slot"


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
        folder: name of its folder beneath `queued/`, `held/` or `posted/`.
        place: where that folder lies now; the daemon moves it to where `state` says.
        sidecars: (source, name) of the files with words that move with it.
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
    """What intake hands to the store to become a Post, whole or held with a reason."""

    name: str
    recipe: str
    artworks: tuple[NewArtwork, ...]
    sidecars: tuple[tuple[str, str], ...] = ()
    deliveries: tuple[NewDelivery, ...] = ()
    reason: str = ""  # not empty: held
    series: str = ""  # its posts answer each other, in their order


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network takes, as the server says where it says so.

    Attributes:
        fit: names these limits; deliveries with the same `fit` share their renditions.
        text: most graphemes (Bluesky) or characters (Mastodon) in a post.
        pixels: most pixels that the platform keeps without resizing; None: no such limit.
        side: longest side in pixels; None: no such limit.
        link_length: what any link counts as; None: its own length.
        quote_policy: the server can say who may quote.
        once: a repeated key is known to the server, so that it makes no second post.
    """

    fit: str
    text: int
    alt: int
    images: int
    image_bytes: int
    pixels: int | None = None
    side: int | None = None
    mimes: tuple[str, ...] = ("image/jpeg", "image/png")
    link_length: int | None = None
    quote_policy: bool = True
    once: bool = True


@dataclass(frozen=True, slots=True)
class Rendition:
    """The protected file made of one artwork by one recipe for one network's limits.

    Only `protect.pipeline` makes one; `publish` takes nothing else.

    Attributes:
        position: the artwork's place in the post.
        record: what was done and measured, safe to publish (never a seed).
    """

    position: int
    fit: str
    path: Path
    sha256: str
    mime: str
    width: int
    height: int
    size: int
    record: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ArtworkOrder:
    """One artwork to protect. `seed` is secret: HMAC-SHA256 of the artist key, in hex."""

    position: int
    path: Path
    sha256: str
    alt: str
    seed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Artist:
    """Who made the art, as written into marks and tags. `copyright` has its `{year}` filled in.

    Attributes:
        langs: languages of the notice, in order: of `ja`, `en`.
    """

    name: str
    copyright: str
    web: str = ""
    langs: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class CloakKit:
    """What all cloaks of one artist share.

    Attributes:
        artist_seed: secret: HMAC-SHA256 of the artist key, in hex.
        concept_tables: which concepts stand against each other, the artist's own table last.
        anchors: folder with the artist's own pictures of concepts.
        memory: file that keeps which style their works are drawn towards.
        weights: share of an encoder, by its name, where it is not 1.
    """

    artist_seed: str = field(default="", repr=False)
    concept_tables: tuple[Path, ...] = ()
    anchors: Path | None = None
    memory: Path | None = None
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProtectOrder:
    """One post's artworks, its recipe (as written in the config) and the limits to fit.

    Attributes:
        keep: folder that gets what a cloak is checked with: `targets/MODE.png`, and
            `without-NAME`, the file NAME without the cloak. None: nothing is kept.
    """

    artworks: tuple[ArtworkOrder, ...]
    recipe_name: str
    recipe: tuple[dict[str, Json], ...]
    limits: tuple[Limits, ...]
    into: Path
    artist: Artist
    description: str = ""
    max_megapixels: float = 200.0
    models_dir: Path | None = None
    tags: tuple[str, ...] = ()
    kit: CloakKit = field(default_factory=CloakKit)
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the protection of one post is. `fraction` in [0, 1] of this step; None: unknown."""

    position: int
    step: str
    done: bool
    note: str = ""
    fraction: float | None = None
    seconds_left: float | None = None


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
class Delivery:
    """One post to one account.

    Attributes:
        asked: `slot`, `now`, `grace` or an ISO time with zone: what the artist asked for.
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


@dataclass(frozen=True, slots=True)
class Copy:
    """One account's copy of a post, as another delivery leans on it.

    Attributes:
        receipt: None: it was never posted.
    """

    delivery: Delivery
    post_state: PostState
    receipt: Receipt | None = None


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


def body(words: Words) -> str:
    """Return the text as posted: the text, then the hashtags that it does not hold already."""
    missing = [tag for tag in words.tags if not _holds(words.text, tag)]
    hashtags = " ".join(f"#{tag}" for tag in missing)
    return f"{words.text}\n\n{hashtags}" if words.text and hashtags else words.text or hashtags


def _holds(text: str, tag: str) -> bool:
    """Return whether the text has this hashtag; `#foxes` and `#狐の絵` are other tags."""
    return re.search(rf"[#＃]{re.escape(tag)}(?!\w)", text, re.IGNORECASE) is not None
