"""Loads Stable Diffusion's parts from a folder, frozen; never from the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from postguard.cloak.architectures import UnknownWeights
from postguard.cloak.device import Device
from postguard.cloak.diffusion.folders import check, name_of, variant
from postguard.cloak.diffusion.prompts import Prompts, how_to_read, load_prompts, why_no_prompts
from postguard.language import _

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, DDIMScheduler, ModelMixin, UNet2DConditionModel

_KNOWN_GUESSES = ("epsilon", "v_prediction", "sample")  # what a UNet may be trained to predict


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stable Diffusion's parts, frozen.

    Attributes:
        unet: predicts the noise in latents; in bfloat16 where the device gains by it.
        vae: between pixels and latents; in float32, for bfloat16 would lose what a cloak adds.
        scheduler: how much noise each of the time steps has.
        prompts: None where the text encoder or transformers is missing.
        blank: (1,L,C) embeddings of the empty prompt; zeros without `prompts`.
    """

    folder: Path
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    scheduler: DDIMScheduler
    prompts: Prompts | None
    blank: Tensor
    device: Device

    @property
    def stride(self) -> int:
        """Pixels to a latent cell."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    def encode(self, x: Tensor) -> Tensor:
        """(1,3,H,W) in [0,1], any size -> scaled mean latents (1,4,ceil(H/8),ceil(W/8))."""
        rows, columns = (-n % self.stride for n in x.shape[-2:])
        if rows or columns:
            x = functional.pad(x, (0, columns, 0, rows), mode="replicate")
        latents: Tensor = self.vae.encode(2 * x - 1).latent_dist.mode()
        return latents * float(self.vae.config.scaling_factor)

    @torch.no_grad()
    def decode(self, z: Tensor, size: tuple[int, int]) -> Tensor:
        """Scaled latents (1,4,h,w) -> (1,3,*size) in [0,1]; what padding added is cropped."""
        x = self.vae.decode(z.float() / self.vae.config.scaling_factor).sample
        shown: Tensor = (x / 2 + 0.5).clamp(0, 1)[..., : size[0], : size[1]]
        return shown

    def embed(self, prompt: str) -> Tensor:
        """Return embeddings (1,L,C) of a prompt.

        Raises:
            UnknownWeights: there is no text encoder; the message says what is missing.
        """
        if self.prompts is None:
            raise UnknownWeights(
                _("{folder} reads no prompts: {why}").format(
                    folder=self.folder, why=how_to_read(self.folder)
                )
            )
        return self.prompts(prompt)

    def record(self) -> dict[str, Any]:
        """Return what a rendition's record says of it."""
        zeros = _("zeros, for {why}").format(why=why_no_prompts(self.folder))
        return {"pipeline": name_of(self.folder), "prompt": "empty" if self.prompts else zeros}


def load(folder: Path, device: Device) -> Pipeline:
    """Load a Stable Diffusion 1 or 2 pipeline.

    Raises:
        UnknownWeights: a part is missing, damaged or of another kind; the message says which.
    """
    check(folder)
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    dtype = torch.bfloat16 if device.bf16 else torch.float32
    unet = _part(UNet2DConditionModel, folder, "unet", dtype).to(device.torch)
    vae = _part(AutoencoderKL, folder, "vae", torch.float32).to(device.torch)
    # The published schedulers' own settings, as diffusers mends them with a warning otherwise.
    mended = {"clip_sample": False, "steps_offset": 1}
    scheduler = DDIMScheduler.from_pretrained(
        str(folder / "scheduler"), local_files_only=True, **mended
    )
    _judge(folder, unet.config, vae.config, scheduler.config)
    prompts = load_prompts(folder, device.torch)
    # Attention over equal keys is the same for any number of them: one token of zeros will do.
    zeros = torch.zeros(1, 1, unet.config.cross_attention_dim, device=device.torch)
    blank = prompts("") if prompts else zeros
    return Pipeline(folder, unet, vae, scheduler, prompts, blank, device)


def _part(kind: type[ModelMixin], folder: Path, part: str, dtype: torch.dtype) -> Any:  # noqa: ANN401
    from diffusers.utils import is_accelerate_available

    place = folder / part
    try:
        model, report = kind.from_pretrained(
            str(place),
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            variant=variant(folder, part),
            torch_dtype=dtype,
            low_cpu_mem_usage=is_accelerate_available(),  # without accelerate it would only scold
        )
    except Exception as exc:  # diffusers' and safetensors' errors share no base but Exception
        said = _("{place} cannot be loaded: {exc}").format(place=place, exc=exc)
        raise UnknownWeights(said) from exc
    if lost := sorted(report["missing_keys"]):
        raise UnknownWeights(
            _("{place} lacks {count} tensors, {first} among them").format(
                place=place, count=len(lost), first=lost[0]
            )
        )
    return model.eval().requires_grad_(False)


def _judge(folder: Path, unet: Any, vae: Any, scheduler: Any) -> None:  # noqa: ANN401
    """Refuse what loads and yet is no plain Stable Diffusion, by its configs."""
    if unet.in_channels != vae.latent_channels:
        raise UnknownWeights(
            _(
                "{folder} is made for inpainting or upscaling: it reads {read} channels where its "
                "pictures have {made}"
            ).format(folder=folder, read=unet.in_channels, made=vae.latent_channels)
        )
    if scheduler.prediction_type not in _KNOWN_GUESSES:
        raise UnknownWeights(
            _("{folder} predicts {what}, which is not known").format(
                folder=folder, what=scheduler.prediction_type
            )
        )
