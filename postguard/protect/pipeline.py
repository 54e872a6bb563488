"""Runs a recipe on a post's artworks: the only place where Renditions are made.

It fails closed. A changed file, a step that breaks, a recipe without a step, bytes that hold more
than they may: nothing is made of the post, and the reason is told in words.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from postguard import imaging
from postguard.errors import Retryable, StepFailed
from postguard.imaging import Picture
from postguard.imaging.likeness import fingerprint
from postguard.language import _
from postguard.model import ArtworkOrder, Json, Limits, Progress, ProtectOrder, Rendition
from postguard.model.measures import RECODING
from postguard.ports import CloakEngine
from postguard.protect import finishing
from postguard.protect.changes import Change
from postguard.protect.encode import alike
from postguard.protect.estimating import Estimate
from postguard.protect.failing import check_shape, failing_closed
from postguard.protect.finishing import Finish, finish
from postguard.protect.job import Encoded
from postguard.protect.steps import Scene, Step
from postguard.protect.steps.cloak import Cloak, targets_folder
from postguard.protect.steps.downscale import fitting, shrink, strictest, training_advice
from postguard.protect.steps.registry import STEPS
from postguard.protect.steps.tags import Tags
from postguard.protect.sweeping import WORK, sweep
from postguard.settings import recipes
from postguard.settings.recipes import order_problem
from postguard.system import files, wire

ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif"}
_SAVE_ONLY = {"encode"}
_FINISHING = {"encode", "credentials"}  # they change no pixel: told as each file is saved
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")

Tell = Callable[[Progress], None]


def run(
    order: ProtectOrder, engine: CloakEngine | None, year: int, on_progress: Tell
) -> tuple[Rendition, ...]:
    """Protect every artwork of the order once, and write one file for each of its limits.

    Args:
        engine: what runs the cloak; None where the recipe needs none.
        year: of posting, for marks and tags.
        on_progress: hears the beginning and end of each step, and fractions between.

    Raises:
        BadPicture: an artwork cannot be opened.
        StepFailed: the recipe or one of its steps cannot be done, or the result may not leave.
        Retryable: the disk is full.
    """
    named_steps = _steps(order, engine)
    how = finishing.asked((step for _, step in named_steps), order.identity)
    made = []
    try:
        files.private_dir(order.into)
        sweep(order.into)
        for artwork in order.artworks:
            with TemporaryDirectory(dir=order.into, prefix=WORK) as work:
                bench = _Bench(order, artwork, engine, year, Path(work), on_progress, how)
                made += bench.renditions(named_steps)
    except OSError as exc:
        if files.no_room(exc):
            raise Retryable(_(files.NO_ROOM)) from exc
        raise
    return tuple(made)


def _steps(order: ProtectOrder, engine: CloakEngine | None) -> list[tuple[str, Step]]:
    """Return the recipe's steps by name. Raises StepFailed where it cannot be run as written."""
    where = f"recipes.{order.recipe_name}"
    try:
        options = recipes.read(order.recipe)
    except ValueError as exc:
        raise StepFailed(
            "recipe", _("{where} is not a recipe; run `postguard check`").format(where=where)
        ) from exc
    if not options:
        raise StepFailed(
            "recipe",
            _("{where} has no step and would protect nothing; add one to it").format(where=where),
        )
    if problem := order_problem(options):
        raise StepFailed("recipe", f"{where}[{problem[0]}]: {problem[1]}")
    if any(o.step == "cloak" for o in options):
        _check_engine(engine)
    return [(o.step, STEPS[o.step](o)) for o in options]


def _check_engine(engine: CloakEngine | None) -> None:
    """Raise StepFailed before hours of other work are done in vain."""
    missing = _("nothing on this PC can run it") if engine is None else engine.available()
    if missing:
        raise StepFailed(
            "cloak", _("{missing}; or take the step out of the recipe").format(missing=missing)
        )


