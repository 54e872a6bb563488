"""A job as it travels: a plain dict of JSON, and the bytes of every file that it reads.

Nobody's folders are known elsewhere, so no path travels: a path of this machine becomes the name
of a file in the parcel, and that becomes a path of the other machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from postguard.cloak.job import Job, Measurement
from postguard.errors import Unusable
from postguard.language import _
from postguard.model import CloakKit, Json, ProtectOrder, Rendition
from postguard.system import wire
from postguard.system.files import write_whole

Parcel: TypeAlias = dict[str, Any]
Files: TypeAlias = dict[str, bytes]
_Job = TypeVar("_Job")

_NOWHERE = Path("elsewhere")  # stands for every path while a job travels
_SOURCE, _BEFORE, _AFTER = "source", "before", "after"
_TABLES, _ANCHORS, _LOGOS = "tables", "anchors", "logos"
_TARGETS, _MEMORY, _TARGET, _FIGURE, _INTO, _KEEP = (
    "targets",
    "memory.json",
    "target.png",
    "figure.png",
    "into",
    "keep",
)


def of_cloak(job: Job) -> Parcel:
    """Pack a picture to cloak."""
    kit = CloakKit("", job.concept_tables, job.anchors, job.memory)
    plain = replace(
        job,
        source=_NOWHERE,
        target=_NOWHERE,
        models=_NOWHERE,
        targets=_NOWHERE,
        concept_tables=(),
        anchors=None,
        memory=job.memory and _NOWHERE,
    )
    return _parcel("cloak", plain, {_SOURCE: job.source.read_bytes(), **_of_kit(kit)})


def of_measurement(asked: Measurement) -> Parcel:
    """Pack a picture without and with its cloak, to be compared."""
    plain = replace(
        asked,
        before=_NOWHERE,
        after=_NOWHERE,
        targets=_NOWHERE,
        models=_NOWHERE,
        figure=asked.figure and _NOWHERE,
    )
    pictures = {_BEFORE: asked.before.read_bytes(), _AFTER: asked.after.read_bytes()}
    return _parcel("measure", plain, pictures | below(asked.targets, _TARGETS))


def of_order(order: ProtectOrder, year: int) -> Parcel:
    """Pack pictures to protect; `year` is that of posting.

    Raises:
        Unusable: the recipe signs, and the key for that never leaves this machine.
    """
    if any(step.get("step") == "credentials" for step in order.recipe):
        raise Unusable(
            _(
                "the recipe signs its pictures, and the key for that stays on this machine; "
                "protect them here (--engine local), or take the step credentials out of the "
                "recipe"
            )
        )
    logos = {i: Path(str(s["logo"])) for i, s in enumerate(order.recipe) if s.get("logo")}
    plain = replace(
        order,
        recipe=tuple(
            step | ({"logo": logos[i].name} if i in logos else {})
            for i, step in enumerate(order.recipe)
        ),
        artworks=tuple(replace(artwork, path=_NOWHERE) for artwork in order.artworks),
        into=_NOWHERE,
        models_dir=None,
        kit=replace(
            order.kit, concept_tables=(), anchors=None, memory=order.kit.memory and _NOWHERE
        ),
        keep=order.keep and _NOWHERE,
        identity=None,
    )
    files = {str(a.position): a.path.read_bytes() for a in order.artworks}
    files |= {f"{_LOGOS}/{path.name}": path.read_bytes() for path in logos.values()}
    return {**_parcel("protect", plain, files | _of_kit(order.kit)), "year": year}


def cloak_in(parcel: Parcel, folder: Path, models: Path) -> Job:
    """Unpack into an empty folder what `of_cloak` packed; what is made goes to `folder/made`."""
    job = _job(Job, parcel, folder)
    kit = _kit_in(CloakKit(memory=job.memory), folder)
    return replace(
        job,
        source=folder / _SOURCE,
        target=_made(folder) / _TARGET,
        models=models,
        targets=_new(_made(folder) / _TARGETS),
        concept_tables=kit.concept_tables,
        anchors=kit.anchors,
        memory=kit.memory,
    )


def measurement_in(parcel: Parcel, folder: Path, models: Path) -> Measurement:
    """Unpack into an empty folder what `of_measurement` packed."""
    asked = _job(Measurement, parcel, folder)
    return replace(
        asked,
        before=folder / _BEFORE,
        after=folder / _AFTER,
        targets=folder / _TARGETS,
        models=models,
        figure=_made(folder) / _FIGURE if asked.figure else None,
    )


def order_in(parcel: Parcel, folder: Path, models: Path) -> ProtectOrder:
    """Unpack into an empty folder what `of_order` packed."""
    order = _job(ProtectOrder, parcel, folder)
    return replace(
        order,
        recipe=tuple(_with_logo(step, folder / _LOGOS) for step in order.recipe),
        artworks=tuple(replace(a, path=folder / str(a.position)) for a in order.artworks),
        into=_new(_made(folder) / _INTO),
        models_dir=models,
        kit=_kit_in(order.kit, folder),
        keep=_new(_made(folder) / _KEEP) if order.keep else None,
    )


def made_in(folder: Path) -> Files:
    """Return what was made in a parcel's folder."""
    return below(folder / "made")


