"""What a picture does to Stable Diffusion's denoiser, as terms that the optimiser descends.

With z the scaled latents of the picture, eps ~ N(0,1), z_t = sqrt(a_t) z + sqrt(1-a_t) eps and
eps_theta the UNet, for the empty prompt:

    sds            gradient eps_theta(z_t,t) - eps, any t. Xue et al., "Toward effective
                   protection against diffusion based mimicry through score distillation"
                   (ICLR 2024): the UNet's own derivative is left out; descended, the denoiser
                   finds the picture too easy and blurs it, with the smoothest perturbation.
    ace            mean (eps_theta(z_t,t) - z_T)^2, t in [600,1000), z_T the target's latents.
                   Zheng et al., "Targeted attack improves protection against unauthorized
                   diffusion customization" (arXiv 2310.04687): one constant error for all t.
    diffusionguard -|eps_theta(z_t,t)|, early t. Choi et al., "DiffusionGuard" (ICLR 2025): the
                   first denoising step decides most. Theirs is inpainting, where z comes beside
                   pure noise; image-to-image begins at z_t, so t is drawn where that begins at
                   its usual strengths.

The memory-saving form (Mist-v2's): the gradient is taken to z alone, with the VAE's graph not yet
built; one backward pass through the VAE's encoder then carries it to the pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.utils.checkpoint import checkpoint

from postguard.cloak.diffusion.pipeline import Pipeline
from postguard.cloak.resizing import resized

Term = Literal["sds", "ace", "diffusionguard"]
WEIGHT = 0.5  # beside the ratio of the encoders; not measured on published weights
_SPANS: dict[Term, tuple[float, float]] = {  # of all time steps; 1 is pure noise
    "sds": (0.0, 1.0),
    "ace": (0.6, 1.0),
    "diffusionguard": (0.5, 0.9),
}
_LOSSES: dict[Term, Callable[[Tensor, Tensor], Tensor]] = {
    "ace": lambda guess, aim: (guess - aim).pow(2).mean(),
    "diffusionguard": lambda guess, _: -guess.norm(),
}


def denoiser_loss(
    term: Term, x: Tensor, pipeline: Pipeline, generator: Generator, aim: Tensor
) -> Tensor:
    """Return the term for a picture (1,3,H,W) in [0,1], ready for backward; see `as_loss`.

    Args:
        aim: the target's scaled latents, encoded once, of the picture's own latents' shape.
    """
    # The graph of the UNet is gone before that of the VAE is built, so that the peak is that of
    # the larger of both and not the sum. SDS needs no graph, and so no second encoding.
    z = pipeline.encode(x) if term == "sds" else _rebuilt(pipeline.encode, x)
    return as_loss(z, latent_gradient(term, z.detach(), pipeline, generator, aim))


def towards(
    pattern: Tensor, term: Term, pipeline: Pipeline, generator: Generator
) -> Callable[[Tensor], Tensor]:
    """Return (1,3,H,W) in [0,1] -> the weighted term, drawn towards `pattern`, which is resized as
    the picture is and encoded once for each size."""
    aims: dict[tuple[int, int], Tensor] = {}

    def loss(seen: Tensor) -> Tensor:
        size = seen.shape[-2], seen.shape[-1]
        if size not in aims:
            with torch.no_grad():
                aims[size] = pipeline.encode(resized(pattern, size))
        return WEIGHT * denoiser_loss(term, seen, pipeline, generator, aims[size])

    return loss


def latent_gradient(
    term: Term, z: Tensor, pipeline: Pipeline, generator: Generator, aim: Tensor
) -> Tensor:
    """Return one draw of a term's gradient, (1,4,h,w) as `z`, the scaled latents.

    To descend it protects. `aim` is read by `ace` alone.
    """
    steps = pipeline.scheduler.config.num_train_timesteps
    first, last = (round(share * steps) for share in _SPANS[term])
    t = int(torch.randint(first, last, (), generator=generator))
    noise = torch.randn(z.shape, generator=generator).to(z.device)
    gradient: Tensor
    if term == "sds":
        with torch.no_grad():
            gradient = _guess(z, noise, t, pipeline) - noise
    else:
        z = z.detach().requires_grad_(True)
        loss = _LOSSES[term](_guess(z, noise, t, pipeline), aim)
        (gradient,) = torch.autograd.grad(loss, z)
    return gradient


def as_loss(z: Tensor, gradient: Tensor) -> Tensor:
    """Return a scalar in [-1,1] whose gradient to `z` is `gradient` over both their lengths.

    So each term moves the latents by the same part of their length, whatever its own size, and
    stands beside the ratio that `attack.Pull` returns.
    """
    gradient = gradient.detach()
    lengths: Tensor = gradient.norm() * z.detach().norm()
    along: Tensor = (z * gradient).sum()
    return along / lengths.clamp_min(1e-12)


def _guess(z: Tensor, noise: Tensor, t: int, pipeline: Pipeline) -> Tensor:
    """Return the noise, float32, that the UNet sees in `z` (1,4,h,w) under `noise` at time t."""
    kept = float(pipeline.scheduler.alphas_cumprod[t])
    signal, share = math.sqrt(kept), math.sqrt(1 - kept)
    noisy = signal * z + share * noise
    dtype = pipeline.unet.dtype
    seen = pipeline.unet(noisy.to(dtype), t, encoder_hidden_states=pipeline.blank.to(dtype))
    out: Tensor = seen.sample.float()
    match pipeline.scheduler.config.prediction_type:
        case "v_prediction":
            return signal * out + share * noisy
        case "sample":
            return (noisy - signal * out) / share
    return out


def _rebuilt(encode: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Encode without a graph; backward encodes again, with one."""
    latents: Tensor = checkpoint(encode, x, use_reentrant=False, preserve_rng_state=False)
    return latents
