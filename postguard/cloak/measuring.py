"""Compares two finished files, with and without the cloak: strength, controls and visibility."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from postguard.cloak.cloaking import MEGAPIXELS
from postguard.cloak.encoders import Encoder
from postguard.cloak.job import Measurement
from postguard.cloak.measure import LOOKS, PLATFORMS, Ratios, Trial, gain, measure
from postguard.cloak.tensors import Pixels, to_tensor
from postguard.errors import BadPicture
from postguard.imaging import Picture, open_picture, read
from postguard.imaging.visibility import SMALLEST, ssimulacra2

_FLAT = 2.0  # of 255: the largest spread of luma in a 5x5 window that counts as flat


def compare(
    asked: Measurement, encoders: Sequence[Encoder], on_step: Callable[[float], None]
) -> dict[str, Any]:
    """Return what was measured of two files of one size.

    Raises:
        BadPicture: a file cannot be opened, the sizes differ, or no target is there.
    """
    if asked.prompt:
        from postguard.cloak.figure import stable_diffusion

        stable_diffusion(asked.models)  # said before minutes of measuring
    before, after = (_opened(path) for path in (asked.before, asked.after))
    if before.pixels.shape != after.pixels.shape:
        raise BadPicture(
            f"{asked.before.name} has {before.width}x{before.height} pixels and "
            f"{asked.after.name} {after.width}x{after.height}; only files of one size compare"
        )
    images = {path.stem: to_tensor(_opened(path).pixels) for path in _targets(asked.targets)}
    trial = Trial(before.pixels, after.pixels, images)
    ratios = measure(trial, encoders, lambda fraction: on_step(fraction * 0.9))
    found: dict[str, Any] = {
        "encoders": [encoder.name for encoder in encoders],
        "ratios": ratios,
        "gains": {mode: _gains(of_mode) for mode, of_mode in ratios.items()},
        **visibility(before.pixels, after.pixels),
    }
    if asked.figure is not None:
        from postguard.cloak import figure  # a rendition's measurement draws none

        found["figure"] = figure.draw(asked, trial, encoders, found)
    on_step(1.0)
    return found


def _gains(ratios: Ratios) -> dict[str, dict[str, float]]:
    """Return 1 - R (mean over encoders) behind each platform's worst copy, with controls."""
    names = {"bluesky": PLATFORMS[:2], "mastodon": PLATFORMS[2:]}
    return {
        platform: {look: gain(ratios, look, copies) for look in LOOKS}
        for platform, copies in names.items()
    }


def visibility(before: Pixels, after: Pixels) -> dict[str, float | None]:
    """Return SSIMULACRA2, PSNR in dB, and the change in flat areas, in 1/255; None where the
    picture is too small to be scored, has no difference, or has no flat area."""
    change = np.abs(after.astype(np.int16) - before)
    error = float(np.square(change, dtype=np.int32).mean())
    flat = change.max(2)[_flat(before)]
    scored = min(before.shape[:2]) >= SMALLEST
    return {
        "ssimulacra2": round(ssimulacra2(before, after), 1) if scored else None,
        "psnr": round(float(10 * np.log10(255**2 / error)), 1) if error else None,
        "largest_change": int(change.max(initial=0)),
        "flat_share": round(flat.size / max(change.shape[0] * change.shape[1], 1), 3),
        "flat_largest": int(flat.max()) if flat.size else None,
        "flat_mean": round(float(flat.mean()), 2) if flat.size else None,
    }


def _flat(pixels: Pixels) -> NDArray[np.bool_]:
    """(H,W): where luma spreads over at most _FLAT within two pixels around."""
    light = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    plane = torch.from_numpy(np.pad(light, 2, mode="edge"))[None, None]
    top = torch.nn.functional.max_pool2d(plane, 5, 1)
    bottom = -torch.nn.functional.max_pool2d(-plane, 5, 1)
    flat: NDArray[np.bool_] = ((top - bottom) <= _FLAT)[0, 0].numpy()
    return flat


def _targets(folder: Path) -> list[Path]:
    """Return the targets: the pictures of a folder, or one file. Raises BadPicture."""
    found = [folder] if folder.is_file() else sorted(folder.glob("*.png"))
    if not found:
        raise BadPicture(f"there is no target in {folder}; give the PNG that the cloak drew to")
    return found


def _opened(path: Path) -> Picture:
    try:
        return open_picture(read(path, MEGAPIXELS), max_megapixels=MEGAPIXELS)
    except BadPicture as exc:
        raise BadPicture(f"{path}: {exc}") from exc
