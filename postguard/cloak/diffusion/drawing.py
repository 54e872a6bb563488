"""Draws with Stable Diffusion: a picture in another style, an anchor for poison, a comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, Tensor

from postguard.cloak.diffusion.pipeline import Pipeline
from postguard.cloak.resizing import resized

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

_LEANEST = 2.0  # long side over short side: beyond, the model draws everything twice
_ANCHOR_STEPS = 50  # as Nightshade's


def restyle(
    pipeline: Pipeline,
    x: Tensor,
    prompt: str,
    generator: Generator,
    strength: float = 0.5,
    steps: int = 20,
) -> Tensor:
    """Image-to-image: (1,3,H,W) in [0,1], any size -> the same shape and range.

    Args:
        generator: on the CPU, so that every device draws from the same noise.
        strength: how much is drawn anew, from 1/steps to 1.

    Raises:
        UnknownWeights: there is no text encoder to read the prompt.
    """
    from diffusers import StableDiffusionImg2ImgPipeline

    asked = _asked(pipeline, prompt, generator, steps)
    with torch.no_grad():
        z = pipeline.encode(x).to(pipeline.unet.dtype)
    draw = _joined(StableDiffusionImg2ImgPipeline, pipeline)
    return pipeline.decode(draw(image=z, strength=strength, **asked).images, _size(x))


def anchor(
    pipeline: Pipeline,
    concept: str,
    size: tuple[int, int],
    generator: Generator,
    steps: int = _ANCHOR_STEPS,
) -> Tensor:
    """Draw "A photo of a <concept>": (1,3,*size) in [0,1], drawn at the size that the model knows.

    Raises:
        UnknownWeights: there is no text encoder to read the concept.
    """
    from diffusers import StableDiffusionPipeline

    asked = _asked(pipeline, f"A photo of a {concept}", generator, steps)
    height, width = _drawn_size(pipeline, size)
    draw = _joined(StableDiffusionPipeline, pipeline)
    z = draw(height=height, width=width, **asked).images
    return _covering(pipeline.decode(z, (height, width)), size)


def compare(
    pipeline: Pipeline, before: Tensor, after: Tensor, prompt: str, seed: int
) -> tuple[Tensor, Tensor]:
    """Return what image-to-image makes of two pictures (1,3,H,W) in [0,1] from the same noise."""
    one, other = (
        restyle(pipeline, x, prompt, Generator().manual_seed(seed)) for x in (before, after)
    )
    return one, other


def _joined(kind: type[DiffusionPipeline], pipeline: Pipeline) -> Any:  # noqa: ANN401
    """Return diffusers' own pipeline of the loaded parts; prompts and pixels stay with ours."""
    draw = kind(
        vae=pipeline.vae,
        unet=pipeline.unet,
        scheduler=type(pipeline.scheduler).from_config(
            pipeline.scheduler.config
        ),  # it has a state
        text_encoder=None,
        tokenizer=None,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    draw.set_progress_bar_config(disable=True)
    return draw


def _asked(pipeline: Pipeline, prompt: str, generator: Generator, steps: int) -> dict[str, Any]:
    dtype = pipeline.unet.dtype
    return {
        "prompt_embeds": pipeline.embed(prompt).to(dtype),
        "negative_prompt_embeds": pipeline.blank.to(dtype),
        "generator": generator,
        "num_inference_steps": steps,
        "output_type": "latent",
    }


def _drawn_size(pipeline: Pipeline, size: tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) with the area that the model was trained at and about this shape."""
    side = int(pipeline.unet.config.sample_size)  # in latent cells
    lean = math.sqrt(min(max(size[0] / size[1], 1 / _LEANEST), _LEANEST))
    cells = (max(round(side * lean), 1), max(round(side / lean), 1))
    return cells[0] * pipeline.stride, cells[1] * pipeline.stride


def _covering(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Scale (1,3,h,w) until it covers `size`, and cut out the middle: (1,3,*size)."""
    scale = max(n / have for n, have in zip(size, _size(x), strict=True))
    grown = tuple(max(math.ceil(have * scale), n) for n, have in zip(size, _size(x), strict=True))
    top, left = ((have - n) // 2 for n, have in zip(size, grown, strict=True))
    return resized(x, (grown[0], grown[1]))[..., top : top + size[0], left : left + size[1]]


def _size(x: Tensor) -> tuple[int, int]:
    return x.shape[-2], x.shape[-1]
