"""Loads published encoders from folders as diffusers writes them, cut into our stages.

`python -m postguard.cloak.published FOLDER` prints the known answer of one as JSON: a list of
numbers, or `{"reason": ...}` in words.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn

from postguard.cloak import configs
from postguard.cloak.architectures import (
    Architecture,
    Shapes,
    UnknownWeights,
    read_shapes,
    shapes_of,
)
from postguard.cloak.catalogue import TINY, WEIGHTS, label
from postguard.cloak.configs import Network
from postguard.cloak.device import Device, cpu
from postguard.cloak.encoders import Encoder, build, frozen, staged
from postguard.cloak.pixels import Pixels
from postguard.cloak.tensors import to_tensor
from postguard.language import _

_SEEN = 4  # latents that a known answer describes
_DIGITS = 3
_KL_PARTS = ("encoder.", "quant_conv.")
_TINY_PART = "encoder.layers."
# Attention as diffusers named it until 0.18, and as it has been since.
_RENAMED = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_OLD_NAME = re.compile(r"(?<=\.attentions\.0\.)(query|key|value|proj_attn)(?=\.)")


def load(folder: Path, device: Device) -> Encoder:
    """Load the encoder of a diffusers folder; the decoder beside it is never read.

    Raises:
        UnknownWeights: its config is of another network, or its weights do not fit the config.
    """
    network = configs.read(folder)
    make = _tiny_stages if network.kind == TINY else _kl_stages
    stages = make(folder / WEIGHTS, network)
    stages[-1] = nn.Sequential(stages[-1], _Scaled(network))
    return frozen(label(folder), network.stride, stages, device)


def known_answer(encoder: Encoder) -> list[float]:
    """Return mean and deviation of each of the first latents on a picture drawn by code.

    Three digits each; two machines differ in the last. Raises UnknownWeights where an answer is
    not a number: such an encoder would spoil every cloak.
    """
    x = to_tensor(_test_card()).to(encoder.device.torch)
    with torch.no_grad():
        latents = encoder(x)[0, :_SEEN]
    found = [f(channel).item() for channel in latents for f in (torch.mean, torch.std)]
    if not all(map(np.isfinite, found)):
        raise UnknownWeights(
            _("{name} does not answer with numbers: its weights are bad").format(name=encoder.name)
        )
    return [float(f"{value:.{_DIGITS}g}") for value in found]


def check(folder: Path) -> list[float]:
    """Load a folder's encoder on the CPU, whose numbers are the same everywhere, and ask it."""
    return known_answer(load(folder, cpu()))


def _test_card() -> Pixels:
    """(96,128,3) uint8: a gradient, waves, a hard edge and flat colour."""
    y, x = np.mgrid[0:96, 0:128].astype(np.float64)
    waves = 127.5 + 127.5 * np.sin(x * (0.1 + y / 400))
    card = np.stack([x * 2.0, waves, 255.0 - y * 2.5], -1)
    card[20:52, 70:110] = (230, 40, 60)
    return card.round().astype(np.uint8)


def _tiny_stages(path: Path, network: Network) -> list[nn.Module]:
    """Build it of our own blocks: they are the same, and diffusers takes 5 s to import."""
    layers = configs.tiny_layers(network.raw)
    net = build(Architecture("published", layers, network.stride, encoder=True))
    net.load_state_dict(_weights(path, shapes_of(layers), (_TINY_PART,)))
    return staged(net)


def _kl_stages(path: Path, network: Network) -> list[nn.Module]:
    net = _kl_frame(path, network.raw)
    parts = {k: v for k, v in net.state_dict().items() if k.startswith(_KL_PARTS)}
    weights = _weights(path, {k: tuple(v.shape) for k, v in parts.items()}, _KL_PARTS)
    net.load_state_dict(weights, strict=False, assign=True)
    encoder = net.encoder
    stages: list[nn.Module] = [_First(encoder.conv_in)]
    before: list[nn.Module] = []
    for block in encoder.down_blocks:
        before += [_Untimed(resnet) for resnet in block.resnets]
        if block.downsamplers is not None:
            stages.append(nn.Sequential(*before))
            before = list(block.downsamplers)
    ends = [encoder.mid_block, encoder.conv_norm_out, encoder.conv_act, encoder.conv_out]
    quant = [] if net.quant_conv is None else [net.quant_conv]
    return [*stages, nn.Sequential(*before, *ends, *quant, _Mean(network.latents))]


def _kl_frame(path: Path, raw: dict[str, Any]) -> Any:  # noqa: ANN401  # diffusers has no types
    """Return the network without memory for its weights."""
    from diffusers import AutoencoderKL

    try:
        with torch.device("meta"):
            return AutoencoderKL.from_config(raw)
    except Exception as exc:  # whatever a config that makes no sense meets inside
        said = _("{name}: diffusers cannot build its network: {exc}")
        raise UnknownWeights(said.format(name=path.parent.name, exc=exc)) from exc


def _weights(path: Path, wanted: Shapes, parts: tuple[str, ...]) -> Mapping[str, Tensor]:
    """Return the float32 tensors named in `wanted`, once their shapes are exactly these.

    Args:
        parts: prefixes of the tensors to read; the one of a tiny encoder is cut off.
    """
    shapes = read_shapes(path)
    names = {_name(old): old for old in shapes if old.startswith(parts)}
    found = {new: shapes[old] for new, old in names.items()}
    if odd := sorted(k for k in found.keys() | wanted.keys() if found.get(k) != wanted.get(k)):
        raise UnknownWeights(
            _(
                "{file} in {folder} does not fit: {count} of its tensors, as {first}, are not as "
                "its config says"
            ).format(file=path.name, folder=path.parent.name, count=len(odd), first=odd[0])
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {new: file.get_tensor(old).float() for new, old in names.items()}
    except Exception as exc:  # safetensors' own errors share no base but Exception
        place = f"{path.parent.name}/{path.name}"
        raise UnknownWeights(_("{name} is damaged: {exc}").format(name=place, exc=exc)) from exc


def _name(stored: str) -> str:
    new = stored.removeprefix(_TINY_PART)
    return _OLD_NAME.sub(lambda match: _RENAMED[match.group()], new)


class _First(nn.Module):
    """The first layer of an AutoencoderKL, which wants pixels in [-1,1]."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """(B,3,H,W) in [0,1] -> (B,C,H,W)."""
        out: Tensor = self.conv(x * 2 - 1)
        return out


class _Untimed(nn.Module):
    """A block that could be told a time step, and is told none."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        """(B,C,H,W) -> (B,C',H,W)."""
        out: Tensor = self.block(x, None)
        return out


class _Mean(nn.Module):
    """Of the means and log variances that the encoder gives, the means."""

    def __init__(self, latents: int) -> None:
        super().__init__()
        self.latents = latents

    def forward(self, x: Tensor) -> Tensor:
        """(B,2C,h,w) -> (B,C,h,w)."""
        return x[:, : self.latents]


class _Scaled(nn.Module):
    """Latents as the diffusion model sees them."""

    shift: Tensor
    scale: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        for name in ("shift", "scale"):
            values = torch.tensor(getattr(network, name), dtype=torch.float32)
            self.register_buffer(name, values.view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B,C,h,w) -> the same, shifted and scaled."""
        return (x - self.shift) * self.scale


def main(folder: Path) -> None:
    """Print what `check` found, for the process that asked."""
    try:
        answer: object = check(folder)
    except UnknownWeights as exc:
        answer = {"reason": str(exc)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
