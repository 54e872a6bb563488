"""Tiny random encoders in the published form: diffusers itself writes the folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny

TINY: dict[str, Any] = {
    "encoder_block_out_channels": (8, 8, 8, 8),
    "decoder_block_out_channels": (8, 8, 8, 8),
    "latent_channels": 4,
}
KL: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (8, 8, 16, 16),
    "norm_num_groups": 4,
    "layers_per_block": 1,
    "latent_channels": 4,
}


def tiny(folder: Path, seed: int = 0, **changes: Any) -> AutoencoderTiny:
    """Save an AutoencoderTiny and return it."""
    return _saved(AutoencoderTiny, folder, seed, TINY | changes)


def kl(folder: Path, seed: int = 0, **changes: Any) -> AutoencoderKL:
    """Save an AutoencoderKL with mid-block attention and return it."""
    return _saved(AutoencoderKL, folder, seed, KL | changes)


def _saved(kind: type, folder: Path, seed: int, config: dict[str, Any]) -> Any:
    torch.manual_seed(seed)
    net = kind(**config).eval()
    net.save_pretrained(folder, safe_serialization=True)
    return net
