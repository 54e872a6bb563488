"""Draws what a cloak does to a picture, for an artist who looks instead of reading numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from postguard.cloak import grid
from postguard.cloak.grid import Panel, Row
from postguard.cloak.measure import Trial
from postguard.cloak.pixels import Pixels, scale_inside, scaled, shrunk
from postguard.cloak.places import busiest, flattest
from postguard.language import ENGLISH, _, marked, sentences, spoken
from postguard.model import names
from postguard.model.measures import is_rough
from postguard.system import files

_LETTERS = Path(__file__).parents[1] / "protect" / "fonts" / "PostguardSans-Bold.otf"
_SIDE = 640  # px of a panel's long side
_CROP, _LEAST_CROP, _SHOWN = 256, 64, 512  # px of a close-up in the picture, and on the page
_TIMES = 10  # the difference is drawn larger than it is
_GRAY = 128
_PLACES = (
    (marked("Close up: a flat place"), flattest),
    (marked("Close up: a busy place"), busiest),
)
SEEN = marked("What a model sees")
_NO_LOCK = marked(
    "The cloak is no lock. It raises the cost of using this picture; purifiers and noisy "
    "upscaling are known to weaken or remove it. All this was measured on this PC's encoders "
    "behind a simulation of the platforms, and promises nothing for other models."
)


def draw(
    path: Path,
    trial: Trial,
    found: Mapping[str, Any],
    seen: Sequence[Row],
    redrawn: Sequence[Row] = (),
) -> str:
    """Write the figure as a PNG; return where it lies.

    Args:
        found: what `measuring.compare` has measured.
        seen: what a model makes of both; `redrawn`: what image-to-image does. See `decoding`.
    """
    buffer = io.BytesIO()
    title, font = _("What the cloak changes"), None if spoken() == ENGLISH else _LETTERS
    shown = rows(trial, seen, redrawn)
    grid.page(title, list(numbers(found)), shown, font).save(buffer, "PNG")
    files.write_whole(path, buffer.getvalue(), mode=0o644)
    return str(path)


def rows(trial: Trial, seen: Sequence[Row], redrawn: Sequence[Row] = ()) -> list[Row]:
    """Return all that is shown, from the picture itself to what a model makes of it."""
    whole = Row(_("The whole picture"), looks(trial.before, trial.after), _size(trial.before))
    return [whole, *_close(trial), *seen, _goals(trial), *redrawn]


def unseen(why: str) -> Row:
    """Return the row that stands where a model's own view would."""
    return Row(_(SEEN), words=why)


def numbers(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was measured, a paragraph each."""
    readers = _("Measured on {readers}.").format(readers=_readers(found["encoders"]))
    yield f"{readers} {_visible(found)}"
    for mode, platforms in found["gains"].items():
        for name, looks in platforms.items():
            yield _behind(mode, name.capitalize(), looks)
    yield _(_NO_LOCK)


def _behind(mode: str, platform: str, looks: Mapping[str, float]) -> str:
    shares = {name: f"{share:z.0%}" for name, share in looks.items()}
    return _(
        "{mode}, behind {platform}: what models read moved {r} of the way to the target. "
        "Controls, changes of the same size: random signs {signs}, the same changes shuffled "
        "{shuffled}."
    ).format(mode=names.of_mode(mode), platform=platform, **shares)


def _readers(names: Sequence[str]) -> str:
    if is_rough(names):
        return _("postguard's own encoder alone, which is a rough judge")
    return ", ".join(names)


def looks(before: Pixels, after: Pixels) -> tuple[Panel, ...]:
    """Return both and their difference, each as small as a panel is."""
    change = after.astype(np.int16) - before
    difference: Pixels = np.clip(_GRAY + _TIMES * change, 0, 255).astype(np.uint8)
    shown = {
        _("without the cloak"): before,
        _("with the cloak"): after,
        _("difference, {times} times as strong").format(times=_TIMES): difference,
    }
    return tuple(panel(label, look) for label, look in shown.items())


def _close(trial: Trial) -> Iterator[Row]:
    """Yield the pixels themselves, enlarged, where a change shows most and least."""
    side = min(_CROP, max(min(trial.before.shape[:2]) // 2, _LEAST_CROP))
    for head, find in _PLACES:
        rows, columns = find(trial.before, side)
        panels = looks(*(_enlarged(x[rows, columns]) for x in (trial.before, trial.after)))
        where = _(
            "{left} pixels from the left and {top} from the top; each pixel is drawn as a square"
        ).format(left=columns.start, top=rows.start)
        yield Row(_(head), panels, where)


def _goals(trial: Trial) -> Row:
    panels = tuple(panel(names.of_mode(mode), x) for mode, x in trial.targets.items())
    return Row(_("What the cloak draws a model towards"), panels)


def panel(label: str, pixels: Pixels) -> Panel:
    """Return a picture (H,W,3) as small as a panel is."""
    size = pixels.shape[0], pixels.shape[1]
    return Panel(label, Image.fromarray(shrunk(pixels, scaled(size, scale_inside(size, _SIDE)))))


def _enlarged(pixels: Pixels) -> Pixels:
    times = _SHOWN // max(*pixels.shape[:2], _LEAST_CROP)
    return pixels.repeat(times, 0).repeat(times, 1)


def _size(pixels: Pixels) -> str:
    height, width = pixels.shape[:2]
    said = _("{width} x {height} pixels")
    if max(height, width) > _SIDE:
        said = _("{width} x {height} pixels, drawn smaller")
    return said.format(width=width, height=height)


def _visible(found: Mapping[str, Any]) -> str:
    parts = []
    if found["ssimulacra2"] is not None:
        parts.append(_("SSIMULACRA2 {score} (100: the same)").format(score=found["ssimulacra2"]))
    if found["psnr"] is not None:
        parts.append(f"PSNR {found['psnr']} dB")
    most = _("a pixel changes by at most {change} of 255")
    parts.append(most.format(change=found["largest_change"]))
    if found["flat_largest"] is not None:
        flat = _("in flat areas by at most {change}, {mean} on average")
        parts.append(flat.format(change=found["flat_largest"], mean=found["flat_mean"]))
    return sentences(["; ".join(parts)])
