"""The published encoders that postguard can fetch, and where they lie on this PC; needs no torch.

Each is a folder as diffusers writes it: `config.json` and the weights in one safetensors file.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from postguard.cloak import pins
from postguard.errors import Unusable
from postguard.language import _

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
FILES = (CONFIG, WEIGHTS)
TINY, KL = "AutoencoderTiny", "AutoencoderKL"
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Model:
    """One published encoder.

    Attributes:
        mirrors: what reads pictures with it, or with the encoder that it copies.
        repository: on the Hugging Face hub; `subfolder`: where in it, or empty.
        megabytes: of the download, about.
        kind: class of diffusers; `latents`: its channels. A fetch checks both.
        gated: the hub may ask for a login and one's consent to its terms first.
    """

    name: str
    mirrors: str
    repository: str
    megabytes: float
    licence: str
    kind: str
    latents: int
    subfolder: str = ""
    gated: bool = False


def _tiny(name: str, mirrors: str, latents: int) -> Model:
    return Model(name, f"{mirrors}, tiny", f"madebyollin/{name}", 4.9, "MIT", TINY, latents)


_MODELS = (
    _tiny("taesd", "Stable Diffusion 1.x, 2.x", 4),
    _tiny("taesdxl", "Stable Diffusion XL", 4),
    _tiny("taesd3", "Stable Diffusion 3", 16),
    _tiny("taef1", "FLUX.1", 16),
    Model(
        "sd-vae-ft-mse",
        "Stable Diffusion 1.x, whole",
        "stabilityai/sd-vae-ft-mse",
        335,
        "MIT",
        KL,
        4,
    ),
    Model(
        "sdxl-vae-fp16-fix",
        "Stable Diffusion XL, whole",
        "madebyollin/sdxl-vae-fp16-fix",
        335,
        "MIT",
        KL,
        4,
    ),
    Model(
        "flux1-vae",
        "FLUX.1, whole",
        "black-forest-labs/FLUX.1-schnell",
        168,
        "Apache-2.0",
        KL,
        16,
        subfolder="vae",
        gated=True,
    ),
)
MODELS = {model.name: model for model in _MODELS}


def find(name: str) -> Model:
    """Return a model by its name or its repository. Raises Unusable, with the nearest name."""
    for model in _MODELS:
        if name.casefold() in {model.name, model.repository.casefold()}:
            return model
    near = difflib.get_close_matches(name.casefold(), MODELS, n=1)
    said = _("there is no model {name}").format(name=name)
    hint = _('did you mean "{near}"?').format(near=near[0]) if near else ""
    known = _("known: {names}").format(names=", ".join(MODELS))
    raise Unusable(_("; ").join(filter(None, (said, known, hint))))


def folders(models: Path) -> list[Path]:
    """Return the folders of `models` that hold one encoder each, in name order.

    What a fetch has not finished is in a hidden folder, and is none of them.
    """
    if not models.is_dir():
        return []
    found = (f for f in models.iterdir() if not f.name.startswith("."))
    return sorted(f for f in found if is_whole(f))


def is_whole(folder: Path) -> bool:
    """Return whether both files of an encoder are in a folder."""
    return all((folder / name).is_file() for name in FILES)


def cached(name: str, models: Path | None = None) -> Path | None:
    """Return the folder of a known model in the hub cache, where other programs put it.

    Args:
        name: of a model; an unknown one is not there.
        models: folder whose `models.lock` pins revisions. Without a pin it is the revision that
            the cache itself calls `main`.
    """
    if (model := MODELS.get(name)) is None:
        return None
    repository = _hub_cache() / f"models--{model.repository.replace('/', '--')}"
    pin = pins.read(models).get(name) if models else None
    revision = pin.revision if pin and pin.revision else _main(repository)
    if not _REVISION.fullmatch(revision):
        return None
    folder = repository / "snapshots" / revision / model.subfolder
    return folder if is_whole(folder) else None


def in_use(models: Path) -> list[Path]:
    """Return the folders of every published encoder on this PC, each model once.

    The ones in `models` come first, then those that are in the hub cache alone.
    """
    own = folders(models)
    names = {folder.name for folder in own}
    elsewhere = [cached(name, models) for name in MODELS if name not in names]
    return [*own, *(folder for folder in elsewhere if folder)]


def label(folder: Path) -> str:
    """Return the name of an encoder's folder: in the hub cache it is called by its revision."""
    for model in _MODELS:
        if f"models--{model.repository.replace('/', '--')}" in folder.parts:
            return model.name
    return folder.name


def _main(repository: Path) -> str:
    """Return the revision that is `main` in a cached repository; empty: there is none."""
    try:
        return (repository / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _hub_cache() -> Path:
    """Return where the hub's library keeps what it downloaded, by the same rules."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if named := os.environ.get(variable):
            return _expanded(named)
    if named := os.environ.get("HF_HOME"):
        return _expanded(named) / "hub"
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(caches) / "huggingface" / "hub"


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()
