"""Protects one picture of an archive and puts what was made of it in its place.

Every picture is known by its content and the recipe; nothing is ever written over.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from postguard.app.archive import placing
from postguard.app.archive.naming import Found, place_of
from postguard.app.installation import Installation
from postguard.app.protecting_files import NO_LIMITS
from postguard.errors import BadPicture, PostguardError, Retryable, Unusable
from postguard.language import _
from postguard.model import Artist, ArtworkOrder, CloakKit, Json, ProtectOrder, Rendition
from postguard.store.archive import ArchiveRows, Made, Original
from postguard.system import files


class Hands(Protocol):
    """Whoever protects: any number of threads ask it at once."""

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Any], None]
    ) -> tuple[Rendition, ...]:
        """Run the recipe; one rendition for each artwork and each limits. Raises Held."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be protected, and where to; `workers`: how many work on it at once."""

    source: Path
    target: Path
    recipe: str = "default"
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one picture: `how`: the count that it adds to; `reason`: why it failed."""

    how: str
    name: str
    reason: str = ""


@dataclass(slots=True)
class Maker:
    """What one run needs for each of its pictures; threads may share it.

    Attributes:
        work: folder on the disk of what is made.
        recipe: its steps; `key`: what the ledger knows it and the artist's words by.
    """

    installation: Installation
    asked: Asked
    hands: Hands
    rows: ArchiveRows
    work: Path
    recipe: tuple[dict[str, Json], ...]
    artist: Artist
    key: str
    kit: CloakKit
    _folders: set[Path] = field(default_factory=set)  # that got files

    def one(self, found: Found) -> Outcome:
        """Protect one picture.

        Raises:
            Retryable: nothing can be done at the moment.
        """
        original = Original(self._name(found), 0, 0, self.key)
        try:
            _refuse_unspeakable(found.path, original.name)
            stat = found.path.stat()
            original = replace(original, size=stat.st_size, changed=stat.st_mtime_ns)
            if self._is_there(original):
                return Outcome("known", original.name)
            self._make(original, _read(found.path), found)
        except Retryable:
            raise
        except (PostguardError, OSError) as exc:
            if isinstance(exc, OSError) and files.no_room(exc):
                raise Retryable(_(files.NO_ROOM)) from exc
            self.rows.failed(original, str(exc))
            return Outcome("failed", original.name, str(exc))
        return Outcome("made", original.name)

    def _name(self, found: Found) -> str:
        """Return its way from the root, as the ledger and a terminal can have it."""
        way = found.path.relative_to(self.asked.source).as_posix()
        return way.encode(errors="backslashreplace").decode()

    def _is_there(self, original: Original) -> bool:
        """Return whether its picture lies in its place, as an earlier run put it there."""
        made = self.rows.known(original)
        if made is None:
            return False
        place = self.asked.target / made.name
        if not place.is_file() or files.sha256_of(place) != made.sha256:
            return False
        self.rows.settled(original)  # a crash may have come between both
        return True

    def _make(self, original: Original, sha256: str, found: Found) -> None:
        """Protect it and put it in its place; bytes that were seen before are only copied."""
        before = self.rows.of_content(sha256, original)
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            if before is not None and (data := self._bytes_of(before)) is not None:
                made, draft = before, Path(folder) / Path(before.name).name
                draft.write_bytes(data)
            else:
                self._refuse_taken(original)
                began = time.monotonic()
                rendition = self._protected(self._order(found.path, sha256, Path(folder)))
                made, draft = _told(rendition, time.monotonic() - began), rendition.path
            self._place(original, sha256, _placed(made, original, found), draft)

    def _refuse_taken(self, original: Original) -> None:
        """Raise Unusable where what was made of an earlier version lies in its place: all the work
        would be in vain."""
        earlier = self.rows.earlier(original)
        if earlier is not None and (self.asked.target / earlier.name).exists():
            raise Unusable(_taken(self.asked.target / earlier.name))

    def _protected(self, order: ProtectOrder) -> Rendition:
        """Raises Retryable also where nobody could protect any picture: it would be in vain."""
        try:
            (rendition,) = self.hands.protect(order, lambda _: None)
        except Unusable as exc:
            raise Retryable(str(exc)) from exc
        return rendition

    def _bytes_of(self, made: Made) -> bytes | None:
        """Return what an earlier picture's file holds; None: it is not what was made."""
        try:
            data = (self.asked.target / made.name).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == made.sha256 else None

    def _place(self, original: Original, sha256: str, made: Made, draft: Path) -> None:
        """Put what was made in its place; never over a file.

        Raises:
            Unusable: something else lies there.
        """
        place = self.asked.target / made.name
        placing.flush(draft)
        self.rows.placing(original, sha256, made)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            placing.put(draft, place)
        except FileExistsError:
            if files.sha256_of(place) != made.sha256:
                raise Unusable(_taken(place)) from None
        self._folders.add(place.parent)
        self.rows.done(original, sha256, made)

    def _order(self, path: Path, sha256: str, into: Path) -> ProtectOrder:
        installation = self.installation
        return ProtectOrder(
            artworks=(ArtworkOrder(0, path.resolve(), sha256, "", installation.seed_of(sha256)),),
            recipe_name=self.asked.recipe,
            recipe=self.recipe,
            limits=(NO_LIMITS,),
            into=into,
            artist=self.artist,
            max_megapixels=installation.settings.intake.max_megapixels,
            models_dir=installation.models_dir,
            kit=self.kit,
            identity=installation.home.secrets,
            brief=True,
        )

    def flush(self) -> None:
        """Have every name on disk. One that a power cut takes before is made again by the next
        run: it looks at each file, whatever the ledger says."""
        for folder in self._folders:
            files.sync_dir(folder)


def _refuse_unspeakable(path: Path, name: str) -> None:
    """Raise BadPicture where `name` cannot say what the file is called: its bytes are no UTF-8,
    as on disks of old PCs."""
    if not path.as_posix().endswith(name):
        raise BadPicture(
            _("{shown} has a name that is not UTF-8; rename it, then it is taken.").format(
                shown=name
            )
        )


def _read(path: Path) -> str:
    """Return the SHA-256 of an original. Raises BadPicture: it cannot be read, and that is no
    fault of the disk that is written to."""
    try:
        return files.sha256_of(path)
    except OSError as exc:
        raise BadPicture(
            _("it cannot be read ({why})").format(why=exc.strerror or type(exc).__name__)
        ) from exc


def _placed(made: Made, original: Original, found: Found) -> Made:
    name = place_of(original.name, Path(made.name).suffix, twin=found.twin)
    return replace(made, name=name)


def _taken(place: Path) -> str:
    return _(
        "{place} is there already, made of an earlier version of the picture or by another "
        "recipe, or a file of your own; it stays as it is. Move it away, or name another folder"
    ).format(place=place)


def _told(rendition: Rendition, seconds: float) -> Made:
    """Return what the report tells of a picture."""
    record = cast("Any", rendition.record)
    gains = record.get("measured", {}).get("behind", {}).values()
    score = record["encode"].get("ssimulacra2", {}).get("score")
    least = min(gains, default=None)
    return Made(rendition.path.name, rendition.sha256, round(seconds, 2), score, least)
