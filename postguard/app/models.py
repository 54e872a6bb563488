"""The encoders that the cloak reads pictures with: which there are, and which are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from postguard.app.installation import Installation
from postguard.cloak import architectures, catalogue, configs, fetching, pins
from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.catalogue import FILES, Model
from postguard.cloak.fetching import Fetched
from postguard.cloak.pins import Pin
from postguard.language import _, marked
from postguard.model import Progress

OnProgress = Callable[[Progress], None]
_PIPELINE = "model_index.json"


@dataclass(frozen=True, slots=True)
class Known:
    """A model of the catalogue.

    Attributes:
        place: `here`, `hub cache` or `not here`; `folder`: there.
        in_use: the cloak takes it.
        hashes: `as pinned`, `not pinned`, `differ` from what is pinned, or empty: not here.
    """

    model: Model
    place: str
    folder: Path | None
    in_use: bool
    hashes: str
    revision: str


@dataclass(frozen=True, slots=True)
class Own:
    """The encoder that is always there, in words."""

    name: str
    said: str
    megabytes: float


@dataclass(frozen=True, slots=True)
class Other:
    """Something else in the models folder, in words."""

    name: str
    said: str
    in_use: bool


def known(models: Path, on_progress: OnProgress) -> list[Known]:
    """Look at every model of the catalogue; hashing big ones takes seconds."""
    locked = pins.read(models)
    used = catalogue.in_use(models)
    every = catalogue.MODELS.values()
    return [_known(m, models, locked.get(m.name), used, on_progress) for m in every]


def own() -> Own:
    """Look at the encoder that comes with postguard."""
    path = architectures.OWN
    return Own(
        architectures.SURROGATE,
        _("FLUX.2 and Sana, our own small copy of both; it comes with postguard"),
        round(path.stat().st_size / 1e6, 1),
    )


def others(models: Path) -> list[Other]:
    """Look at whatever else lies in the models folder."""
    if not models.is_dir():
        return []
    names = catalogue.MODELS.keys() | {pins.LOCK}
    found = sorted(p for p in models.iterdir() if p.name not in names)
    return [_other(path) for path in found if not path.name.startswith(".")]


def fetch(
    installation: Installation,
    name: str,
    revision: str | None,
    source: Path | None,
    on_progress: OnProgress,
) -> Fetched:
    """Fetch a model by its name. Raises Unusable or UnknownWeights."""
    model = catalogue.find(name)
    models = installation.models_dir
    return fetching.fetch(model, models, on_progress, revision=revision, source=source)


def as_json(models: Path, listed: list[Known], rest: list[Other]) -> dict[str, object]:
    """Return what `list` says, for programs."""
    return {
        "folder": str(models),
        "own": asdict(own()),
        "models": [
            {
                "name": k.model.name,
                "mirrors": k.model.mirrors,
                "repository": k.model.repository,
                "subfolder": k.model.subfolder,
                "licence": k.model.licence,
                "megabytes": k.model.megabytes,
                "place": k.place,
                "folder": None if k.folder is None else str(k.folder),
                "in_use": k.in_use,
                "hashes": k.hashes,
                "revision": k.revision,
            }
            for k in listed
        ],
        "others": [{"name": o.name, "said": o.said, "in_use": o.in_use} for o in rest],
    }


def fetched_as_json(done: Fetched) -> dict[str, object]:
    """Return what a fetch did, for programs."""
    return {
        "folder": str(done.folder),
        "news": done.news.value,
        "repository": done.pin.repository,
        "revision": done.pin.revision,
        "sha256": done.pin.files,
        "answer": done.pin.answer,
    }


def _known(
    model: Model, models: Path, pin: Pin | None, used: list[Path], on_progress: OnProgress
) -> Known:
    own = models / model.name
    folder = own if own.is_dir() else catalogue.cached(model.name, models)
    revision = pin.revision if pin else ""
    if folder is None:
        return Known(model, "not here", None, False, "", revision)
    on_progress(Progress(0, _("reading {name}").format(name=model.name), done=False))
    place = "here" if folder == own else "hub cache"
    return Known(model, place, folder, folder in used, _hashes(folder, pin), revision)


def _hashes(folder: Path, pin: Pin | None) -> str:
    if pin is None:
        return marked("not pinned")
    differs = pins.differing(pins.hashes(folder, FILES), pin)
    return "differ" if differs else marked("as pinned")


def _other(path: Path) -> Other:
    try:
        if path.suffix == architectures.SUFFIX:
            return _file(path)
        if catalogue.is_whole(path):
            told = configs.read(path)
            return Other(
                path.name,
                _("an {kind} with {latents} latents").format(kind=told.kind, latents=told.latents),
                in_use=True,
            )
    except UnknownWeights as exc:
        return Other(
            path.name,
            _("{exc}; move it away: the cloak stops at it").format(exc=exc),
            in_use=False,
        )
    if (path / _PIPELINE).is_file():
        return Other(path.name, _("a whole pipeline of Stable Diffusion or its kin"), in_use=False)
    return Other(path.name, _("no model; it is passed over"), in_use=False)


def _file(path: Path) -> Other:
    found = architectures.identify(path)
    if not found.encoder:
        return Other(
            path.name,
            _("a decoder ({family}); the cloak has no use for it").format(family=found.family),
            False,
        )
    name = architectures.encoder_name(path)
    return Other(
        path.name,
        _("an encoder ({family}), called {name}").format(family=found.family, name=name),
        in_use=True,
    )
