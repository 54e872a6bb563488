"""What each mode draws the latents towards: a picture of its own, drawn once for each job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Generator, Tensor

from postguard.cloak import anchors, concepts
from postguard.cloak.encoders import Encoder
from postguard.cloak.job import Job
from postguard.cloak.patterns import halftone
from postguard.cloak.styles import STYLES
from postguard.cloak.styles.choice import style_of
from postguard.cloak.tensors import to_tensor

STATISTICS = 0.3  # of the loss of mode `style`: how colours and strokes are spread in each stage


@dataclass(frozen=True, slots=True)
class Target:
    """Where one mode draws to.

    Attributes:
        image: (1,3,h,w) in [0,1]: of the whole picture, at any size.
        statistics: share of the loss, in [0,1), that compares mean and deviation of the channels
            of every stage instead of the latents.
        told: what the record says of it.
    """

    mode: str
    image: Tensor
    statistics: float = 0.0
    told: dict[str, str] = field(default_factory=dict)


@torch.no_grad()
def draw(job: Job, x: Tensor, encoders: Sequence[Encoder], generator: Generator) -> list[Target]:
    """Return a target for each mode of the job.

    Args:
        x: the picture (1,3,H,W) in [0,1] at the size that is served: what is finer shows nothing.

    Raises:
        UnknownConcepts, UnknownAnchor: the artist's table or anchors cannot be used.
    """
    return [_DRAWN[mode](job, x, encoders, generator) for mode in job.modes]


def _immunise(job: Job, x: Tensor, encoders: Sequence[Encoder], generator: Generator) -> Target:
    del job, encoders
    return Target("immunise", halftone(generator).draw(x))


def _style(job: Job, x: Tensor, encoders: Sequence[Encoder], generator: Generator) -> Target:
    """The style is the artist's secret, so the record does not name it."""
    name = style_of(x, encoders, bytes.fromhex(job.artist_seed), job.memory)
    return Target("style", STYLES[name](x, generator), STATISTICS)


def _poison(job: Job, x: Tensor, encoders: Sequence[Encoder], generator: Generator) -> Target:
    """A picture that nothing is said of gets the artist's own pair, the same for all of these."""
    del encoders
    table = concepts.read_table(job.concept_tables)
    pair = concepts.pair(job.tags, job.alt, table, bytes.fromhex(job.artist_seed))
    chance = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    size = x.shape[-2], x.shape[-1]
    image = to_tensor(anchors.anchor(pair.anchor, size, chance, job.anchors)).to(x.device)
    return Target("poison", image, told={"concept": pair.concept} if pair.concept else {})


_Draw = Callable[[Job, Tensor, Sequence[Encoder], Generator], Target]
_DRAWN: dict[str, _Draw] = {"immunise": _immunise, "style": _style, "poison": _poison}
