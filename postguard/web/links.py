"""One-time links: who holds one may come in, once, within ten minutes.

A link is known by its SHA-256 alone, in a file that only the artist's own processes can write:
`postguard open` leaves it there, and the dashboard takes it away when it is used.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from postguard.system import files

VALID = timedelta(minutes=10)
_FOLDER = "links"


def digest(secret: str) -> str:
    """Return what a secret is known by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make(folder: Path, now: datetime) -> str:
    """Return the secret of a new link; those that have expired are forgotten."""
    kept = files.private_dir(folder / _FOLDER)
    for old in kept.iterdir():
        with suppress(FileNotFoundError):  # used at this moment
            if not old.name.startswith(".") and _until(old) < now:
                old.unlink()
    secret = secrets.token_urlsafe(32)
    files.write_whole(kept / digest(secret), (now + VALID).isoformat().encode())
    return secret


def use(folder: Path, secret: str, now: datetime) -> bool:
    """Use a link up; False: there is none of this secret, or it was used or has expired."""
    path = folder / _FOLDER / digest(secret)
    try:
        until = _until(path)
        path.unlink()  # of two at once, one finds it gone
    except FileNotFoundError:
        return False
    return now <= until <= now + VALID


def _until(path: Path) -> datetime:
    return datetime.fromisoformat(path.read_text(encoding="ascii"))
