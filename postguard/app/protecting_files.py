"""The pipeline alone: one file in, one protected file out, and what a cloak is checked with."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from postguard.app.installation import Installation
from postguard.errors import BadPicture, Unusable
from postguard.language import _, marked
from postguard.model import ArtworkOrder, Json, Limits, Progress, ProtectOrder, Rendition
from postguard.protect.workshop import InProcessWorkshop
from postguard.system import files
from postguard.worker import engine

_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/avif": ".avif",
}
# Without an account there is no server to fit: only what any viewer takes.
NO_LIMITS = Limits(
    fit="file", text=0, alt=0, images=1, image_bytes=50_000_000, mimes=tuple(_ENDINGS)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of one file, and where it is to be written.

    Attributes:
        account: whose limits it is to fit; empty: nobody's.
        target: gets what the cloak draws towards; one file for each mode where there are several.
        record: gets the record as JSON, with the way to the targets.
        before: gets the picture without the cloak, encoded alike.
    """

    file: Path
    out: Path
    recipe: str = "default"
    account: str = ""
    alt: str = ""
    target: Path | None = None
    record: Path | None = None
    before: Path | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; `targets` by their mode."""

    file: Path
    rendition: Rendition
    targets: Mapping[str, Path]
    before: Path | None = None
    record: Path | None = None

    def saved(self) -> list[Path]:
        """Return what was written beside the picture."""
        return [*self.targets.values(), *(p for p in (self.before, self.record) if p)]


def protect_file(
    installation: Installation, wanted: Wanted, on_progress: Callable[[Progress], None]
) -> Written:
    """Protect one file. Raises Held or Unusable."""
    sha256 = files.sha256_of(wanted.file)
    _check_places(wanted)
    recipe = installation.steps(wanted.recipe)
    _targets(wanted, recipe)  # said before any work
    limits = installation.accounts.limits(wanted.account) if wanted.account else NO_LIMITS
    seed = installation.seed_of(sha256)
    with tempfile.TemporaryDirectory() as folder:
        order = ProtectOrder(
            artworks=(ArtworkOrder(0, wanted.file.resolve(), sha256, wanted.alt, seed),),
            recipe_name=wanted.recipe,
            recipe=recipe,
            limits=(limits,),
            into=Path(folder),
            artist=installation.artist(installation.clock.now()),
            max_megapixels=installation.settings.intake.max_megapixels,
            models_dir=installation.models_dir,
            kit=installation.cloak_kit(),
            keep=Path(folder),
            identity=installation.home.secrets,
        )
        workshop = InProcessWorkshop(installation.clock, engine=engine)
        try:
            rendition = workshop.protect(order, on_progress)[0]
        except BadPicture as exc:
            raise BadPicture(f"{wanted.file}: {exc}") from exc
        drawn = cast("Sequence[Mapping[str, Json]]", rendition.record["steps"])
        return _write(wanted, _targets(wanted, drawn), rendition, Path(folder))


def _check_places(wanted: Wanted) -> None:
    """Raise Unusable before any work where something cannot be written."""
    places = [p for p in (wanted.out, wanted.target, wanted.record, wanted.before) if p]
    for place in places:
        files.check_folder_of(place)
        if place.exists() and place.samefile(wanted.file):
            raise Unusable(
                _("{place} is the original itself; name another file").format(place=place)
            )
    _check_apart(places)


def _check_apart(places: Sequence[Path]) -> None:
    for i, place in enumerate(places):
        if place in places[:i]:
            raise Unusable(_("{place} would be written twice; name two files").format(place=place))


def _targets(wanted: Wanted, steps: Sequence[Mapping[str, Json]]) -> dict[str, Path]:
    """Return where each mode's target goes: as named, or beside it with the mode in its name.

    Args:
        steps: of the recipe or, once they are done, of the record: a cloak may have fallen back.

    Raises:
        Unusable: there will be nothing to save, or a name is taken.
    """
    modes = _modes(steps)
    asked = {marked("target"): wanted.target, marked("picture without the cloak"): wanted.before}
    for what, place in asked.items():
        if place is not None and not modes:
            raise Unusable(
                _(
                    "the recipe {recipe} has no cloak, so there is no {what} to save; name a "
                    "recipe that has one"
                ).format(recipe=wanted.recipe, what=_(what))
            )
    if wanted.target is None:
        return {}
    if len(modes) == 1:
        return {modes[0]: wanted.target}
    name = wanted.target
    places = {mode: name.with_stem(f"{name.stem}-{mode}") for mode in modes}
    return {m: _unless_taken(wanted.file, name, place) for m, place in places.items()}


def _modes(steps: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return the modes of the cloak, each once; none: there is no cloak."""
    found = [step.get("modes") or step["mode"] for step in steps if step["step"] == "cloak"]
    modes = [mode for one in found for mode in (one if isinstance(one, list) else [one])]
    return list(dict.fromkeys(map(str, modes)))


def _write(
    wanted: Wanted, targets: Mapping[str, Path], rendition: Rendition, kept: Path
) -> Written:
    """Put everything where it was asked for; nothing is written where one name is taken."""
    ending = _ENDINGS[rendition.mime]
    out = _unless_taken(wanted.file, wanted.out, wanted.out.with_suffix(ending))
    made = [(out, rendition.path)]
    made += [(place, kept / "targets" / f"{mode}.png") for mode, place in targets.items()]
    before = wanted.before
    if before is not None:
        before = _unless_taken(wanted.file, before, before.with_suffix(ending))
        made.append((before, kept / f"without-{rendition.path.name}"))
    _check_apart([place for place, _ in made])
    for place, source in made:
        files.write_whole(place, source.read_bytes(), mode=0o644)
    written = Written(out, rendition, targets, before, wanted.record)
    if wanted.record is not None:
        text = json.dumps(_record(written, wanted.record.parent), ensure_ascii=False, indent=2)
        files.write_whole(wanted.record, f"{text}\n".encode(), mode=0o644)
    return written


def _record(written: Written, beside: Path) -> dict[str, Json]:
    """Return what `--record` writes: it may be published, so it holds no path of this PC beyond
    the way from the record to what lies near it."""
    rendition = written.rendition
    record: dict[str, Json] = {
        "file": written.file.name,
        "sha256": rendition.sha256,
        "mime": rendition.mime,
        "size": [rendition.width, rendition.height],
        "bytes": rendition.size,
        "record": dict(rendition.record),
        "targets": {mode: os.path.relpath(p, beside) for mode, p in written.targets.items()},
    }
    if written.before is not None:
        record["before"] = os.path.relpath(written.before, beside)
    return record


def _unless_taken(file: Path, named: Path, place: Path) -> Path:
    """Return where to write; never over the original, nor over a file that was not named.

    The ending follows what was made, so the name may be another than the artist gave.
    """
    if not place.exists():
        return place
    if place.samefile(file):
        raise Unusable(_("{place} is the original itself; name another file").format(place=place))
    if place != named:
        raise Unusable(
            _("the result is {name}, and {place} is there already").format(
                name=place.name, place=place
            )
        )
    return place
