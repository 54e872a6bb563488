"""Runs an encoder in numpy alone, so that a cloak is measured where there is no torch."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
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
from postguard.cloak.convolving import Convolution, convolution
from postguard.language import _

Planes = NDArray[np.float32]  # (H,W,C) in here
Convolutions = Mapping[str, Convolution]
_RELU = Plain("relu")


@dataclass(frozen=True, slots=True)
class Forward:
    """An encoder that only reads; a `measure.Reader`. `convolutions`: by the names of weights."""

    name: str
    stride: int
    layers: tuple[Layer, ...]
    convolutions: Convolutions

    def read(self, x: Planes) -> Planes:
        """(n,3,h,w) in [0,1], any size -> latents (n,C,h',w'), the same as in torch. Pictures are
        read beside each other: numpy leaves Python's lock to others while it multiplies."""
        pictures = x.transpose(0, 2, 3, 1)
        if len(x) == 1:
            return self._one(pictures[0])[None].transpose(0, 3, 1, 2)
        with ThreadPoolExecutor(min(len(x), os.cpu_count() or 1)) as pool:
            latents = list(pool.map(self._one, pictures))
        return np.stack(latents).transpose(0, 3, 1, 2)

    def _one(self, picture: Planes) -> Planes:
        height, width = picture.shape[:2]
        border = ((0, -height % self.stride), (0, -width % self.stride), (0, 0))
        return _run(self.layers, self.convolutions, "", np.pad(picture, border, "edge"))


def load(path: Path) -> Forward:
    """Load an encoder from our weights file.

    Raises:
        UnknownWeights: it is damaged, or a network that numpy is not taught.
    """
    architecture = identify(path)
    try:
        w = {k: v.astype(np.float32) for k, v in load_file(path).items()}
    except Exception as exc:  # safetensors' own errors share no base but Exception
        said = _("{name} is damaged: {exc}").format(name=path.name, exc=exc)
        raise UnknownWeights(said) from exc
    laid = {
        at: convolution(w[f"{at}weight"], w.get(f"{at}bias"), layer.stride, relu=relu)
        for at, layer, relu in _convs(architecture.layers)
    }
    return Forward(encoder_name(path), architecture.stride, architecture.layers, laid)


@functools.cache
def surrogate() -> Forward:
    """Load our own encoder, which is always there, once."""
    return load(OWN)


def _convs(layers: tuple[Layer, ...], prefix: str = "") -> Iterator[tuple[str, Conv, bool]]:
    """Yield what the names of each convolution's weights begin with, the convolution, and whether
    it does the work of a ReLU behind it."""
    for i, layer in enumerate(layers):
        at = f"{prefix}{i}."
        if isinstance(layer, Conv):
            yield at, layer, layers[i + 1 : i + 2] == (_RELU,)
        elif isinstance(layer, Block):
            yield from _convs(_inside(layer), f"{at}conv.")
        elif isinstance(layer, Fork):
            for j, branch in enumerate(layer.branches):
                yield from _convs(branch, f"{at}branches.{j}.")


def _inside(layer: Block) -> tuple[Layer, ...]:
    conv = Conv(layer.n, layer.n)
    return conv, _RELU, conv, _RELU, conv


def _run(layers: tuple[Layer, ...], laid: Convolutions, prefix: str, x: Planes) -> Planes:
    """Return what layers make of (H,W,C); their weights are named from `prefix` on."""
    for i, layer in enumerate(layers):
        done = i > 0 and layer == _RELU and isinstance(layers[i - 1], Conv)
        x = x if done else _made(layer, laid, f"{prefix}{i}.", x)
    return x


def _made(layer: Layer, laid: Convolutions, at: str, x: Planes) -> Planes:
    if isinstance(layer, Conv):
        return laid[at](x)
    if isinstance(layer, Block):
        return _block(layer, laid, at, x)
    if isinstance(layer, Fork):
        return _fork(layer, laid, at, x)
    if layer != _RELU:
        raise UnknownWeights(
            _("without PyTorch no layer `{name}` can be computed").format(name=layer.name)
        )
    return np.maximum(x, 0)


def _block(layer: Block, laid: Convolutions, at: str, x: Planes) -> Planes:
    if layer.pooled:
        raise UnknownWeights(_("without PyTorch no pooled block can be computed"))
    made = _run(_inside(layer), laid, f"{at}conv.", x)
    made += x
    return np.maximum(made, 0, out=made)


def _fork(layer: Fork, laid: Convolutions, at: str, x: Planes) -> Planes:
    made = [_run(branch, laid, f"{at}branches.{i}.", x) for i, branch in enumerate(layer.branches)]
    rows, columns = made[0].shape[:2]
    repeated = [y.repeat(rows // y.shape[0], 0).repeat(columns // y.shape[1], 1) for y in made]
    return np.concatenate(repeated, axis=-1)
