"""Purifiers: what someone may do to a picture to be rid of its cloak before training on it.

Each maps (H,W,3) uint8 to the same size. All keep their randomness fixed, so that the clean and
the cloaked picture go through the very same thing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from postguard.cloak.architectures import identify
from postguard.cloak.encoders import Encoder, build
from postguard.cloak.eye import Eye, error_at
from postguard.cloak.pixels import Pixels
from postguard.cloak.platforms import Codec
from postguard.cloak.tensors import to_pixels, to_tensor

Purifier = Callable[[Pixels], Pixels]
NOISE = 0.05  # of the full range: published as enough to weaken the older cloaks


def blur(sigma: float) -> Purifier:
    """Return a Gaussian blur (Pillow's, by boxes)."""
    return lambda pixels: _filtered(pixels, ImageFilter.GaussianBlur(sigma))


def median(side: int) -> Purifier:
    """Return a median over `side` x `side` pixels, channel by channel."""
    return lambda pixels: _filtered(pixels, ImageFilter.MedianFilter(side))


def half_and_back(pixels: Pixels) -> Pixels:
    """Shrink to half and enlarge again, both by Lanczos."""
    image = Image.fromarray(pixels)
    small = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    return np.asarray(small.resize(image.size, Image.Resampling.LANCZOS))


def bilateral(alike: float) -> Purifier:
    """Return a bilateral filter: it smooths what differs by about `alike`, in [0,1], and keeps
    edges."""
    return lambda pixels: to_pixels(_bilateral(to_tensor(pixels), alike))


def noise_and_bilateral(pixels: Pixels) -> Pixels:
    """Drown the cloak in Gaussian noise, then take the noise out with a bilateral filter."""
    x = to_tensor(pixels)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(2))
    return to_pixels(_bilateral((x + NOISE * noise).clamp(0, 1), 3 * NOISE))


SIMPLE: dict[str, Purifier] = {
    "none": lambda pixels: pixels,
    "JPEG 75": Codec("JPEG", 75),
    "JPEG 50": Codec("JPEG", 50),
    "blur 0.8": blur(0.8),
    "blur 1.5": blur(1.5),
    "median 3": median(3),
    "median 5": median(5),
    "half and back": half_and_back,
    "noise, bilateral": noise_and_bilateral,
}


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """The tiny FLUX.2 autoencoder."""

    encoder: Encoder
    decoder: nn.Module

    def decoded(self, latents: Tensor) -> Tensor:
        """(B,C,h,w) -> (B,3,8h,8w) in [0,1]."""
        pixels: Tensor = self.decoder(latents.contiguous(memory_format=torch.channels_last))
        return pixels.clamp(0, 1)

    def __call__(self, x: Tensor) -> Tensor:
        """(B,3,H,W) in [0,1], sides a multiple of 8 -> the same."""
        return self.decoded(self.encoder(x))


def autoencoder(weights: Path, encoders: Sequence[Encoder]) -> Autoencoder:
    """Return the FLUX.2 decoder of a folder behind its encoder among those given."""
    encoder = next(e for e in encoders if e.name == "taef2")
    path = weights / "taef2_decoder.safetensors"
    net = build(identify(path)).to(memory_format=torch.channels_last)
    net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return Autoencoder(encoder, net.eval().requires_grad_(False).to(encoder.device.torch))


@dataclass(frozen=True, slots=True)
class Impress:
    """IMPRESS (NeurIPS 2023): the picture that the autoencoder gives back most faithfully, near
    the one at hand.

        min_y  |dec(enc(y)) - y|^2 + 0.1 * max(P(x, y) - 0.1, 0)

    Pixels are in [-1,1] there, hence the factor 4. Its P is LPIPS, whose weights are not here: in
    its place stands SSIMULACRA2's weighted sum, scaled so that a score of 70 counts as LPIPS 0.1.
    Its 3000 steps of Adam are far fewer here, so the rate falls to nothing within them, and the
    iterate with the least objective counts. `losses` holds the objective of each step of the last
    picture, to see whether it has settled.
    """

    autoencoder: Autoencoder
    steps: int
    rate: float = 0.003
    losses: list[float] = field(default_factory=list)

    def __call__(self, pixels: Pixels) -> Pixels:
        """(H,W,3), sides a multiple of 8 -> purified."""
        x = to_tensor(pixels).to(self.autoencoder.encoder.device.torch)
        y, best, eye = x.clone().requires_grad_(True), x, Eye(x)
        adam = torch.optim.Adam([y], self.rate)
        fall = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.0, self.steps)
        self.losses.clear()
        for _ in range(self.steps):
            loss = 4 * (self.autoencoder(y) - y).pow(2).mean() + _closeness(eye, y)
            if not self.losses or float(loss.detach()) < min(self.losses):
                best = y.detach().clone()
            self.losses.append(float(loss.detach()))
            adam.zero_grad()
            loss.backward()
            adam.step()
            fall.step()
            y.data.clamp_(0, 1)
        return to_pixels(best)


def _closeness(eye: Eye, y: Tensor) -> Tensor:
    far = 0.1 * eye.errors(y)[0] / error_at(70)
    return 0.1 * (far - 0.1).clamp_min(0)


def _bilateral(x: Tensor, alike: float, reach: int = 3, near: float = 2.0) -> Tensor:
    """(1,3,H,W) -> the same, each pixel the mean of those around that are near and alike.

    Args:
        alike: deviation of the Gaussian over colour, in [0,1].
        near: deviation of the Gaussian over distance, in pixels.
    """
    height, width = x.shape[-2:]
    wide = functional.pad(x, (reach,) * 4, mode="replicate")
    total, weights = torch.zeros_like(x), torch.zeros_like(x[:, :1])
    for down, across in itertools.product(range(2 * reach + 1), repeat=2):
        other = wide[..., down : down + height, across : across + width]
        far = ((down - reach) ** 2 + (across - reach) ** 2) / near**2
        unlike = (other - x).pow(2).sum(1, keepdim=True) / (3 * alike**2)
        weight = torch.exp(-0.5 * (far + unlike))
        total, weights = total + weight * other, weights + weight
    return total / weights


def _filtered(pixels: Pixels, kind: ImageFilter.Filter) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(kind))
