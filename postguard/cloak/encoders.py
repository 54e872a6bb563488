"""Loads the encoders that image models read pictures with, frozen, and runs them at any size."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from postguard.cloak.architectures import (
    OWN,
    SURROGATE,
    Architecture,
    Block,
    Conv,
    Fork,
    Layer,
    UnknownWeights,
    encoder_name,
    ensemble_of,
    identify,
    weight_files,
)
from postguard.cloak.catalogue import in_use
from postguard.cloak.device import Device
from postguard.language import _


@dataclass(frozen=True, slots=True)
class Encoder:
    """One frozen encoder.

    Attributes:
        name: of its file, without `_encoder`.
        stride: pixels to a latent cell; pictures are padded to a multiple of it.
        stages: run one after another; each but the last ends before the picture is halved.
        fast: the same but the first, in bfloat16, where the device gains by it.
    """

    name: str
    stride: int
    stages: nn.ModuleList
    device: Device
    fast: nn.ModuleList | None = None

    def __call__(self, x: Tensor, *, fast: bool = False) -> Tensor:
        """(B,3,H,W) in [0,1], any size -> latents (B,C,ceil(H/stride),ceil(W/stride)), float32.

        `fast` computes in bfloat16 where the device gains by it.
        """
        return self.features(x, fast=fast)[0]

    @torch.no_grad()
    def read(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for whoever has no tensors; see `measure.Reader`."""
        latents = self(torch.from_numpy(x).to(self.device.torch), fast=True)
        found: NDArray[np.float32] = latents.cpu().numpy()
        return found

    def features(self, x: Tensor, *, fast: bool = False) -> tuple[Tensor, list[Tensor]]:
        """Return the latents, and what each stage between the ends gives: (B,c,h,w), finest first.

        The first layer is computed in float32 always: its input would otherwise lose what the
        cloak adds, for bfloat16 has 8 bits too.
        """
        x = _padded(x, self.stride).contiguous(memory_format=torch.channels_last)
        first, *others = self.stages
        seen = [first(x)]
        if fast and self.fast is not None:
            seen, others = [seen[0].bfloat16()], list(self.fast)
        for stage in others:
            seen.append(stage(seen[-1]))
        _, *features, latents = seen
        return latents.float(), features


def load_encoders(folder: Path, device: Device) -> list[Encoder]:
    """Load every encoder of a folder; decoders that lie beside them are passed over.

    Raises:
        UnknownWeights: a file there is not one of ours, or there is no encoder at all.
    """
    if not (found := _others(folder, device)):
        raise UnknownWeights(_("there is no encoder in {folder}").format(folder=folder))
    return found


def ensemble(folder: Path, device: Device) -> list[Encoder]:
    """Load every encoder that a cloak is drawn against here: those of a folder and, unless both
    that it copies are among them, our own.

    Raises:
        UnknownWeights: a file there is not one of ours.
    """
    others = {other.name: other for other in _others(folder, device)}
    names = ensemble_of(list(others))
    return [surrogate(device) if name == SURROGATE else others[name] for name in names]


def _others(folder: Path, device: Device) -> list[Encoder]:
    known = [(path, identify(path)) for path in weight_files(folder)]
    found = [_load(path, arch, device) for path, arch in known if arch.encoder]
    if published := in_use(folder):
        from postguard.cloak.published import load  # it builds encoders, so it imports this

        found += [load(path, device) for path in published]
    return found


def load_encoder(path: Path, device: Device) -> Encoder:
    """Load one encoder. Raises UnknownWeights: the file is not one of ours."""
    return _load(path, identify(path), device)


def surrogate(device: Device) -> Encoder:
    """Load our own encoder, which is always there.

    Its latents are those of its teachers, FLUX.2's 32 channels and then Sana's (repeated to the
    same size), each divided by their deviation: so both weigh alike in a distance.
    """
    return load_encoder(OWN, device)


def build(architecture: Architecture) -> nn.Sequential:
    """Return the network with random weights (torch's default initialisation)."""
    return nn.Sequential(*(_module(layer) for layer in architecture.layers))


