"""Which style an artist's works are drawn towards: far from their own, the same for all of them,
and known to nobody else.

Works that pull different ways would cancel out in what a model learns of the artist; a way that
everybody takes could be learned, and undone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional

from postguard.cloak.encoders import Encoder
from postguard.cloak.pixels import scale_inside, scaled
from postguard.cloak.resizing import resized
from postguard.cloak.styles import STYLES
from postguard.cloak.styles.memory import read, remember

_LONG_SIDE = 256  # px: enough to tell styles apart
_DRAWN_WITH = 0  # a seed; the strokes' places do not matter to how far a style is


def style_of(x: Tensor, encoders: Sequence[Encoder], secret: bytes, memory: Path | None) -> str:
    """Return the name of the artist's style, chosen at their first work and then remembered.

    Args:
        x: the work, (1,3,H,W) in [0,1].
        secret: of the artist; never published.
        memory: where the choice is kept, in a folder that exists; None: it is not kept.
    """
    known = read(memory) if memory else None
    if known and known.style in STYLES:
        return known.style
    small = _small(x)
    own = signature(encoders, small)
    before = [torch.tensor(w) for w in known.works] if known else []
    works = [*(w for w in before if w.shape == own.shape), own]  # others: of other encoders
    chosen = choose(works, _styled(encoders, small), secret)
    if memory:
        remember(memory, chosen, (work.tolist() for work in works))
    return chosen


@torch.no_grad()
def signature(encoders: Sequence[Encoder], x: Tensor) -> Tensor:
    """(1,3,H,W) in [0,1] -> (N,) on the CPU: how the encoders see its style.

    Mean and deviation of each channel of each stage and of the latents; every stage has the same
    length, and so has every encoder, so that the widest does not outvote the others.
    """
    small = _small(x)
    return torch.cat([_seen(encoder, small) for encoder in encoders])


def choose(own: Sequence[Tensor], styled: Mapping[str, Tensor], secret: bytes) -> str:
    """Return the name of one of the farther half of the styles; the secret decides which.

    Args:
        own: signatures of the artist's last works, at least one.
        styled: signatures of works drawn in each style.
    """
    middle = torch.stack(list(own)).mean(0)
    ranked = sorted(styled, key=lambda name: (float((styled[name] - middle).norm()), name))
    return max(ranked[len(ranked) // 2 :], key=lambda name: _drawn(secret, name))


def _drawn(secret: bytes, name: str) -> bytes:
    """Return a style's lot: each has its own, so that a new style seldom changes the choice."""
    return hmac.digest(secret, f"style {name}".encode(), hashlib.sha256)


def _styled(encoders: Sequence[Encoder], small: Tensor) -> dict[str, Tensor]:
    return {
        name: signature(encoders, style(small, Generator().manual_seed(_DRAWN_WITH)))
        for name, style in STYLES.items()
    }


def _seen(encoder: Encoder, x: Tensor) -> Tensor:
    """Return one encoder's part of the signature, of length 1."""
    latents, features = encoder.features(x.to(encoder.device.torch))
    stages = [functional.normalize(_statistics(f.float()), dim=0) for f in (*features, latents)]
    return functional.normalize(torch.cat(stages), dim=0).cpu()


def _statistics(stage: Tensor) -> Tensor:
    """(1,C,h,w) -> (2C,): mean and deviation of each channel."""
    deviation, mean = torch.std_mean(stage.flatten(2)[0], 1, correction=0)
    return torch.cat([mean, deviation])


def _small(x: Tensor) -> Tensor:
    size = x.shape[-2], x.shape[-1]
    return resized(x, scaled(size, scale_inside(size, _LONG_SIDE)))
