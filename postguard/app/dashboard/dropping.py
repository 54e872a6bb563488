"""Pictures that are dropped into the page: kept beside until they are whole, then put into the
outbox as `postguard add` does. Implements `web.desk.Dropping`."""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from postguard.app import adding, bell, first_start
from postguard.app.installation import Installation
from postguard.errors import Unusable
from postguard.language import _
from postguard.system import files
from postguard.web.facts import Told

MOST = 40  # pictures in one drop
_FORGOTTEN = timedelta(hours=6)
_KEY = re.compile(r"[0-9a-f]{32}")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_LONGEST = 80  # characters of a name


@dataclass(frozen=True, slots=True)
class Drops:
    """The drops of one installation, each a private folder in the cache."""

    installation: Installation

    def begin(self) -> str:
        """Return the key of a new drop; what was left lying is cleared away."""
        folder, now = self._folder(), self.installation.clock.now().timestamp()
        for old in folder.iterdir():
            if now - old.stat().st_mtime > _FORGOTTEN.total_seconds():
                shutil.rmtree(old, ignore_errors=True)
        key = secrets.token_hex(16)
        files.private_dir(folder / key)
        return key

    def place(self, key: str, number: int, name: str) -> Path:
        """Return where a picture of a drop is to be written; a folder of its own keeps its name.
        Raises Unusable."""
        if not 1 <= number <= MOST:
            raise Unusable(_("{most} pictures at once are the most").format(most=MOST))
        return files.private_dir(self._drop(key) / f"{number:02d}") / plain_name(name)

    def finish(self, key: str, words: Mapping[str, str]) -> Told:
        """Put the drop into the outbox as one post. Raises Unusable or BadWords."""
        drop, pictures = self._drop(key), self.pictures(key)
        said, now = _said(words, len(pictures)), self.installation.clock.now()
        try:
            name = adding.drop(self.installation.path, pictures, said, now)
        except OSError as exc:
            raise Unusable(files.in_words(exc)) from exc
        first_start.expect(self.installation.store, name)
        shutil.rmtree(drop, ignore_errors=True)
        bell.ring()
        if waits := adding.no_room(self.installation.path):
            return Told((_("{name} is in the outbox.").format(name=name), waits))
        return Told((_("{name} is in the outbox and is taken in a moment.").format(name=name),))

    def pictures(self, key: str) -> tuple[Path, ...]:
        """Return what has arrived of a drop. Raises Unusable where nothing has."""
        found = tuple(sorted(self._drop(key).glob("[0-9][0-9]/*")))
        if not found:
            raise Unusable(_("no picture has arrived, so there is nothing to post"))
        return found

    def _folder(self) -> Path:
        return files.private_dir(self.installation.home.cache / "drops")

    def _drop(self, key: str) -> Path:
        found = self._folder() / key
        if not _KEY.fullmatch(key) or not found.is_dir():
            raise Unusable(_("this drop is over; drop the pictures again"))
        return found


def plain_name(name: str) -> str:
    """Return a file name that leads nowhere and hides nothing: `../../.x` becomes `x`."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", last)).lstrip(". ")
    stem, dot, kind = clean.rpartition(".")
    short = f"{stem[:_LONGEST]}{dot}{kind[:8]}" if dot else clean[:_LONGEST]
    return short or "picture"


def _said(words: Mapping[str, str], pictures: int) -> dict[str, Any]:
    """Return what was written as `adding.drop` takes it: nothing where nothing was said."""
    said: dict[str, Any] = {
        key: words[key].strip() for key in ("text", "cw", "at", "recipe") if words.get(key)
    }
    alts = tuple(words.get(f"alt{n}", "").strip() for n in range(1, pictures + 1))
    if any(alts):
        said["alt"] = alts
    return {key: value for key, value in said.items() if value}