def _unheard(_: Progress) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class _Bench:
    """One artwork being worked on, and the record of it."""

    order: ProtectOrder
    artwork: ArtworkOrder
    engine: CloakEngine | None
    year: int
    work: Path
    tell: Tell
    how: Finish
    done: list[Json] = field(default_factory=list)
    uncloaked: tuple[Cloak, Picture] | None = None
    change: Change | None = None

    def renditions(self, named_steps: list[tuple[str, Step]]) -> list[Rendition]:
        """One base for all networks: two cloaks of one picture could be averaged away."""
        base = self._base(named_steps)
        limits = {limit.fit: limit for limit in self.order.limits}
        made = [self._rendition(base, limit) for limit in limits.values()]
        if self.change is not None:
            self.change.keep(self.order.into)
        return made

    def _base(self, named_steps: list[tuple[str, Step]]) -> Picture:
        most = self.order.max_megapixels
        with failing_closed("open"):
            picture = imaging.open_picture(self._bytes(), max_megapixels=most)
        protects = False
        for name, step in named_steps:
            if name != "downscale":
                picture = self._kept_whole(picture)
            before = picture
            tell = _unheard if name in _FINISHING else self.tell
            with failing_closed(name), self._watched(name, tell=tell) as notes:
                picture, record = step.apply(picture, self._scene(name))
                check_shape(picture)
                if isinstance(step, Tags):
                    self.how = replace(self.how, packets=step.packets(self._scene(name)))
                if isinstance(step, Cloak):
                    record |= self._cloaked(step, before, picture)
                notes.update(record)
            self.done.append({"step": name, **notes})
            protects |= name not in _SAVE_ONLY and record.get("carried") is not False
        if not protects:
            raise StepFailed(
                "recipe", _("no step of it protects this picture; add a notice to it")
            )
        return picture

    def _cloaked(self, step: Cloak, before: Picture, after: Picture) -> dict[str, Json]:
        """Remember what the cloak is measured with; return which file holds its change, of a post
        that will be read back."""
        self.uncloaked = step, before
        if not self.order.post:
            return {}
        self.change = Change.of(before, after, self.artwork.position)
        return {"change": self.change.name}

    def _kept_whole(self, picture: Picture) -> Picture:
        """Return the picture as small as the strictest network keeps it: marks and a cloak are
        made for the pixels that are posted, and a network's own resize would undo some of them."""
        before = (picture.width, picture.height)
        after = fitting(before, *strictest(self.order.limits))
        if after == before:
            return picture
        with failing_closed("downscale"), self._watched("downscale") as notes:
            picture = shrink(picture, *after)
            notes.update({"from": list(before), "to": list(after), "note": _("for the networks")})
        self.done.append({"step": "downscale", **notes})
        return picture

    def _bytes(self) -> bytes:
        data = imaging.read(self.artwork.path, self.order.max_megapixels)
        if hashlib.sha256(data).hexdigest() != self.artwork.sha256:
            raise StepFailed(
                "open",
                _("{name} was changed after it was taken, so it must be read anew").format(
                    name=self.artwork.path.name
                ),
            )
        return data

    def _scene(self, step: str) -> Scene:
        return Scene(
            artist=self.order.artist,
            alt=self.artwork.alt,
            description=self.order.description,
            seed=bytes.fromhex(self.artwork.seed),
            tags=self.order.tags,
            kit=self.order.kit,
            post=self.order.post,
            limits=self.order.limits,
            year=self.year,
            work=self.work,
            engine=self.engine,
            on_fraction=self._fractions(step),
        )

    def _fractions(self, step: str) -> Callable[[float], None]:
        """Return what tells a step's fractions, with an estimate of what is left of it."""
        estimate, began = Estimate(), time.perf_counter()

        def tell(fraction: float) -> None:
            nonlocal estimate
            estimate = estimate.after(fraction, time.perf_counter() - began)
            progress = Progress(self.artwork.position, step, done=False, fraction=fraction)
            self.tell(replace(progress, seconds_left=estimate.seconds_left))

        return tell

    @contextmanager
    def _watched(
        self, step: str, note: str = "", tell: Tell | None = None
    ) -> Iterator[dict[str, Json]]:
        """Tell when a step begins and ends; yield the record that gets its seconds."""
        tell = tell or self.tell
        progress = Progress(self.artwork.position, step, done=False, note=note)
        tell(progress)
        began = time.perf_counter()
        record: dict[str, Json] = {}
        yield record
        record["seconds"] = round(time.perf_counter() - began, 3)
        tell(replace(progress, done=True, note=str(record.get("note", note)), fraction=1.0))

    def _rendition(self, base: Picture, limits: Limits) -> Rendition:
        with failing_closed("encode"), self._watched("encode", limits.fit) as notes:
            encoded = finish(base, limits, self.how)
            digest = hashlib.sha256(encoded.data).hexdigest()
            self._check_changed(digest)
            notes.update(encoded.record | self._size_advice(encoded))
        name = file_name(self.artwork.position, limits.fit, encoded.mime)
        measured = self._measured(encoded, name, limits)
        path = self.order.into / name
        files.write_whole(path, encoded.data)
        return Rendition(
            position=self.artwork.position,
            fit=limits.fit,
            path=path,
            sha256=digest,
            mime=encoded.mime,
            width=encoded.width,
            height=encoded.height,
            size=len(encoded.data),
            record=self._record(encoded, notes, measured),
            likeness=fingerprint(base),
        )

    def _measured(self, encoded: Encoded, name: str, limits: Limits) -> dict[str, Json]:
        """Return what of the cloak is in the finished file; nothing where there is no cloak.

        Raises:
            StepFailed: it is weaker than the recipe asks for.
        """
        if self.uncloaked is None:
            return {}
        assert self.engine is not None  # the cloak step had it
        step, before = self.uncloaked
        with failing_closed("measure"), self._watched("measure", limits.fit) as notes:
            finished, without = self.work / name, self.work / f"without-{name}"
            finished.write_bytes(encoded.data)
            without.write_bytes(alike(before, encoded))
            asked: dict[str, Json] = {
                "targets": str(targets_folder(self.work)),
                "weights": dict(self.order.kit.weights),
                "platforms": self._platforms(limits),
                "brief": self.order.brief,
            }
            tell = self._fractions("measure")
            notes.update(self.engine.measure(asked, without, finished, tell))
            notes["behind"] = step.judge(cast("Any", notes), limits.fit)
            if self.change is not None:
                notes["kept"] = self.change.kept(encoded.data, without.read_bytes())
            if self.order.keep is not None:
                shutil.copy(without, self.order.keep)
                shutil.copytree(
                    targets_folder(self.work), self.order.keep / "targets", dirs_exist_ok=True
                )
        return {"measured": notes}

    def _platforms(self, limits: Limits) -> list[Json]:
        """Return behind which networks a file is measured: its own; one by itself behind all, and,
        where its record is read, in all else that is told."""
        own: list[Json] = [name for name in RECODING if limits.fit.startswith(name)]
        return own if own or not self.order.brief else [*RECODING]

    def _size_advice(self, encoded: Encoded) -> dict[str, Json]:
        """Return what the file's size offers to training, where the recipe has no step that says
        it."""
        limited = any(step.get("step") == "downscale" for step in self.order.recipe)
        advice = "" if limited else training_advice((encoded.width, encoded.height))
        return {"advice": advice} if advice else {}

    def _check_changed(self, digest: str) -> None:
        if digest == self.artwork.sha256:
            raise StepFailed(
                "recipe", _("it left the file as it was; add a step that protects it")
            )

    def _record(
        self, encoded: Encoded, notes: dict[str, Json], measured: dict[str, Json]
    ) -> dict[str, Json]:
        """Return what was done, in the order in which it was done; it may be published."""
        record: dict[str, Json] = {
            "recipe": self.order.recipe_name,
            "steps": list(self.done),
            "encode": notes,
            "width": encoded.width,
            "height": encoded.height,
            "bytes": len(encoded.data),
            **measured,
        }
        secrets = [s.lower() for s in (self.artwork.seed, self.order.kit.artist_seed) if s]
        if any(secret in wire.dump(record).lower() for secret in secrets):
            raise StepFailed(
                "record", _("a step wrote its secret seed into it; please report this")
            )
        return record


def file_name(position: int, fit: str, mime: str) -> str:
    """Return a rendition's file name; two fits never share one, whatever is in their names."""
    safe = _UNSAFE.sub("-", fit).strip("-")[:60]
    if safe != fit:
        safe += "-" + hashlib.sha256(fit.encode()).hexdigest()[:6]
    return f"{position + 1}-{safe}.{ENDINGS[mime]}"
