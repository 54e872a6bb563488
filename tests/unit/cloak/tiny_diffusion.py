"""A tiny random Stable Diffusion, saved by diffusers in the layout of the published ones."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from diffusers.utils import logging
from safetensors.torch import load_file, save_file

SAMPLE_SIZE = 8  # latent cells: 64 pixels
_WIDTH = 8
_TOKENS = 77


def save(folder: Path, prediction: str = "epsilon", *, words: bool = True) -> Path:
    """Save a pipeline; `words`: with text encoder and tokenizer, which needs transformers."""
    logging.disable_progress_bar()
    torch.manual_seed(0)
    _unet().save_pretrained(folder / "unet")
    _vae().save_pretrained(folder / "vae")
    _scheduler(prediction).save_pretrained(folder / "scheduler")
    parts = {
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", "PNDMScheduler"],
    }
    if words:
        _save_text_encoder(folder / "text_encoder", len(_save_tokenizer(folder / "tokenizer")))
        parts |= {
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
        }
    save_index(folder, "StableDiffusionPipeline", parts)
    return folder


def save_index(folder: Path, kind: str, parts: dict[str, list[str]] | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    index = {"_class_name": kind, "_diffusers_version": "0.32.0"} | (parts or {})
    (folder / "model_index.json").write_text(json.dumps(index))


def _unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SAMPLE_SIZE,
        block_out_channels=(_WIDTH, 2 * _WIDTH),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=_WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
    )


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(_WIDTH,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
    )


def _scheduler(prediction: str) -> PNDMScheduler:
    """As Stable Diffusion's own, which newer diffusers mend with warnings."""
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        prediction_type=prediction,
    )


def _save_tokenizer(folder: Path) -> dict[str, int]:
    """Save a tokenizer that knows single bytes only, in the files of the published ones."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: i for i, word in enumerate(words)}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": _TOKENS}
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return vocabulary


def _save_text_encoder(folder: Path, words: int) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=_TOKENS,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
    )
    CLIPTextModel(config).save_pretrained(folder)
    path = folder / "model.safetensors"
    weights = {k.removeprefix("text_model."): v for k, v in load_file(path).items()}
    published = {f"text_model.{k}": v.half() for k, v in weights.items()}  # older names
    positions = {"text_model.embeddings.position_ids": torch.arange(_TOKENS)[None]}
    save_file(published | positions, path, {"format": "pt"})
