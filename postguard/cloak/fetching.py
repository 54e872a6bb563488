"""Gets a published encoder, checks it, and only then puts it in place; needs no torch itself."""

from __future__ import annotations

import errno
import functools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from postguard.cloak import catalogue, configs, hub, pins, trying
from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.catalogue import FILES, Model
from postguard.cloak.pins import Pin
from postguard.cloak.trying import Check
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import Progress
from postguard.system import files

_CHUNK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}

OnProgress = Callable[[Progress], None]


class News(Enum):
    """What a fetch did: nothing, for it was there; got the pinned bytes; or pinned new ones."""

    KEPT = "kept"
    SAME = "same"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that is in place now."""

    folder: Path
    pin: Pin
    news: News


def fetch(
    model: Model,
    models: Path,
    on_progress: OnProgress,
    *,
    revision: str | None = None,
    source: Path | None = None,
    check: Check | None = None,
) -> Fetched:
    """Put a model into the folder `models`, whole and checked, or change nothing there.

    Args:
        revision: of its repository; without it the pinned one, else the newest.
        source: a folder to copy from instead of downloading.
        check: returns a folder's known answer; without it a child process is asked.

    Raises:
        Unusable: it cannot be had, or is not what is pinned; in words.
        UnknownWeights: what came is not an encoder that postguard can use.
    """
    pin = pins.read(models).get(model.name)
    _refuse_another_revision(model, pin, revision)
    folder = models / model.name
    if pin and not pins.differing(pins.hashes(folder, FILES), pin):
        return Fetched(folder, pin, News.KEPT)
    trying.need_parts(model, download=source is None)
    staged = models / f".fetching-{model.name}"
    with _room(model, models):
        staged.mkdir(parents=True, exist_ok=True)
        errand = _Errand(model, staged, pin, on_progress)
        if source:
            errand.copy(source)
            got = revision or (pin.revision if pin else "")
        else:
            got = errand.download(revision)
        new = errand.checked(got, check or trying.in_child)
        pins.write(models, model.name, new)
        _put_in_place(errand.staged, folder)
    return Fetched(folder, new, News.SAME if pin else News.FIRST)


@dataclass(frozen=True, slots=True)
class _Errand:
    """One fetch on its way; `staged`: a hidden folder beside the models, kept until it is done."""

    model: Model
    staged: Path
    pin: Pin | None
    on_progress: OnProgress

    def copy(self, source: Path) -> None:
        """Copy both files from a folder."""
        inner = source / self.model.subfolder
        place = source if catalogue.is_whole(source) else inner
        if not catalogue.is_whole(place):
            raise Unusable(
                _("{source} does not hold {files}").format(
                    source=source, files=_(" and ").join(FILES)
                )
            )
        total = sum((place / name).stat().st_size for name in FILES)
        self._need_room(total)
        done = 0
        for name in FILES:
            with (place / name).open("rb") as read, (self.staged / name).open("wb") as write:
                while chunk := read.read(_CHUNK):
                    write.write(chunk)
                    self._tell(done + write.tell(), total)
                done += write.tell()

    def download(self, revision: str | None) -> str:
        """Download what is missing of both files; return the revision that they are of."""
        wanted = hub.listing(self.model, (self.pin and self.pin.revision) or revision)
        self._refuse_a_change(wanted)
        parts = {file: self.staged / f"{file.digest}.part" for file in wanted.files}
        total = sum(file.size for file in wanted.files)
        self._need_room(total - sum(p.stat().st_size for p in parts.values() if p.is_file()))
        done = 0
        for file, part in parts.items():
            tell = functools.partial(self._tell, total=total, before=done)
            hub.download(self.model, wanted.revision, file, part, tell)
            self._refuse_another_file(file, part)
            done += file.size
        for file, part in parts.items():
            part.replace(self.staged / file.name)
        return wanted.revision

    def checked(self, revision: str, check: Check) -> Pin:
        """Return the pin of what is staged, once it is what it has to be; else throw it away."""
        found = pins.hashes(self.staged, FILES)
        try:
            if self.pin and (odd := pins.differing(found, self.pin)):
                raise Unusable(self._changed(odd))
            self._refuse_to_replace(found)
            self._refuse_another_network()
            self.on_progress(
                Progress(0, _("trying {name} out").format(name=self.model.name), done=False)
            )
            answer = check(self.staged)
            if self.pin and not pins.agrees(answer, self.pin.answer):
                raise Unusable(
                    _(
                        "{name} has the pinned bytes but answers otherwise than when it was "
                        "pinned: {answer} for {pinned}; is torch in order?"
                    ).format(name=self.model.name, answer=answer, pinned=list(self.pin.answer))
                )
        except (Unusable, UnknownWeights):
            shutil.rmtree(self.staged)
            raise
        pinned = self.pin.answer if self.pin else tuple(answer)
        return Pin(self.model.repository, revision, found, pinned)

    def _refuse_a_change(self, wanted: hub.Listing) -> None:
        """What the hub announces is refused before a byte of it comes."""
        pinned = self.pin.files if self.pin else {}
        odd = [
            f.name for f in wanted.files if f.sha256 and pinned.get(f.name, f.sha256) != f.sha256
        ]
        if odd:
            raise Unusable(self._changed(odd))

    def _refuse_another_file(self, file: hub.Announced, part: Path) -> None:
        if not file.is_genuine(part):
            part.unlink()
            raise Unusable(
                _(
                    "what came as {name} of {model} is not what the hub announced: its hash is "
                    "another, so it was thrown away, and nothing was put in place. Try again; if "
                    "it stays so, do not trust this connection"
                ).format(name=file.name, model=self.model.name)
            )

    def _refuse_to_replace(self, found: dict[str, str]) -> None:
        """What the artist put there by hand is theirs; only what a pin calls damaged goes."""
        folder = self.staged.parent / self.model.name
        there = pins.hashes(folder, FILES)
        if self.pin is None and folder.exists() and there != found:
            raise Unusable(
                _("{folder} is there already and holds other files; move it away first").format(
                    folder=folder
                )
            )

    def _refuse_another_network(self) -> None:
        told = configs.read(self.staged)
        if (told.kind, told.latents) != (self.model.kind, self.model.latents):
            raise Unusable(
                _(
                    "{name} is an {kind} with {latents} latents, and this is an {told_kind} with "
                    "{told_latents}; nothing was put in place"
                ).format(
                    name=self.model.name,
                    kind=self.model.kind,
                    latents=self.model.latents,
                    told_kind=told.kind,
                    told_latents=told.latents,
                )
            )

    def _changed(self, odd: list[str]) -> str:
        return _(
            "{odd} of {name} is not what {lock} pins, so nothing was put in place. If you know "
            "why and want the new one, remove its entry from that file and fetch it again"
        ).format(odd=_(" and ").join(odd), name=self.model.name, lock=pins.LOCK)

    def _need_room(self, missing: int) -> None:
        free = shutil.disk_usage(self.staged).free
        if missing > free:
            raise Unusable(
                _(
                    "{name} needs {megabytes} MB in {parent}, and {free} MB are free; "
                    "make room there and try again"
                ).format(
                    name=self.model.name,
                    megabytes=_megabytes(missing),
                    parent=self.staged.parent,
                    free=_megabytes(free),
                )
            )

    def _tell(self, done: int, total: int, before: int = 0) -> None:
        done += before
        said = _("{name}: {done} of {total} MB").format(
            name=self.model.name, done=_megabytes(done), total=_megabytes(total)
        )
        self.on_progress(Progress(0, said, done=False, fraction=done / max(total, 1)))


def _refuse_another_revision(model: Model, pin: Pin | None, revision: str | None) -> None:
    if pin and pin.revision and revision and not pin.revision.startswith(revision):
        raise Unusable(
            _(
                "{name} is pinned to revision {revision}; to take {wanted} instead, remove "
                "its entry from {lock} first"
            ).format(name=model.name, revision=pin.revision, wanted=revision, lock=pins.LOCK)
        )


def _put_in_place(staged: Path, folder: Path) -> None:
    for path in staged.iterdir():  # parts of other revisions, from fetches that were given up
        if path.name not in FILES:
            path.unlink()
    for name in FILES:
        _flush(staged / name)
    old = folder.with_name(f".replaced-{folder.name}")
    if folder.exists():
        folder.rename(old)
    files.move(staged, folder)
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    """Wait until a file's bytes are on the disk: its folder is renamed next."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _room(model: Model, models: Path) -> Iterator[None]:
    """Say of a full disk what it means here."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in _FULL:
            raise
        raise Unusable(
            _(
                "the disk is full: {name} does not fit into {models}; make room there and run "
                "this again: what has come is kept"
            ).format(name=model.name, models=models)
        ) from exc


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
