"""What the workshop is asked for and what it makes: ProtectOrder, Rendition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from postguard.model.json import Json


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
        named: each post has a name of our making, by which it is told from one that looks alike.
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
    named: bool = False


@dataclass(frozen=True, slots=True)
class Rendition:
    """The protected file made of one artwork by one recipe for one network's limits.

    Only `protect.pipeline` makes one; `publish` takes nothing else.

    Attributes:
        position: the artwork's place in the post.
        record: what was done and measured, safe to publish (never a seed).
        likeness: what finds the picture again from a copy; empty: not made.
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
    likeness: bytes = field(default=b"", repr=False)


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
class Elsewhere:
    """The machines that cloak for this one.

    Attributes:
        scheduler: `tls://HOST:PORT`.
        keys: folder with this machine's certificate.
        wake: hardware addresses of machines that may be asleep.
        fallback: `local` or `instant`: what is done here where nobody is there any longer, or
            nobody finishes it; `wait`: nothing.
        waits: the picture may still wait for somebody.
        last: it was begun there in vain so often that it is not tried there again.
    """

    scheduler: str
    keys: Path
    wake: tuple[str, ...] = ()
    fallback: str = "local"
    waits: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class ProtectOrder:
    """One post's artworks, its recipe (as written in the config) and the limits to fit.

    Attributes:
        keep: folder that gets what a cloak is checked with: `targets/MODE.png`, and
            `without-NAME`, the file NAME without the cloak. None: nothing is kept.
        post: its number in the ledger, as a hidden mark carries it; 0: none, a file by itself.
        identity: folder with the artist's certificate and key for Content Credentials.
        elsewhere: the machines that cloak; None: this one.
        brief: nobody reads the records: what decides nothing is not measured.
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
    post: int = 0
    identity: Path | None = None
    elsewhere: Elsewhere | None = None
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the protection of one post is. `fraction` in [0, 1] of this step; None: unknown."""

    position: int
    step: str
    done: bool
    note: str = ""
    fraction: float | None = None
    seconds_left: float | None = None
