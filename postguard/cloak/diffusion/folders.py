"""Finds a Stable Diffusion pipeline as diffusers saves them, and says what it lacks; no torch.

Only .safetensors files are read: older formats can run programs when they are opened.
"""

from __future__ import annotations

import json
from pathlib import Path

from postguard.cloak.architectures import SUFFIX, UnknownWeights
from postguard.language import _

INDEX = "model_index.json"
_KINDS = ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline")
_HALF = "fp16"
_CONFIGS = ("unet/config.json", "vae/config.json", "scheduler/scheduler_config.json")
_STEMS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}


def find(folder: Path) -> Path | None:
    """Return the first Stable Diffusion pipeline that a folder is or holds, a hub cache included.

    Other pipelines are passed over: a folder of SDXL may lie there for its VAE's sake.
    """
    within = (*sorted(folder.glob("*")), *sorted(folder.glob("models--*/snapshots/*")))
    return next((place for place in (folder, *within) if _kind(place) in _KINDS), None)


def check(folder: Path) -> None:
    """Make sure that a folder holds all that the denoiser needs; prompts need more.

    Raises:
        UnknownWeights: it does not; the message names the folder and what is missing.
    """
    kind = _kind(folder)
    if not kind:
        raise UnknownWeights(
            _("{folder} is no diffusers pipeline: its {index} is not readable").format(
                folder=folder, index=INDEX
            )
        )
    if kind not in _KINDS:
        raise UnknownWeights(
            _("{folder} holds a {kind}; only Stable Diffusion 1 and 2 are known").format(
                folder=folder, kind=kind
            )
        )
    lost = [name for name in _CONFIGS if not (folder / name).is_file()]
    lost += [f"{part}/{_STEMS[part]}{SUFFIX}" for part in ("unet", "vae") if not has(folder, part)]
    if lost:
        old = any(folder.glob("unet/*.bin")) or any(folder.glob("vae/*.bin"))
        advice = _("; its .bin files are not read, for they can run programs") if old else ""
        said = _("{folder} lacks {lost}").format(folder=folder, lost=", ".join(lost))
        raise UnknownWeights(said + advice)


def has(folder: Path, part: str) -> bool:
    """Tell whether the pipeline has weights of `unet`, `vae` or `text_encoder`, whole or split."""
    stem = folder / part / _STEMS[part]
    names = (f"{stem}{SUFFIX}", f"{stem}{SUFFIX}.index.json", f"{stem}.{_HALF}{SUFFIX}")
    return any(Path(name).is_file() for name in names)


def variant(folder: Path, part: str) -> str | None:
    """Return diffusers' word for the weights: `fp16` where there are no others, else None."""
    stem = folder / part / _STEMS[part]
    whole = any(Path(f"{stem}{end}").is_file() for end in (SUFFIX, f"{SUFFIX}.index.json"))
    return None if whole else _HALF


def name_of(folder: Path) -> str:
    """Return what people call a pipeline: its folder, or its repository in a hub cache."""
    if folder.parent.name != "snapshots":
        return folder.name
    return folder.parents[1].name.removeprefix("models--").replace("--", "/")


def _kind(folder: Path) -> str:
    """Return the class that a pipeline's index names; empty where there is none."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(index.get("_class_name", "")) if isinstance(index, dict) else ""