def loaded(path: Path, architecture: Architecture) -> nn.Sequential:
    """Return the network with a file's weights, float32. Raises UnknownWeights: it is damaged."""
    net = build(architecture)
    try:
        weights = {k: v.float() for k, v in load_file(path).items()}
    except Exception as exc:  # safetensors' own errors share no base but Exception
        said = _("{name} is damaged: {exc}").format(name=path.name, exc=exc)
        raise UnknownWeights(said) from exc
    net.load_state_dict(weights)
    return net


def _load(path: Path, architecture: Architecture, device: Device) -> Encoder:
    net = loaded(path, architecture)
    return frozen(encoder_name(path), architecture.stride, staged(net), device)


def frozen(name: str, stride: int, stages: Sequence[nn.Module], device: Device) -> Encoder:
    """Return an encoder of these stages, ready for use on the device."""
    net = nn.ModuleList(stages).eval().requires_grad_(False).to(device.torch)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
    fast = copy.deepcopy(net[1:]).bfloat16() if device.bf16 else None
    return Encoder(name, stride, net, device, fast)


def staged(net: nn.Sequential) -> list[nn.Module]:
    """Cut a network before each layer that halves the picture; its first layer stands alone."""
    layers = list(net)
    halving = {i for i, m in enumerate(layers) if i and getattr(m, "stride", 1) == (2, 2)}
    ends = [0, *sorted({1} | halving), len(layers)]
    return [nn.Sequential(*layers[a:b]) for a, b in pairwise(ends)]


def _padded(x: Tensor, stride: int) -> Tensor:
    """Repeat the last row and column. By joining, for the gradient of `pad` adds up in any order
    on a GPU, and so gave other bytes each time."""
    rows, columns = (-n % stride for n in x.shape[-2:])
    if rows:
        x = torch.cat([x, x[..., -1:, :].expand(-1, -1, rows, -1)], -2)
    if columns:
        x = torch.cat([x, x[..., -1:].expand(-1, -1, -1, columns)], -1)
    return x


def _module(layer: Layer) -> nn.Module:
    if isinstance(layer, Conv):
        pad, size = layer.padding, layer.size
        return nn.Conv2d(layer.n_in, layer.n_out, size, layer.stride, pad, bias=layer.bias)
    if isinstance(layer, Fork):
        return _Fork(layer)
    if isinstance(layer, Block):
        return _Block(layer.n, pooled=layer.pooled)
    module: nn.Module = _PLAIN[layer.name]()
    return module


class _Block(nn.Module):
    def __init__(self, n: int, *, pooled: bool) -> None:
        super().__init__()
        relu = nn.ReLU(inplace=True)
        first, second, third = (nn.Conv2d(n, n, 3, padding=1) for _ in range(3))
        self.conv = nn.Sequential(first, relu, second, relu, third)
        self.pool = _pool(n) if pooled else None

    def forward(self, x: Tensor) -> Tensor:
        """(B,n,H,W) -> (B,n,H,W)."""
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class _Fork(nn.Module):
    def __init__(self, fork: Fork) -> None:
        super().__init__()
        chains = (nn.Sequential(*(_module(layer) for layer in b)) for b in fork.branches)
        self.branches = nn.ModuleList(chains)

    def forward(self, x: Tensor) -> Tensor:
        """(B,n,H,W) -> (B,sum of channels,h,w) of the first branch's size."""
        first, *others = (branch(x) for branch in self.branches)
        size = first.shape[-2:]
        return torch.cat([first, *(functional.interpolate(z, size) for z in others)], 1)


def _pool(n: int) -> nn.Sequential:
    wide, narrow = nn.Conv2d(n, 4 * n, 1, bias=False), nn.Conv2d(4 * n, n, 1, bias=False)
    return nn.Sequential(wide, nn.GroupNorm(4, 4 * n), nn.ReLU(inplace=True), narrow)


class _Double(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """(B,C,H,W) -> (B,C,2H,2W)."""
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class _Soften(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """Keep latents inside (-3, 3)."""
        return torch.tanh(x / 3) * 3


_PLAIN = {"relu": nn.ReLU, "double": _Double, "soften": _Soften}
