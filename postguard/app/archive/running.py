"""Protects a whole tree of pictures, posts nothing, and can be ended and begun again at any time.

Every picture is known by its content and the recipe. What was made is put in its place without
ever writing over a file, and a crash at any point leaves what the next run goes on from.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from postguard.app.archive.naming import Found, key_of, pictures, place_of
from postguard.app.archive.report import page, summary_of
from postguard.app.installation import Installation
from postguard.app.protecting_files import NO_LIMITS
from postguard.errors import BadPicture, PostguardError, Retryable, Unusable
from postguard.language import _
from postguard.model import Artist, ArtworkOrder, Json, ProtectOrder, Rendition
from postguard.store.archive import ArchiveRows, Made, Original
from postguard.system import files
from postguard.system.lock import OnlyOne

HIDDEN = ".postguard"  # in the folder of what is made: the ledger, and what is being worked on
REPORT = "report.html"
_LEDGER, _WORK = "ledger.db", "work-"
WINDOW = 4  # pictures on their way for each worker: it never waits for the next one


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


@dataclass(slots=True)
class Count:
    """How far it is. `known`: was there from an earlier run; `stopped`: why it ended early."""

    total: int = 0
    made: int = 0
    known: int = 0
    failed: int = 0
    seconds: float = 0.0
    stopped: str = ""

    @property
    def seen(self) -> int:
        """How many there is nothing left to do for in this run."""
        return self.made + self.known + self.failed


def as_json(count: Count) -> dict[str, Json]:
    """Return how far it came."""
    return asdict(count)


def archive(
    installation: Installation,
    asked: Asked,
    hands: Hands,
    on_count: Callable[[Count], None],
) -> Count:
    """Protect every picture below a folder into another one, names and folders alike.

    Args:
        on_count: hears how far it is after each picture.

    Raises:
        Unusable: the folders cannot be used, or another run works on this archive.
        ConfigError: there is no such recipe.
    """
    asked = replace(asked, source=asked.source.resolve(), target=asked.target.resolve())
    _check_places(asked)
    recipe = installation.steps(asked.recipe)
    artist = installation.artist(installation.clock.now())
    written = installation.settings.artist.copyright  # with {year}: a new year is no new recipe
    key = key_of(recipe, replace(artist, copyright=written))
    hidden = files.private_dir(asked.target / HIDDEN)
    with (
        OnlyOne(hidden / "lock"),
        ArchiveRows(hidden / _LEDGER) as rows,
        _work_in(hidden) as work,
    ):
        count = _Run(installation, asked, hands, rows, Path(work), recipe, artist, key).go(
            on_count
        )
        made = summary_of(rows.entries(key))
        files.write_whole(asked.target / REPORT, page(made, asked.recipe).encode(), mode=0o644)
        return count


@contextmanager
def _work_in(hidden: Path) -> Iterator[str]:
    """Yield a folder for what is worked on. What a killed run left goes first: a picture that is
    half protected must not stay beside those that are meant to be shown."""
    for left in hidden.glob(f"{_WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=hidden, prefix=_WORK) as work:
        yield work


@dataclass(slots=True)
class _Run:
    """One run over one archive."""

    installation: Installation
    asked: Asked
    hands: Hands
    rows: ArchiveRows
    work: Path
    recipe: tuple[dict[str, Json], ...]
    artist: Artist
    key: str
    count: Count = field(default_factory=Count)
    _stop: threading.Event = field(default_factory=threading.Event)

    def go(self, on_count: Callable[[Count], None]) -> Count:
        """Work through all pictures; a few are on their way at once."""
        began = time.monotonic()
        self.count.total = sum(1 for _ in self._pictures())
        with ThreadPoolExecutor(self.asked.workers * WINDOW) as pool:
            for outcome in self._outcomes(pool):
                self._counted(outcome)
                self.count.seconds = time.monotonic() - began
                on_count(self.count)
        return self.count

    def _pictures(self) -> Iterator[Found]:
        return pictures(self.asked.source, self.asked.target)

    def _outcomes(self, pool: ThreadPoolExecutor) -> Iterator[Future[str]]:
        """The first picture goes alone: by it the style of all the others may be chosen, and
        what is wrong with the recipe shows at once."""
        going: set[Future[str]] = set()
        width = 1
        for found in self._pictures():
            if self._stop.is_set():
                break
            going.add(pool.submit(self._one, found))
            if len(going) >= width:
                ended, going = wait(going, return_when=FIRST_COMPLETED)
                yield from ended
                width = self.asked.workers * WINDOW
        yield from wait(going).done

    def _counted(self, outcome: Future[str]) -> None:
        try:
            how = outcome.result()
        except Retryable as exc:
            self._stop.set()
            self.count.stopped = self.count.stopped or str(exc)
        else:
            setattr(self.count, how, getattr(self.count, how) + 1)

    def _one(self, found: Found) -> str:
        """Protect one picture; return which count it adds to.

        Raises:
            Retryable: nothing can be done at the moment.
        """
        if self._stop.is_set():
            raise Retryable("")
        original, sha256 = Original(self._name(found), 0, 0, self.key), ""
        try:
            stat = found.path.stat()
            original = replace(original, size=stat.st_size, changed=stat.st_mtime_ns)
            if self._is_there(original):
                return "known"
            sha256 = _read(found.path)
            self._make(original, sha256, found)
        except Retryable:
            raise
        except (PostguardError, OSError) as exc:
            if isinstance(exc, OSError) and files.no_room(exc):
                raise Retryable(_(files.NO_ROOM)) from exc
            self.rows.failed(original, sha256, str(exc))
            return "failed"
        return "made"

    def _name(self, found: Found) -> str:
        return found.path.relative_to(self.asked.source).as_posix()

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
        before = self.rows.of_content(sha256, original.recipe)
        if before is not None and (data := self._bytes_of(before)) is not None:
            self._place(original, sha256, _placed(before, original, found), data)
            return
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            began = time.monotonic()
            rendition = self._protected(self._order(found.path, sha256, Path(folder)))
            made = _told(rendition, time.monotonic() - began)
            data = rendition.path.read_bytes()
            self._place(original, sha256, _placed(made, original, found), data)

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

    def _place(self, original: Original, sha256: str, made: Made, data: bytes) -> None:
        """Write what was made to its place; never over a file.

        Raises:
            Unusable: something else lies there.
        """
        place = self.asked.target / made.name
        self.rows.placing(original, sha256, made)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = self.work / f"{threading.get_ident()}{place.suffix}"
        files.write_whole(draft, data, mode=0o644)
        try:
            _put(draft, place)
        except FileExistsError:
            if files.sha256_of(place) != made.sha256:
                raise Unusable(
                    _(
                        "{place} is there already, made of an earlier version of the picture or "
                        "by another recipe, or a file of your own; it stays as it is. Move it "
                        "away, or name another folder"
                    ).format(place=place)
                ) from None
        finally:
            draft.unlink(missing_ok=True)
        files.sync_dir(place.parent)
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
            kit=installation.cloak_kit(),
            identity=installation.home.secrets,
        )


def _check_places(asked: Asked) -> None:
    """Raise Unusable where the folders cannot be used."""
    if not asked.source.is_dir():
        raise Unusable(
            _("{source} is no folder; name the one with your pictures").format(source=asked.source)
        )
    if asked.source == asked.target or asked.target in asked.source.parents:
        raise Unusable(
            _(
                "{target} holds the originals; name another folder, so that the protected "
                "pictures are never mixed up with them"
            ).format(target=asked.target)
        )
    files.check_folder_of(asked.target)
    report = asked.target / REPORT
    if report.exists() and not (asked.target / HIDDEN / _LEDGER).exists():
        raise Unusable(
            _(
                "{report} is there already, and the archive's own report gets this name; move it "
                "away, or name another folder"
            ).format(report=report)
        )
    asked.target.mkdir(exist_ok=True)


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


def _put(draft: Path, place: Path) -> None:
    """Give a file its name. Raises FileExistsError where another has it."""
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # memory cards and network disks know no links
        if place.exists():
            raise FileExistsError(place) from None
        draft.replace(place)


def _told(rendition: Rendition, seconds: float) -> Made:
    """Return what the report tells of a picture."""
    record = cast("Any", rendition.record)
    gains = record.get("measured", {}).get("behind", {}).values()
    score = record["encode"].get("ssimulacra2", {}).get("score")
    least = min(gains, default=None)
    return Made(rendition.path.name, rendition.sha256, round(seconds, 2), score, least)