def take_cloak(made: Mapping[str, bytes], job: Job) -> None:
    """Put what came back where the job wants it. Raises Unusable for a name that leads away."""
    job.target.write_bytes(made[_TARGET])
    if job.targets is not None:
        unpack(_part(made, _TARGETS), job.targets)
    if job.memory is not None and _MEMORY in made:
        write_whole(job.memory, made[_MEMORY])


def take_measurement(made: Mapping[str, bytes], asked: Measurement) -> None:
    """Put the figure where it was asked for."""
    if asked.figure is not None and _FIGURE in made:
        asked.figure.write_bytes(made[_FIGURE])


def take_renditions(
    made: Mapping[str, bytes], renditions: Iterable[Rendition], order: ProtectOrder
) -> tuple[Rendition, ...]:
    """Write the renditions of an order, and return them as they lie here.

    Raises:
        Unusable: a file is not the one that its rendition tells of, or a name leads away.
    """
    files = _part(made, _INTO)
    unpack(files, order.into)
    if order.keep is not None:
        unpack(_part(made, _KEEP), order.keep)
    if order.kit.memory is not None and _MEMORY in made:
        write_whole(order.kit.memory, made[_MEMORY])
    return tuple(_taken(rendition, files, order.into) for rendition in renditions)


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder. Raises Unusable: a name leads out of it; nothing was written."""
    places = {name: _inside(folder, name) for name in files}
    for name, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(files[name])


def below(folder: Path, name: str = "") -> Files:
    """Return every file below a folder by its way from there, which begins with `name`."""
    if not folder.is_dir():
        return {}
    inside = sorted(p for p in folder.rglob("*") if p.is_file())
    return {(name / p.relative_to(folder)).as_posix(): p.read_bytes() for p in inside}


def _with_logo(step: dict[str, Json], logos: Path) -> dict[str, Json]:
    return step | {"logo": str(logos / str(step["logo"]))} if step.get("logo") else step


def _parcel(kind: str, job: object, files: Files) -> Parcel:
    return {"kind": kind, "job": json.loads(wire.dump(job)), "files": files}


def _job(kind: type[_Job], parcel: Parcel, folder: Path) -> _Job:
    """Write a parcel's files to its folder, and return its job."""
    unpack(parcel["files"], folder)
    return wire.load(kind, json.dumps(parcel["job"]))


def _of_kit(kit: CloakKit) -> Files:
    tables = {f"{_TABLES}/{i}.toml": p.read_bytes() for i, p in enumerate(kit.concept_tables)}
    anchors = below(kit.anchors, _ANCHORS) if kit.anchors else {}
    known = kit.memory is not None and kit.memory.is_file()
    memory = {_MEMORY: kit.memory.read_bytes()} if kit.memory and known else {}
    return tables | anchors | memory


def _kit_in(kit: CloakKit, folder: Path) -> CloakKit:
    """Return the kit with what lies in a parcel's folder; what is remembered goes back."""
    anchors, memory = folder / _ANCHORS, _made(folder) / _MEMORY
    if (folder / _MEMORY).is_file():
        (folder / _MEMORY).rename(memory)
    return replace(
        kit,
        concept_tables=tuple(sorted((folder / _TABLES).glob("*.toml"))),
        anchors=anchors if anchors.is_dir() else None,
        memory=memory if kit.memory else None,
    )


def _made(folder: Path) -> Path:
    return _new(folder / "made")


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _part(files: Mapping[str, bytes], folder: str) -> Files:
    """Return the files of one folder, without its name."""
    begin = f"{folder}/"
    return {n.removeprefix(begin): data for n, data in files.items() if n.startswith(begin)}


def _taken(rendition: Rendition, files: Mapping[str, bytes], into: Path) -> Rendition:
    data = files.get(rendition.path.name)
    if data is None or hashlib.sha256(data).hexdigest() != rendition.sha256:
        raise Unusable(_("what came back is not what was made there; it is not used"))
    return replace(rendition, path=into / rendition.path.name)


def _inside(folder: Path, name: str) -> Path:
    root = folder.resolve()
    place = (root / name).resolve()
    if root not in place.parents:
        raise Unusable(
            _("what came from elsewhere names a file outside its folder: {name}").format(name=name)
        )
    return place
