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


MASTODON = Flavour("Mastodon", "4.6.4")
GOTOSOCIAL = Flavour("GoToSocial", "0.20.1+git", idempotency=False, near_schedule="refused")
TAKAHE = Flavour("Takahe", "0.11.0", schedules=False, keeps_language=False)
SNAC = Flavour("snac", "2.80", visibilities={"unlisted": "private", "direct": "private"})

FLAVOURS = {each.name.lower(): each for each in (MASTODON, GOTOSOCIAL, TAKAHE, SNAC)}
