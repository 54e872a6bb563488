"""Two finished files, with and without the cloak: how much of it is left, and how visible."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from postguard import imaging
from postguard import settings as config
from postguard.cloak.job import Mode
from postguard.cloak.runner import has_torch
from postguard.errors import BadPicture, StepFailed, Unusable
from postguard.language import _
from postguard.model import Json, Progress
from postguard.system import extras, files, paths
from postguard.worker import engine

MODES: tuple[str, ...] = get_args(Mode)
_MEGAPIXELS = 200.0  # of a target that is looked at; the engine has its own limit for pictures


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared with what.

    Attributes:
        before: the picture by the same recipe without its cloak, encoded alike.
        targets: what each mode drew towards, by a name that may be a file's.
        sheet: gets a page to look at.
        prompt: what image-to-image is asked to make of both; drawn on the sheet.
    """

    before: Path
    after: Path
    targets: Mapping[str, Path] = field(default_factory=dict)
    sheet: Path | None = None
    prompt: str = ""


def measure(
    asked: Asked, models: Path, on_progress: Callable[[Progress], None]
) -> Mapping[str, Json]:
    """Return what was measured. Raises Unusable or BadPicture."""
    if asked.prompt:
        _refuse_prompt_without_torch()
    if asked.sheet is not None:
        files.check_folder_of(asked.sheet)

    def tell(fraction: float) -> None:
        on_progress(Progress(0, "measure", done=fraction >= 1, fraction=fraction))

    on_progress(Progress(0, "measure", done=False))
    with tempfile.TemporaryDirectory() as folder:
        _lay_out(asked.targets, Path(folder))
        job: dict[str, Json] = {"targets": folder, "prompt": asked.prompt}
        if asked.sheet is not None:
            job["figure"] = str(asked.sheet.resolve())
        try:
            return engine(models).measure(job, asked.before, asked.after, tell)
        except StepFailed as exc:
            raise Unusable(exc.reason) from exc


def _refuse_prompt_without_torch() -> None:
    """Say at once what image-to-image lacks, and that all else lacks nothing."""
    if not has_torch():
        raise Unusable(
            _(
                "--i2i needs PyTorch, and that is not installed. Leave it out: the figures and "
                "the sheet need none. Or install it with: {command}"
            ).format(command=extras.install("sd"))
        )


def models_folder(path: Path | None) -> Path:
    """Return where encoders lie: as the config says, else where a config would have them.

    Raises:
        ConfigError: the config cannot be used; only one that was named must be there.
    """
    if path is not None or config.default_path().is_file():
        named = config.load(path or config.default_path()).models.dir
        return paths.home().models if named is None else named.expanduser()
    return Path(os.environ.get("POSTGUARD_MODELS") or paths.home().models).expanduser()


def targets_of(record: Path) -> dict[str, Path]:
    """Return the targets that a record of `protect --record` leads to. Raises Unusable."""
    try:
        told: Any = json.loads(record.read_text(encoding="utf-8"))
        named = dict(told["targets"])
        # The record may be a stranger's, and a mode becomes the name of a file.
        targets = {mode: record.parent / named[mode] for mode in MODES if mode in named}
    except (ValueError, TypeError, KeyError) as exc:
        raise Unusable(
            _(
                "{record} is no record of a picture; `postguard protect --record` writes one"
            ).format(record=record)
        ) from exc
    if not targets:
        raise Unusable(
            _(
                "{record} leads to no target; give it with --target, or protect the picture "
                "again with --save-target beside --record"
            ).format(record=record)
        )
    return targets


def _lay_out(targets: Mapping[str, Path], folder: Path) -> None:
    """Copy the targets to where the engine looks for them, by the names of their modes."""
    for mode, path in targets.items():
        try:
            imaging.inspect(path, _MEGAPIXELS)
        except BadPicture as exc:
            raise BadPicture(f"{path}: {exc}") from exc
        shutil.copyfile(path, folder / f"{mode}.png")
