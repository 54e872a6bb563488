"""Reads what an encoder's `config.json` says of its network; needs no torch and no diffusers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postguard.cloak.architectures import Block, Conv, Layer, UnknownWeights
from postguard.cloak.catalogue import CONFIG, KL, TINY
from postguard.language import _
from postguard.system import wire

_RGB = 3
_MOST_CONFIG = 1 << 16  # bytes; theirs have about 1 kB
_MOST_CHANNELS, _MOST_STAGES, _MOST_BLOCKS = 4096, 8, 16


@dataclass(frozen=True, slots=True)
class Network:
    """One published encoder, as its config describes it.

    Attributes:
        kind: `AutoencoderTiny` or `AutoencoderKL`.
        latents: their channels; `stride`: pixels to a latent cell.
        shift, scale: one for each channel; models see `(latent - shift) * scale`.
        raw: the whole config.
    """

    kind: str
    latents: int
    stride: int
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Tiny:
    """The keys of an AutoencoderTiny that matter here, with diffusers' defaults."""

    in_channels: int = _RGB
    latent_channels: int = 4
    act_fn: str = "relu"
    encoder_block_out_channels: tuple[int, ...] = (64, 64, 64, 64)
    num_encoder_blocks: tuple[int, ...] = (1, 3, 3, 3)
    scaling_factor: float = 1.0
    shift_factor: float | None = None


@dataclass(frozen=True, slots=True)
class _Kl:
    """The same of an AutoencoderKL."""

    in_channels: int = _RGB
    latent_channels: int = 4
    block_out_channels: tuple[int, ...] = (64,)
    scaling_factor: float = 0.18215
    shift_factor: float | None = None
    latents_mean: tuple[float, ...] | None = None
    latents_std: tuple[float, ...] | None = None


def read(folder: Path) -> Network:
    """Return the network that a folder's config describes.

    Raises:
        UnknownWeights: no config, a damaged one, or of a network that postguard cannot use.
    """
    text, raw = _parsed(folder)
    kind = raw.get("_class_name")
    try:
        if kind == TINY:
            return _tiny(wire.load(_Tiny, text), raw)
        if kind == KL:
            return _kl(wire.load(_Kl, text), raw)
    except ValueError as exc:
        said = _("{folder}: its {config} makes no sense: {exc}")
        raise UnknownWeights(said.format(folder=folder.name, config=CONFIG, exc=exc)) from exc
    said = _("{folder} holds a {kind}, which postguard cannot use; it reads {tiny} and {kl}")
    kind = kind or _("network without a name")
    raise UnknownWeights(said.format(folder=folder.name, kind=kind, tiny=TINY, kl=KL))


def tiny_layers(raw: dict[str, Any]) -> tuple[Layer, ...]:
    """Return the layers of an AutoencoderTiny's encoder: our own, so that it needs no diffusers.

    Raises:
        ValueError: they are not in the config, or not of this family.
    """
    told = wire.load(_Tiny, json.dumps(raw))
    layers: list[Layer] = []
    stages = zip(told.encoder_block_out_channels, told.num_encoder_blocks, strict=True)
    for i, (n, blocks) in enumerate(stages):
        layers.append(Conv(n, n, stride=2, bias=False) if i else Conv(_RGB, n))
        layers += [Block(n)] * blocks
    return (*layers, Conv(told.encoder_block_out_channels[-1], told.latent_channels))


def _parsed(folder: Path) -> tuple[bytes, dict[str, Any]]:
    path = folder / CONFIG
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_CONFIG)
        raw = json.loads(text)
    except (OSError, ValueError) as exc:
        said = _("{folder}: its {config} cannot be read")
        raise UnknownWeights(said.format(folder=folder.name, config=CONFIG)) from exc
    if not isinstance(raw, dict):
        said = _("{folder}: its {config} is not a table")
        raise UnknownWeights(said.format(folder=folder.name, config=CONFIG))
    return text, raw


def _tiny(told: _Tiny, raw: dict[str, Any]) -> Network:
    widths, blocks = told.encoder_block_out_channels, told.num_encoder_blocks
    if len(widths) != len(blocks) or not all(0 <= b <= _MOST_BLOCKS for b in blocks):
        raise ValueError("num_encoder_blocks does not fit encoder_block_out_channels")
    if told.act_fn != "relu":
        raise ValueError(f"act_fn is {told.act_fn}; postguard knows relu alone")
    _check_sizes(told.in_channels, told.latent_channels, widths)
    n = told.latent_channels
    shift, scale = (told.shift_factor or 0.0,) * n, (told.scaling_factor,) * n
    return Network(TINY, n, _stride(widths), shift, scale, raw)


def _kl(told: _Kl, raw: dict[str, Any]) -> Network:
    _check_sizes(told.in_channels, told.latent_channels, told.block_out_channels)
    n = told.latent_channels
    shift, scale = (told.shift_factor or 0.0,) * n, (told.scaling_factor,) * n
    if told.latents_mean and told.latents_std:
        shift, scale = told.latents_mean, tuple(told.scaling_factor / s for s in told.latents_std)
    if len(shift) != n or len(scale) != n:
        raise ValueError("latents_mean or latents_std does not fit latent_channels")
    return Network(KL, n, _stride(told.block_out_channels), shift, scale, raw)


def _check_sizes(pixels: int, latents: int, widths: tuple[int, ...]) -> None:
    if pixels != _RGB:
        raise ValueError(f"it reads {pixels} channels, not red, green and blue")
    if not 1 <= len(widths) <= _MOST_STAGES:
        raise ValueError(f"it has {len(widths)} stages")
    if not all(0 < n <= _MOST_CHANNELS for n in (latents, *widths)):
        raise ValueError("it has a width that no network has")


def _stride(widths: tuple[int, ...]) -> int:
    """Each stage but the first halves the picture."""
    return 1 << (len(widths) - 1)
