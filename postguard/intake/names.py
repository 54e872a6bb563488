"""What a file's name says: whether it is art, words or litter, and in which order names come."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from enum import Enum, auto
from fnmatch import translate
from pathlib import Path, PurePath

RESERVED = frozenset({"queued", "held", "posted", "dry-run"})
WORDS = (".toml", ".md", ".txt")
PICTURES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".avif", ".gif"}
)
SET_WORDS = "post"

# Unfinished copies, autosaves, and what file managers, NAS boxes and sync tools leave behind.
_LITTER = (
    *(".*", "*~", "~*", "#*#", "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart"),
    *("*.crdownload", "*.download", "*.opdownload", "*.swp", "*.bak", "*.lock"),
    *("~syncthing~*", "*.!sync", "*.kra-autosave*", "*-autosave.kra", "*.goutputstream-*"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "#recycle"),
    *("$recycle.bin", "system volume information", "lost+found"),
)
_IS_LITTER = re.compile("|".join(translate(pattern) for pattern in _LITTER))
_IS_CONFLICT = re.compile(
    r".*(\.sync-conflict-\d|\(conflicted copy|conflicted copy \d)", re.DOTALL
)


class Verdict(Enum):
    """What intake does with a path."""

    TAKE = auto()
    IGNORE = auto()
    CONFLICT = auto()  # two versions of one file: only the artist knows which is meant
    UNREADABLE = auto()  # the name is not UTF-8, so it cannot be shown or stored


def verdict(relative: PurePath) -> Verdict:
    """Judge a path relative to the outbox by the names in it."""
    parts = relative.parts
    if not parts or parts[0] in RESERVED:
        return Verdict.IGNORE
    if any(_IS_LITTER.match(part.casefold()) for part in parts):
        return Verdict.IGNORE
    if not _is_utf8(str(relative)):
        return Verdict.UNREADABLE
    return Verdict.CONFLICT if _IS_CONFLICT.search(relative.name) else Verdict.TAKE


def is_litter(name: str) -> bool:
    """Return whether one file or folder name is nothing that the artist dropped."""
    return _IS_LITTER.match(name.casefold()) is not None


def has_words(name: str) -> bool:
    """Return whether a file of this name holds words rather than art."""
    return PurePath(name).suffix.casefold() in WORDS


def is_picture(name: str) -> bool:
    """Return whether a file of this name claims to be a picture; its bytes decide in the end."""
    return PurePath(name).suffix.casefold() in PICTURES


def same(name: str) -> str:
    """Return `name` as it is compared: macOS and some sync tools send Japanese decomposed."""
    return unicodedata.normalize("NFC", name)


def stem(name: str) -> str:
    """Return `fox` for `fox.png` and for `fox.toml`, and `fox.png` for `fox.png.toml`."""
    return same(PurePath(name).stem)


def natural(name: str) -> tuple[list[str | int], str]:
    """Return a sort key that puts `2.png` (also `２.png`) before `10.png`."""
    parts = re.split(r"(\d+)", unicodedata.normalize("NFKC", name).casefold())
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], name


def walk(outbox: Path, top: Path | None = None) -> Iterator[Path]:
    """Yield every file beneath the outbox (or beneath its folder `top`) but litter and what lies
    in the reserved folders.

    Folders that vanish or cannot be read on the way are passed over; links are not followed.
    """
    for folder, subfolders, names in os.walk(top or outbox):
        passed_over = RESERVED if Path(folder) == outbox else frozenset[str]()
        subfolders[:] = [n for n in subfolders if n not in passed_over and not is_litter(n)]
        yield from (Path(folder, name) for name in names if not is_litter(name))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
