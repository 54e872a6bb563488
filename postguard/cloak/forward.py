"""Runs an encoder in numpy alone, so that a cloak is measured where there is no torch.

A convolution is one matrix product for each band of rows: what each output pixel sees is laid out
side by side for the band, which bounds the memory and keeps it in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors.numpy import load_file

from postguard.cloak.architectures import (
    OWN,
    Block,
    Conv,
    Fork,
    Layer,
    Plain,
    UnknownWeights,
    encoder_name,
    identify,
)

Planes = NDArray[np.float32]  # (H,W,C) in here
Weights = Mapping[str, NDArray[np.float32]]
_RELU = Plain("relu")
_BAND = 1 << 19  # numbers that are laid out at once: 2 MB


@dataclass(frozen=True, slots=True)
class Forward:
    """An encoder that only reads; a `measure.Reader`."""

    name: str
    stride: int
    layers: tuple[Layer, ...]
    weights: Weights

    def read(self, x: Planes) -> Planes:
        """(n,3,h,w) in [0,1], any size -> latents (n,C,h',w'), the same as in torch."""
        latents = [self._one(picture.transpose(1, 2, 0)) for picture in x]
        return np.stack(latents).transpose(0, 3, 1, 2)

    def _one(self, picture: Planes) -> Planes:
        height, width = picture.shape[:2]
        border = ((0, -height % self.stride), (0, -width % self.stride), (0, 0))
        return _run(self.layers, self.weights, "", np.pad(picture, border, "edge"))


def load(path: Path) -> Forward:
    """Load an encoder from our weights file.

    Raises:
        UnknownWeights: it is damaged, or a network that numpy is not taught.
    """
    architecture = identify(path)
    try:
        weights = {k: v.astype(np.float32) for k, v in load_file(path).items()}
    except Exception as exc:  # safetensors' own errors share no base but Exception
        raise UnknownWeights(f"{path.name} is damaged: {exc}") from exc
    return Forward(encoder_name(path), architecture.stride, architecture.layers, weights)


def surrogate() -> Forward:
    """Load our own encoder, which is always there."""
    return load(OWN)


def _run(layers: tuple[Layer, ...], weights: Weights, prefix: str, x: Planes) -> Planes:
    """Return what layers make of (H,W,C); their weights are named from `prefix` on."""
    for i, layer in enumerate(layers):
        x = _made(layer, weights, f"{prefix}{i}.", x)
    return x


def _made(layer: Layer, weights: Weights, prefix: str, x: Planes) -> Planes:
    if isinstance(layer, Conv):
        return _conv(layer, weights, prefix, x)
    if isinstance(layer, Block):
        return _block(layer, weights, prefix, x)
    if isinstance(layer, Fork):
        return _fork(layer, weights, prefix, x)
    if layer != _RELU:
        raise UnknownWeights(f"without PyTorch no layer `{layer.name}` can be computed")
    return np.maximum(x, 0)


def _block(layer: Block, weights: Weights, prefix: str, x: Planes) -> Planes:
    if layer.pooled:
        raise UnknownWeights("without PyTorch no pooled block can be computed")
    conv = Conv(layer.n, layer.n)
    made = _run((conv, _RELU, conv, _RELU, conv), weights, f"{prefix}conv.", x)
    made += x
    return np.maximum(made, 0, out=made)


def _fork(layer: Fork, weights: Weights, prefix: str, x: Planes) -> Planes:
    made = [
        _run(branch, weights, f"{prefix}branches.{i}.", x)
        for i, branch in enumerate(layer.branches)
    ]
    rows, columns = made[0].shape[:2]
    repeated = [y.repeat(rows // y.shape[0], 0).repeat(columns // y.shape[1], 1) for y in made]
    return np.concatenate(repeated, axis=-1)


def _conv(layer: Conv, weights: Weights, prefix: str, x: Planes) -> Planes:
    kernel, bias = weights[f"{prefix}weight"], weights.get(f"{prefix}bias")
    matrix = np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)).reshape(-1, len(kernel))
    seen = _seen(x, layer)
    out = np.empty((*seen.shape[:2], len(kernel)), np.float32)
    height = max(_BAND // (seen.shape[1] * len(matrix)), 1)
    for top in range(0, len(out), height):
        band = seen[top : top + height].reshape(-1, len(matrix))
        np.matmul(band, matrix, out=out[top : top + height].reshape(-1, len(kernel)))
    if bias is not None:
        out += bias
    return out


def _seen(x: Planes, layer: Conv) -> Planes:
    """(H,W,C) -> (H',W',k,k,C), a view: what each pixel of the result is computed from. A row of
    the kernel lies in one piece there, so that laying it out is a plain copy."""
    far, size = layer.padding, layer.size
    padded = np.pad(x, ((far, far), (far, far), (0, 0)))
    windows = sliding_window_view(padded, (size, size), (0, 1)).transpose(0, 1, 3, 4, 2)
    return windows[:: layer.stride, :: layer.stride]
