"""Turns words into what Stable Diffusion's UNet reads; needs the extra `sd` (transformers)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from postguard.cloak.architectures import SUFFIX, UnknownWeights
from postguard.cloak.diffusion.folders import has, variant
from postguard.language import _
from postguard.system import extras

if TYPE_CHECKING:
    from transformers import CLIPTextModel, CLIPTokenizer

EXTRA = "transformers"


@dataclass(frozen=True, slots=True)
class Prompts:
    """A tokenizer with its text encoder, which computes in float32."""

    tokenizer: CLIPTokenizer
    encoder: CLIPTextModel

    @torch.no_grad()
    def __call__(self, prompt: str) -> Tensor:
        """Return embeddings (1,L,C) of the prompt's first L tokens, filled up to L; L is 77."""
        most = self.encoder.config.max_position_embeddings
        kwargs = {"padding": "max_length", "max_length": most, "truncation": True}
        tokens = self.tokenizer(prompt, return_tensors="pt", **kwargs).input_ids
        embeddings: Tensor = self.encoder(tokens.to(self.encoder.device))[0]
        return embeddings


def load_prompts(folder: Path, device: torch.device) -> Prompts | None:
    """Load a pipeline's text encoder; None where it, its tokenizer or the extra is missing.

    Raises:
        UnknownWeights: it is there, and damaged.
    """
    if why_no_prompts(folder):
        return None
    from transformers import CLIPTextModel, CLIPTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    place = folder / "text_encoder"
    kwargs = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    try:
        tokenizer = CLIPTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True)
        named = variant(folder, "text_encoder")
        encoder, report = CLIPTextModel.from_pretrained(str(place), variant=named, **kwargs)
    except Exception as exc:  # transformers' and safetensors' errors share no base but Exception
        said = _("{place} cannot be loaded: {exc}").format(place=place, exc=exc)
        raise UnknownWeights(said) from exc
    if lost := sorted(report["missing_keys"]):
        raise UnknownWeights(
            _("{place} lacks {count} tensors, {first} among them").format(
                place=place, count=len(lost), first=lost[0]
            )
        )
    return Prompts(tokenizer, encoder.float().eval().requires_grad_(False).to(device))


def why_no_prompts(folder: Path) -> str:
    """Return in words, which name no path, what prompts lack; empty where they lack nothing."""
    if find_spec(EXTRA) is None:
        return _("{name} is not installed").format(name=EXTRA)
    if not has(folder, "text_encoder"):
        return _("the pipeline has no {file}").format(file=f"text_encoder/model{SUFFIX}")
    if not any((folder / "tokenizer").glob("*.json")):
        return _("the pipeline has no tokenizer")
    return ""


def how_to_read(folder: Path) -> str:
    """Return the same for the artist: with the command that adds what is not installed."""
    why = why_no_prompts(folder)
    if find_spec(EXTRA) is not None:
        return why
    return _("{why}; install it with: {command}").format(why=why, command=extras.install("sd"))
