"""A small latent denoiser: what stands in for a diffusion model where mimicry is tried.

A convolutional U-Net with under a million weights learns the straight flow between noise and
latents (flow matching: z_t = (1 - t) z + t e, it predicts e - z); samples come from Euler steps
down from pure noise. It knows no words and no far relations: it learns textures, edges and
colours, which is what a style cloak says it protects. It is not Stable Diffusion.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

WINDOW = 16  # latent cells of a training window's side
_TIMES = 64  # features of the time
_EULER = 24


@dataclass(frozen=True, slots=True)
class Training:
    """How long to learn. `rate` falls to nothing within the steps."""

    steps: int
    rate: float
    batch: int = 16


class Denoiser(nn.Module):
    """Latents are normalised inside, by the mean and deviation of each channel of `like`."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, like: Tensor, width: int = 48) -> None:
        """`like`: (N,C,h,w), the latents it is first trained on."""
        super().__init__()
        channels = like.shape[1]
        self.register_buffer("mean", like.mean((0, 2, 3), keepdim=True))
        self.register_buffer("deviation", like.std((0, 2, 3), keepdim=True))
        self.start = nn.Conv2d(channels, width, 3, padding=1)
        self.fine_in = nn.ModuleList([_Block(width), _Block(width)])
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.coarse = nn.ModuleList([_Block(2 * width) for _ in range(3)])
        self.up = nn.Conv2d(2 * width, width, 3, padding=1)
        self.fine_out = nn.ModuleList([_Block(width), _Block(width)])
        self.end = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.end.weight)

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        """Normalised latents (B,C,h,w), sides even, at times (B,) in [0,1] -> their flow."""
        when = _features(t)
        fine = _through(self.fine_in, self.start(z), when)
        coarse = _through(self.coarse, self.down(fine), when)
        wide = functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        return self.end(_through(self.fine_out, fine + self.up(wide), when))


def trained(net: Denoiser, latents: Tensor, plan: Training, generator: Generator) -> Denoiser:
    """Return a copy of `net` that has learnt from (N,C,h,w) latents, in random windows."""
    net = copy.deepcopy(net).train()
    z = (latents - net.mean) / net.deviation
    adam = torch.optim.AdamW(net.parameters(), plan.rate, weight_decay=0.01)
    fall = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.0, plan.steps)
    for _ in range(plan.steps):
        loss = _loss(net, _windows(z, plan.batch, generator), generator)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        fall.step()
    return net.eval()


@torch.no_grad()
def sampled(net: Denoiser, count: int, generator: Generator) -> Tensor:
    """Return (count,C,WINDOW,WINDOW) latents that the net makes of noise."""
    shape = count, net.mean.shape[1], WINDOW, WINDOW
    z = torch.randn(shape, generator=generator).to(net.mean)
    for i in range(_EULER):
        t = z.new_full((count,), 1 - i / _EULER)
        z = z - net(z, t) / _EULER
    return z * net.deviation + net.mean


def weights(net: nn.Module) -> int:
    """Return how many numbers the net has learnt."""
    return sum(p.numel() for p in net.parameters())


class _Block(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(n, n, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList([nn.GroupNorm(8, n), nn.GroupNorm(8, n)])
        self.time = nn.Linear(_TIMES, 2 * n)

    def forward(self, z: Tensor, when: Tensor) -> Tensor:
        """(B,n,h,w), (B,_TIMES) -> (B,n,h,w)."""
        scale, shift = self.time(when)[..., None, None].chunk(2, 1)
        hidden = self.first(functional.silu(self.norms[0](z)))
        hidden = self.norms[1](hidden) * (1 + scale) + shift
        return z + self.second(functional.silu(hidden))


def _through(blocks: nn.ModuleList, z: Tensor, when: Tensor) -> Tensor:
    for block in blocks:
        z = block(z, when)
    return z


def _features(t: Tensor) -> Tensor:
    """(B,) in [0,1] -> (B,_TIMES): waves of many lengths."""
    turns = torch.exp(torch.linspace(0, math.log(1000), _TIMES // 2, device=t.device))
    angles = t[:, None] * turns
    return torch.cat([angles.sin(), angles.cos()], 1)


def _loss(net: Denoiser, z: Tensor, generator: Generator) -> Tensor:
    noise = torch.randn(z.shape, generator=generator).to(z)
    # mostly the middle of the way, where most is decided (logit-normal, as Stable Diffusion 3)
    t = torch.sigmoid(torch.randn(z.shape[0], generator=generator)).to(z)
    way = t[:, None, None, None]
    return (net((1 - way) * z + way * noise, t) - (noise - z)).pow(2).mean()


def _windows(z: Tensor, count: int, generator: Generator) -> Tensor:
    """Return (count,C,WINDOW,WINDOW), each from anywhere in one of (N,C,h,w)."""
    most = torch.tensor([z.shape[0], z.shape[2] - WINDOW + 1, z.shape[3] - WINDOW + 1])
    places = (torch.rand(count, 3, generator=generator) * most).long().tolist()
    return torch.stack([z[i, :, r : r + WINDOW, c : c + WINDOW] for i, r, c in places])
