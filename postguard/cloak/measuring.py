"""Compares two finished files, with and without the cloak: strength, controls and visibility.

Needs no torch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postguard.cloak.job import MEGAPIXELS, Measurement
from postguard.cloak.measure import LOOKS, Ratios, Reader, Trial, copies_of, gain, measure
from postguard.cloak.pixels import LUMA, Pixels
from postguard.errors import BadPicture
from postguard.imaging import Picture, open_picture, read
from postguard.imaging.visibility import SMALLEST, ssimulacra2
from postguard.language import _
from postguard.model.measures import RECODING

_FLAT = 2.0  # of 255: the largest spread of luma in a window that counts as flat
_AROUND = 5  # px of such a window's side


def opened(asked: Measurement) -> Trial:
    """Return both pictures and the targets.

    Raises:
        BadPicture: a file cannot be opened, the sizes differ, or no target is there.
    """
    before, after = (_opened(path) for path in (asked.before, asked.after))
    if before.pixels.shape != after.pixels.shape:
        raise BadPicture(
            _(
                "{name} has {width}x{height} pixels and {after} {after_width}x{after_height}; "
                "only files of one size compare"
            ).format(
                name=asked.before.name,
                width=before.width,
                height=before.height,
                after=asked.after.name,
                after_width=after.width,
                after_height=after.height,
            )
        )
    images = {path.stem: _opened(path).pixels for path in _targets(asked.targets)}
    return Trial(before.pixels, after.pixels, images)


def compare(
    asked: Measurement,
    trial: Trial,
    encoders: Sequence[Reader],
    on_step: Callable[[float], None],
) -> dict[str, Any]:
    """Return what was measured of two pictures of one size."""
    platforms = asked.platforms
    ratios = measure(trial, encoders, platforms, lambda fraction: on_step(fraction * 0.9))
    gains = {mode: _gains(of_mode, platforms or RECODING) for mode, of_mode in ratios.items()}
    found: dict[str, Any] = {
        "encoders": [encoder.name for encoder in encoders],
        "ratios": ratios,
        "gains": gains,
    }
    if not asked.brief:
        found |= visibility(trial.before, trial.after)
    on_step(1.0)
    return found


def _gains(ratios: Ratios, platforms: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return 1 - R (mean over encoders) behind each platform's worst copy, with controls."""
    return {
        platform: {look: gain(ratios, look, copies_of(platform)) for look in LOOKS}
        for platform in platforms
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
    light = (pixels @ np.array(LUMA, np.float32)).astype(np.float32, copy=False)
    spread = _widest(light, np.maximum) - _widest(light, np.minimum)
    return spread <= np.float32(_FLAT)


def _widest(plane: NDArray[np.float32], choose: np.ufunc) -> NDArray[np.float32]:
    """(H,W) -> (H,W): the largest or the smallest of each window of _AROUND pixels a side."""
    for axis in (0, 1):
        border = [(_AROUND // 2,) * 2 if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(plane, border, mode="edge").swapaxes(0, axis)
        shifted = [padded[i : i + plane.shape[axis]] for i in range(_AROUND)]
        plane = functools.reduce(choose, shifted).swapaxes(0, axis)
    return plane


def _targets(folder: Path) -> list[Path]:
    """Return the targets: the pictures of a folder, or one file. Raises BadPicture."""
    found = [folder] if folder.is_file() else sorted(folder.glob("*.png"))
    if not found:
        raise BadPicture(
            _("there is no target in {folder}; give the PNG that the cloak drew to").format(
                folder=folder
            )
        )
    return found


def _opened(path: Path) -> Picture:
    try:
        return open_picture(read(path, MEGAPIXELS), max_megapixels=MEGAPIXELS)
    except BadPicture as exc:
        raise BadPicture(f"{path}: {exc}") from exc
