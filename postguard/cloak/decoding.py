"""What a model makes of a cloaked picture and of the same one without: its own view, and what
image-to-image does with both. For the page that `figure` draws; this part needs torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import nn

from postguard.cloak.architectures import (
    Architecture,
    Conv,
    UnknownWeights,
    identify,
    weight_files,
)
from postguard.cloak.device import Device
from postguard.cloak.encoders import Encoder, loaded
from postguard.cloak.figure import SEEN, looks, panel, unseen
from postguard.cloak.grid import Row
from postguard.cloak.job import Measurement
from postguard.cloak.measure import Trial, read
from postguard.cloak.pixels import Pixels
from postguard.cloak.tensors import to_pixels, to_tensor
from postguard.language import _, marked
from postguard.system import extras

_NOTHING_SEEN = marked(
    "This cannot be drawn here: no decoder that fits one of these encoders lies in the models "
    "folder (known: the decoder of taef2). The numbers above hold without it."
)


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


def seen(asked: Measurement, trial: Trial, encoders: Sequence[Encoder]) -> Iterator[Row]:
    """Yield what a decoder makes of the latents: all that a model keeps of the picture."""
    pairs = list(_decoders(asked.models, encoders))
    if not pairs:
        yield unseen(_(_NOTHING_SEEN))
    for encoder, path, architecture in pairs:
        net = _decoder(path, architecture, encoder.device)
        before, after = (_decoded(net, encoder, look) for look in (trial.before, trial.after))
        words = _("What the encoder {name} keeps of both, drawn by its own decoder")
        yield Row(_(SEEN), looks(before, after), words.format(name=encoder.name))


def redrawn(asked: Measurement, trial: Trial, device: Device) -> list[Row]:
    """Return what image-to-image makes of both; no row where no prompt is given. Raises
    UnknownWeights: there is no Stable Diffusion to draw it with."""
    if not asked.prompt:
        return []
    folder = stable_diffusion(asked.models)
    from postguard.cloak.diffusion.drawing import compare
    from postguard.cloak.diffusion.pipeline import load

    both = (trial.before, trial.after)
    before, after = (to_tensor(read(pixels)).to(device.torch) for pixels in both)
    made = compare(load(folder, device), before, after, asked.prompt, seed=0)
    labels = (_("of the one without the cloak"), _("of the one with the cloak"))
    panels = tuple(panel(label, to_pixels(x)) for label, x in zip(labels, made, strict=True))
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
