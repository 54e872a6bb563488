"""Protects a whole tree of pictures, posts nothing, and can be ended and begun again at any time.

Every picture is known by its content and the recipe. What was made is put in its place without
ever writing over a file, and a crash at any point leaves what the next run goes on from.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from postguard.app.archive.making import Asked, Hands, Maker, Outcome
from postguard.app.archive.naming import Found, key_of, pictures
from postguard.app.archive.report import page, summary_of
from postguard.app.installation import Installation
from postguard.errors import Retryable, Unusable
from postguard.language import _
from postguard.model import Json
from postguard.store.archive import ArchiveRows
from postguard.system import files
from postguard.system.lock import OnlyOne

HIDDEN = ".postguard"  # in the folder of what is made: the ledger, and what is being worked on
REPORT = "report.html"
_LEDGER, _WORK = "ledger.db", "work-"
_EXAMPLES = 5  # of what failed, for whoever looks on; the report has them all
WINDOW = 4  # pictures on their way for each worker: it never waits for the next one


@dataclass(slots=True)
class Count:
    """How far it is.

    Attributes:
        known: were there from an earlier run.
        examples: the first that failed: (name, reason).
        stopped: why it ended early; empty: it did not.
        unreported: why there is no report, or only an earlier run's; empty: it is there.
    """

    total: int = 0
    made: int = 0
    known: int = 0
    failed: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = ""
    unreported: str = ""

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
        kit = installation.cloak_kit()  # here, for it may have to draw the artist's key
        maker = Maker(installation, asked, hands, rows, Path(work), recipe, artist, key, kit)
        count = _Run(asked, maker).go(on_count)
        count.unreported = _report(maker, asked)
        return count


def _report(maker: Maker, asked: Asked) -> str:
    """Write the report; return why that was not possible, or nothing. What was made is there all
    the same, and the run has its own words for what ended it."""
    try:
        maker.flush()
        made = summary_of(maker.rows.entries(maker.key))
        files.write_whole(asked.target / REPORT, page(made, asked.recipe).encode(), mode=0o644)
    except Retryable as exc:
        return str(exc)
    except OSError as exc:
        return _(files.NO_ROOM) if files.no_room(exc) else str(exc)
    return ""


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
    """One run over one archive; a few pictures are on their way at once."""

    asked: Asked
    maker: Maker
    count: Count = field(default_factory=Count)
    _failed: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def go(self, on_count: Callable[[Count], None]) -> Count:
        """Work through all pictures."""
        began = time.monotonic()
        self.count.total = sum(1 for _ in self._pictures())
        with ThreadPoolExecutor(self.asked.workers * WINDOW) as pool:
            for outcome in self._outcomes(pool):
                self._counted(outcome)
                self.count.seconds = time.monotonic() - began
                on_count(self.count)
        if not self._stop.is_set():  # what failed once and was not met again is there no longer
            self.maker.rows.forget_failures(self.maker.key, but=self._failed)
        return self.count

    def _pictures(self) -> Iterator[Found]:
        return pictures(self.asked.source, self.asked.target)

    def _outcomes(self, pool: ThreadPoolExecutor) -> Iterator[Future[Outcome]]:
        """The first picture goes alone: by it the style of all the others may be chosen, and
        what is wrong with the recipe shows at once."""
        ended: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()
        going, width = 0, 1
        for found in self._pictures():
            if self._stop.is_set():
                break
            pool.submit(self._one, found).add_done_callback(ended.put)
            going += 1
            if going >= width:
                yield ended.get()
                going, width = going - 1, self.asked.workers * WINDOW
        yield from (ended.get() for _ in range(going))

    def _one(self, found: Found) -> Outcome:
        if self._stop.is_set():  # it was on its way when the run had to end
            raise Retryable("")
        return self.maker.one(found)

    def _counted(self, ended: Future[Outcome]) -> None:
        count = self.count
        try:
            outcome = ended.result()
        except Retryable as exc:
            self._stop.set()
            count.stopped = count.stopped or str(exc)
            return
        setattr(count, outcome.how, getattr(count, outcome.how) + 1)
        if outcome.how == "failed":
            self._failed.append(outcome.name)
        if outcome.reason and len(count.examples) < _EXAMPLES:
            count.examples.append((outcome.name, outcome.reason))


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
