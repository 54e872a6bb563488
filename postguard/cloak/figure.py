"""Draws what a cloak does to a picture, for an artist who looks instead of reading numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from postguard.cloak import grid
from postguard.cloak.architectures import (
    Architecture,
    Conv,
    UnknownWeights,
    identify,
    weight_files,
)
from postguard.cloak.device import Device
from postguard.cloak.encoders import Encoder, loaded
from postguard.cloak.grid import Panel, Row
from postguard.cloak.job import Measurement
from postguard.cloak.measure import Trial, read
from postguard.cloak.pixels import Pixels, scale_inside, scaled, shrunk
from postguard.cloak.places import busiest, flattest
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.language import ENGLISH, _, marked, sentences, spoken
from postguard.model import names
from postguard.model.measures import is_rough
from postguard.system import extras, files

_LETTERS = Path(__file__).parents[1] / "protect" / "fonts" / "PostguardSans-Bold.otf"
_SIDE = 640  # px of a panel's long side
_CROP, _LEAST_CROP, _SHOWN = 256, 64, 512  # px of a close-up in the picture, and on the page
_TIMES = 10  # the difference is drawn larger than it is
_GRAY = 128
_PLACES = (
    (marked("Close up: a flat place"), flattest),
    (marked("Close up: a busy place"), busiest),
)
_NOTHING_SEEN = marked(
    "This cannot be drawn here: no decoder that fits one of these encoders lies in the models "
    "folder (known: the decoder of taef2). The numbers above hold without it."
)
_NO_LOCK = marked(
    "The cloak is no lock. It raises the cost of using this picture; purifiers and noisy "
    "upscaling are known to weaken or remove it. All this was measured on this PC's encoders "
    "behind a simulation of the platforms, and promises nothing for other models."
)


def draw(
    asked: Measurement, trial: Trial, encoders: Sequence[Encoder], found: Mapping[str, Any]
) -> str:
    """Write the PNG `asked.figure` whole and return its path.

    Args:
        found: what `measuring.compare` has measured.

    Raises:
        UnknownWeights: `asked.prompt` is set and there is no Stable Diffusion to draw it with, or
            a decoder is damaged.
    """
    assert asked.figure is not None
    shown = list(rows(asked, trial, encoders))
    buffer = io.BytesIO()
    title, font = _("What the cloak changes"), None if spoken() == ENGLISH else _LETTERS
    grid.page(title, list(numbers(found)), shown, font).save(buffer, "PNG")
    files.write_whole(asked.figure, buffer.getvalue(), mode=0o644)
    return str(asked.figure)


def rows(asked: Measurement, trial: Trial, encoders: Sequence[Encoder]) -> list[Row]:
    """Return all that is shown, from the picture itself to what a model makes of it."""
    redrawn = _redrawn(asked, trial, encoders[0].device)  # first: it is what may be missing
    whole = Row(_("The whole picture"), _looks(trial.before, trial.after), _size(trial.before))
    seen = _seen(asked, trial, encoders)
    return [whole, *_close(trial), *seen, _goals(trial), *redrawn]


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


def stable_diffusion(models: Path) -> Path:
    """Return the folder of what draws image-to-image. Raises UnknownWeights, with what to get."""
    from postguard.cloak.diffusion import folders

    if (found := folders.find(models)) is None:
        raise UnknownWeights(
            _(
                "image-to-image needs Stable Diffusion 1 or 2, and there is none in {models}; put "
                "a folder there as diffusers saves it (with {index} and .safetensors files), and "
                "install what reads prompts: {command}"
            ).format(models=models, index=folders.INDEX, command=extras.install("sd"))
        )
    return found


def _looks(before: Pixels, after: Pixels) -> tuple[Panel, ...]:
    """Return both and their difference, each as small as a panel is."""
    change = after.astype(np.int16) - before
    difference: Pixels = np.clip(_GRAY + _TIMES * change, 0, 255).astype(np.uint8)
    looks = {
        _("without the cloak"): before,
        _("with the cloak"): after,
        _("difference, {times} times as strong").format(times=_TIMES): difference,
    }
    return tuple(_panel(label, look) for label, look in looks.items())


def _close(trial: Trial) -> Iterator[Row]:
    """Yield the pixels themselves, enlarged, where a change shows most and least."""
    side = min(_CROP, max(min(trial.before.shape[:2]) // 2, _LEAST_CROP))
    for head, find in _PLACES:
        rows, columns = find(trial.before, side)
        panels = _looks(*(_enlarged(x[rows, columns]) for x in (trial.before, trial.after)))
        where = _(
            "{left} pixels from the left and {top} from the top; each pixel is drawn as a square"
        ).format(left=columns.start, top=rows.start)
        yield Row(_(head), panels, where)


def _seen(asked: Measurement, trial: Trial, encoders: Sequence[Encoder]) -> Iterator[Row]:
    """Yield what a decoder makes of the latents: all that a model keeps of the picture."""
    pairs = list(_decoders(asked.models, encoders))
    if not pairs:
        yield Row(_("What a model sees"), words=_(_NOTHING_SEEN))
    for encoder, path, architecture in pairs:
        net = _decoder(path, architecture, encoder.device)
        before, after = (_decoded(net, encoder, look) for look in (trial.before, trial.after))
        words = _("What the encoder {name} keeps of both, drawn by its own decoder")
        looks = _looks(before, after)
        yield Row(_("What a model sees"), looks, words.format(name=encoder.name))


def _goals(trial: Trial) -> Row:
    panels = tuple(_panel(mode, image) for mode, image in trial.targets.items())
    return Row(_("What the cloak draws a model towards"), panels)


def _redrawn(asked: Measurement, trial: Trial, device: Device) -> list[Row]:
    """Return what image-to-image makes of both; no row where no prompt is given."""
    if not asked.prompt:
        return []
    folder = stable_diffusion(asked.models)
    from postguard.cloak.diffusion.drawing import compare
    from postguard.cloak.diffusion.pipeline import load

    looks = (trial.before, trial.after)
    before, after = (to_tensor(read(pixels)).to(device.torch) for pixels in looks)
    made = compare(load(folder, device), before, after, asked.prompt, seed=0)
    labels = (_("of the one without the cloak"), _("of the one with the cloak"))
    panels = tuple(_panel(label, to_pixels(x)) for label, x in zip(labels, made, strict=True))
    head, words = _("What image-to-image makes of your prompt"), _("Both from the same noise.")
    return [Row(head, panels, words)]


def _decoders(
    models: Path, encoders: Sequence[Encoder]
) -> Iterator[tuple[Encoder, Path, Architecture]]:
    """Yield each encoder with the decoder of its family that has as many latents, if any."""
    known = [(path, identify(path)) for path in weight_files(models)]
    kinds = {path.stem.removesuffix("_encoder"): _kind(a) for path, a in known if a.encoder}
    for encoder in encoders:
        for path, architecture in known:
            if not architecture.encoder and _kind(architecture) == kinds.get(encoder.name):
                yield encoder, path, architecture
                break


def _kind(architecture: Architecture) -> tuple[str, int]:
    """Return family and latent channels."""
    convs = [layer for layer in architecture.layers if isinstance(layer, Conv)]
    latents = convs[-1].n_out if architecture.encoder else convs[0].n_in
    return architecture.family, latents


def _decoder(path: Path, architecture: Architecture, device: Device) -> nn.Module:
    net = loaded(path, architecture)
    return net.eval().requires_grad_(False).to(device.torch)


@torch.no_grad()
def _decoded(net: nn.Module, encoder: Encoder, pixels: Pixels) -> Pixels:
    """(H,W,3) -> the same picture at the size that a model reads, through its latents."""
    x = to_tensor(read(pixels)).to(encoder.device.torch)
    decoded: torch.Tensor = net(encoder(x))
    return to_pixels(decoded[..., : x.shape[-2], : x.shape[-1]])


def _panel(label: str, pixels: Pixels) -> Panel:
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
