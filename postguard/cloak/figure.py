"""Draws what a cloak does to a picture, for an artist who looks instead of reading numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
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
from postguard.cloak.encoders import Encoder, build
from postguard.cloak.grid import Panel, Row
from postguard.cloak.job import Measurement
from postguard.cloak.measure import Trial, read
from postguard.cloak.places import Place, busiest, flattest
from postguard.cloak.tensors import Pixels, scale_inside, scaled, shrunk, to_pixels
from postguard.system import files

_SIDE = 640  # px of a panel's long side
_CROP, _ENLARGED = 256, 2
_TIMES = 10  # the difference is drawn larger than it is
_GRAY = 128
_NOTHING_SEEN = (
    "This cannot be drawn here: no decoder that fits one of these encoders lies in the models "
    "folder (known: the decoder of taef2). The numbers above hold without it."
)
_NO_LOCK = (
    "The cloak is no lock. It raises the cost of using this picture; purifiers and noisy "
    "upscaling are known to weaken or remove it. All this was measured on this PC's encoders "
    "behind a simulation of the platforms, and promises nothing for other models."
)


def draw(
    asked: Measurement, trial: Trial, encoders: Sequence[Encoder], found: Mapping[str, Any]
) -> str:
    """Write the PNG `asked.figure` whole and return its path.

    Args:
        found: what `measuring.compare` has measured so far.

    Raises:
        UnknownWeights: `asked.prompt` is set and there is no Stable Diffusion to draw it with, or
            a decoder is damaged.
    """
    assert asked.figure is not None
    redrawn = _redrawn(asked, trial, encoders[0].device)  # first: it is what may be missing
    rows = [_whole(trial), *_close(trial), *_seen(asked, trial, encoders), _goals(trial), *redrawn]
    buffer = io.BytesIO()
    grid.page("What the cloak changes", list(_numbers(found)), rows).save(buffer, "PNG")
    files.write_whole(asked.figure, buffer.getvalue(), mode=0o644)
    return str(asked.figure)


def stable_diffusion(models: Path) -> Path:
    """Return the folder of what draws image-to-image. Raises UnknownWeights, with what to get."""
    from postguard.cloak.diffusion import folders

    if (found := folders.find(models)) is None:
        raise UnknownWeights(
            f"image-to-image needs Stable Diffusion 1 or 2, and there is none in {models}; put a "
            f"folder there as diffusers saves it (with {folders.INDEX} and .safetensors files), "
            "and install what reads prompts: pip install 'postguard[sd]'"
        )
    return found


def _whole(trial: Trial) -> Row:
    size = trial.before.shape[0], trial.before.shape[1]
    words = f"{size[1]} x {size[0]} pixels" + ("" if max(size) <= _SIDE else ", shown smaller")
    before, after = _panel("without the cloak", trial.before), _panel("with it", trial.after)
    change = _panel(f"difference, {_TIMES} times as strong", _difference(trial))
    return Row("The whole picture", (before, after, change), words)


def _close(trial: Trial) -> Iterator[Row]:
    """Yield the pixels themselves, enlarged, where a change shows most and least."""
    difference = _difference(trial)
    for name, find in (("a flat place", flattest), ("a busy place", busiest)):
        place = find(trial.before, _CROP)
        labels = ("without the cloak", "with it", f"difference, {_TIMES} times as strong")
        looks = (trial.before, trial.after, difference)
        panels = tuple(
            Panel(label, _enlarged(look[place])) for label, look in zip(labels, looks, strict=True)
        )
        yield Row(f"Close up: {name}", panels, _where(place))


def _seen(asked: Measurement, trial: Trial, encoders: Sequence[Encoder]) -> Iterator[Row]:
    """Yield what a decoder makes of the latents: the picture as a model has it in its mind."""
    pairs = list(_decoders(asked.models, encoders))
    if not pairs:
        yield Row("What a model sees", words=_NOTHING_SEEN)
    for encoder, path, architecture in pairs:
        net = _decoder(path, architecture, encoder.device)
        looks = {"without the cloak": trial.before, "with it": trial.after}
        seen = {label: _decoded(net, encoder, look) for label, look in looks.items()}
        panels = tuple(_panel(label, pixels) for label, pixels in seen.items())
        yield Row(f"What a model with {encoder.name} sees", panels)


def _goals(trial: Trial) -> Row:
    panels = tuple(_panel(mode, to_pixels(image)) for mode, image in trial.targets.items())
    return Row("What the cloak draws a model towards", panels)


def _redrawn(asked: Measurement, trial: Trial, device: Device) -> list[Row]:
    """Return what image-to-image makes of both; no row where no prompt is given."""
    if not asked.prompt:
        return []
    folder = stable_diffusion(asked.models)
    from postguard.cloak.diffusion.drawing import compare
    from postguard.cloak.diffusion.pipeline import load

    before, after = (read(pixels).to(device.torch) for pixels in (trial.before, trial.after))
    made = compare(load(folder, device), before, after, asked.prompt, seed=0)
    labels = ("of the picture without the cloak", "of the picture with it")
    panels = tuple(_panel(label, to_pixels(x)) for label, x in zip(labels, made, strict=True))
    return [Row("What image-to-image makes of your prompt", panels, "Both from the same noise.")]


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
    net = build(architecture)
    try:
        net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    except Exception as exc:  # safetensors' own errors share no base but Exception
        raise UnknownWeights(f"{path.name} is damaged: {exc}") from exc
    return net.eval().requires_grad_(False).to(device.torch)


@torch.no_grad()
def _decoded(net: nn.Module, encoder: Encoder, pixels: Pixels) -> Pixels:
    """(H,W,3) -> the same picture at the size that a model reads, through its latents."""
    x = read(pixels).to(encoder.device.torch)
    decoded: torch.Tensor = net(encoder(x))
    return to_pixels(decoded[..., : x.shape[-2], : x.shape[-1]])


def _difference(trial: Trial) -> Pixels:
    change = trial.after.astype(np.int16) - trial.before
    drawn: Pixels = np.clip(_GRAY + _TIMES * change, 0, 255).astype(np.uint8)
    return drawn


def _panel(label: str, pixels: Pixels) -> Panel:
    size = pixels.shape[0], pixels.shape[1]
    return Panel(label, Image.fromarray(shrunk(pixels, scaled(size, scale_inside(size, _SIDE)))))


def _enlarged(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels.repeat(_ENLARGED, 0).repeat(_ENLARGED, 1))


def _where(place: Place) -> str:
    rows, columns = place
    return (
        f"{columns.stop - columns.start} x {rows.stop - rows.start} pixels from "
        f"{columns.start} right and {rows.start} down, each enlarged {_ENLARGED} times"
    )


def _numbers(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was measured, a paragraph each."""
    yield f"Measured on {', '.join(found['encoders'])}. " + _visible(found)
    for mode, platforms in found["gains"].items():
        for name, looks in platforms.items():
            yield (
                f"{mode}, behind {name}: {looks['r']:.0%} nearer to what the cloak draws towards. "
                f"Controls, changes of the same size: random signs {looks['signs']:.0%}, "
                f"the same changes shuffled {looks['shuffled']:.0%}."
            )
    yield _NO_LOCK


def _visible(found: Mapping[str, Any]) -> str:
    parts = []
    if found["ssimulacra2"] is not None:
        parts.append(f"SSIMULACRA2 {found['ssimulacra2']} (100: the same)")
    if found["psnr"] is not None:
        parts.append(f"PSNR {found['psnr']} dB")
    parts.append(f"a pixel changes by at most {found['largest_change']} of 255")
    if found["flat_largest"] is not None:
        flat = f"{found['flat_largest']}, {found['flat_mean']} on average"
        parts.append(f"in flat areas by at most {flat}")
    return "; ".join(parts) + "."
