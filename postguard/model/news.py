"""What the artist hears of while they look elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class News(StrEnum):
    """The kinds of messages; each can be silenced."""

    POSTED = "posted"
    HELD = "held"
    LOGGED_OUT = "logged-out"
    LATE = "late"  # could not go out at its time as things are
    DISK = "disk"  # there is no room to begin anything
    CONFIG = "config"  # what was changed in it could not be taken


@dataclass(frozen=True, slots=True)
class Message:
    """One message, in the artist's language."""

    news: News
    title: str
    text: str
