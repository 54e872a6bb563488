"""Runs an encoder in numpy alone, so that a cloak is measured where there is no torch.

A convolution is a sum of matrix products, one for each tap of its kernel (a few together where the
channels are few), band by band of rows: the bands stay in the cache, and bound the memory. The
products are so small that OpenBLAS does not wake its threads: on a busy PC their waiting for each
other took sixty times as long as the work.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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
from postguard.language import _

Planes = NDArray[np.float32]  # (H,W,C) in here
Weights = Mapping[str, NDArray[np.float32]]
_RELU = Plain("relu")
_WIDE = 64  # channels that a product takes at once, at least
_BAND = 1 << 16  # numbers that are laid out at once
_QUIET = 250_000  # multiplications; OpenBLAS wakes its threads from 262,144 on


@dataclass(frozen=True, slots=True)
class Forward:
    """An encoder that only reads; a `measure.Reader`."""

    name: str
    stride: int
    layers: tuple[Layer, ...]
    weights: Weights

    def read(self, x: Planes) -> Planes:
        """(n,3,h,w) in [0,1], any size -> latents (n,C,h',w'), the same as in torch. Pictures are
        read beside each other: numpy leaves Python's lock to others while it multiplies."""
        with ThreadPoolExecutor(min(len(x), os.cpu_count() or 1)) as pool:
            latents = list(pool.map(self._one, x.transpose(0, 2, 3, 1)))
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
        said = _("{name} is damaged: {exc}").format(name=path.name, exc=exc)
        raise UnknownWeights(said) from exc
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
        raise UnknownWeights(
            _("without PyTorch no layer `{name}` can be computed").format(name=layer.name)
        )
    return np.maximum(x, 0)


def _block(layer: Block, weights: Weights, prefix: str, x: Planes) -> Planes:
    if layer.pooled:
        raise UnknownWeights(_("without PyTorch no pooled block can be computed"))
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
    n_out, n_in, size, _ = kernel.shape
    taps = np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)).reshape(-1, n_in, n_out)
    views = _views(x, layer)
    out = np.empty((*views[0].shape[:2], n_out), np.float32)
    out[...] = 0 if bias is None else bias
    together = max(_WIDE // n_in, 1)
    height = max(_BAND // (out.shape[1] * n_in * together), 1)
    for top in range(0, len(out), height):
        made = out[top : top + height].reshape(-1, n_out)
        for i in range(0, size * size, together):
            seen = np.concatenate([v[top : top + height] for v in views[i : i + together]], -1)
            matrix = taps[i : i + together].reshape(-1, n_out)
            made += _product(seen.reshape(-1, len(matrix)), matrix)
    return out


def _views(x: Planes, layer: Conv) -> list[Planes]:
    """(H,W,C) -> for each tap of the kernel what it sees for every output, (H',W',C)."""
    far, step, size = layer.padding, layer.stride, layer.size
    padded = np.pad(x, ((far, far), (far, far), (0, 0)))
    rows, columns = ((side + 2 * far - size) // step * step + 1 for side in x.shape[:2])
    return [
        padded[down : down + rows : step, across : across + columns : step]
        for down in range(size)
        for across in range(size)
    ]


def _product(x: Planes, matrix: Planes) -> Planes:
    """(n,k) @ (k,m), in blocks that wake no threads."""
    block = max(_QUIET // matrix.size, 1)
    whole = len(x) // block * block
    out = np.empty((len(x), matrix.shape[1]), np.float32)
    blocks = x[:whole].reshape(-1, block, x.shape[1])
    np.matmul(blocks, matrix, out=out[:whole].reshape(-1, block, matrix.shape[1]))
    np.matmul(x[whole:], matrix, out=out[whole:])
    return out
