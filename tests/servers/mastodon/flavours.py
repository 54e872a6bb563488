"""What differs from server to server: limits, and the manners of Mastodon's relatives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

IMAGE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/webp",
    "image/avif",
)
# Published as a real server does, though the stand-in takes pictures only.
OTHER_TYPES = (
    *("video/webm", "video/mp4", "video/quicktime", "video/ogg"),
    *("audio/wave", "audio/wav", "audio/x-wav", "audio/x-pn-wave", "audio/vnd.wave"),
    *("audio/ogg", "audio/vorbis", "audio/mpeg", "audio/mp3", "audio/webm", "audio/flac"),
    *("audio/aac", "audio/m4a", "audio/x-m4a", "audio/mp4", "audio/3gpp", "video/x-ms-asf"),
)
QUOTES_SINCE = 7  # the API version (Mastodon 4.5) that brought quote policies
PROFILES_SINCE = 10  # the API version (Mastodon 4.6) that brought /api/v1/profile


@dataclass
class Limits:
    """The numbers an instance publishes; a test may set each."""

    max_characters: int = 500
    max_media_attachments: int = 4
    characters_reserved_per_url: int = 23
    description_limit: int | None = 10_000  # None: not published, as before Mastodon 4.4
    image_size_limit: int = 16 * 1024 * 1024
    image_matrix_limit: int = 33_177_600
    supported_mime_types: list[str] = field(default_factory=lambda: [*IMAGE_TYPES, *OTHER_TYPES])
    api_versions: dict[str, int] = field(default_factory=lambda: {"mastodon": 11})

    @property
    def quotes(self) -> bool:
        """Whether this server knows quote policies."""
        return self.api_versions["mastodon"] >= QUOTES_SINCE

    @property
    def profiles(self) -> bool:
        """Whether this server has /api/v1/profile."""
        return self.api_versions["mastodon"] >= PROFILES_SINCE


@dataclass
class Processing:
    """How uploads are worked on: at once, or until they were asked for `polls` times."""

    later: bool = False
    polls: int = 2
    fails: bool = False


@dataclass(frozen=True)
class Flavour:
    """The manners of one kind of server that speaks this API."""

    name: str
    version: str
    idempotency: bool = True
    schedules: bool = True
    near_schedule: Literal["posts at once", "refused"] = "posts at once"
    keeps_language: bool = True
    visibilities: Mapping[str, str] = field(default_factory=dict)  # asked for: made
    # How posts that stand are changed: not at all, or alt texts by changing the upload first.
    edits: Literal["whole", "uploads", "none"] = "whole"
    first_level_limits: bool = False  # no version 2 of the instance, and no `configuration` in 1
    tells_plain_text: bool = False
    tells_sizes: bool = True
    discovery: bool = True  # says where OAuth is and what it can do
    own_version: bool = False  # says its own version alone, not the Mastodon it is like
    unlike: frozenset[str] = frozenset()  # paths whose answers are not as described


MASTODON = Flavour("Mastodon", "4.6.4")
GOTOSOCIAL = Flavour(
    "GoToSocial", "0.20.1+git", idempotency=False, near_schedule="refused", own_version=True
)
TAKAHE = Flavour(
    *("Takahe", "0.11.0"), idempotency=False, schedules=False, keeps_language=False, edits="none"
)
SNAC = Flavour("snac", "2.80", visibilities={"unlisted": "private", "direct": "private"})

PLEROMA = Flavour(
    *("Pleroma", "2.5.5"),
    keeps_language=False,
    edits="uploads",
    first_level_limits=True,
    tells_plain_text=True,
    tells_sizes=False,
    discovery=False,
    unlike=frozenset({"/api/v1/instance"}),
)

FLAVOURS = {each.name.lower(): each for each in (MASTODON, GOTOSOCIAL, TAKAHE, SNAC, PLEROMA)}
