"""What each mode draws the latents towards: a picture of its own, drawn once for each job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from postguard.cloak.diffusion.pipeline import Pipeline

_PROMPTS = {  # for Stable Diffusion; the styles of the same name need no weights
    "oil": "an oil painting with thick brush strokes",
    "pointillist": "a pointillist painting of small dots",
    "woodcut": "a woodcut print with carved lines",
    "watercolour": "a watercolour painting on rough paper",
    "charcoal": "a charcoal drawing on paper",
}
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


@dataclass(frozen=True, slots=True)
class Hand:
    """What targets are drawn with. `pipeline`: Stable Diffusion, where it is to be used."""

    encoders: Sequence[Encoder]
    generator: Generator
    pipeline: Pipeline | None = None


@torch.no_grad()
def draw(job: Job, x: Tensor, hand: Hand) -> list[Target]:
    """Return a target for each mode of the job.

    Args:
        x: the picture (1,3,H,W) in [0,1] at the size that is served: what is finer shows nothing.

    Raises:
        UnknownConcepts, UnknownAnchor: the artist's table or anchors cannot be used.
        UnknownWeights: Stable Diffusion is to draw, and cannot read its prompt.
    """
    return [_DRAWN[mode](job, x, hand) for mode in job.modes]


def _immunise(job: Job, x: Tensor, hand: Hand) -> Target:
    del job
    return Target("immunise", halftone(hand.generator).draw(x))


def _style(job: Job, x: Tensor, hand: Hand) -> Target:
    """The style is the artist's secret, so the record does not name it."""
    name = style_of(x, hand.encoders, bytes.fromhex(job.artist_seed), job.memory)
    if hand.pipeline is None:
        return Target("style", STYLES[name](x, hand.generator), STATISTICS)
    from postguard.cloak.diffusion.drawing import restyle

    image = restyle(hand.pipeline, x, _PROMPTS[name], hand.generator)
    return Target("style", image, STATISTICS)


def _poison(job: Job, x: Tensor, hand: Hand) -> Target:
    """A picture that nothing is said of gets the artist's own pair, the same for all of these."""
    table = concepts.read_table(job.concept_tables)
    pair = concepts.pair(job.tags, job.alt, table, bytes.fromhex(job.artist_seed))
    told = {"concept": pair.concept} if pair.concept else {}
    return Target("poison", _anchor(job, pair.anchor, x, hand), told=told)


def _anchor(job: Job, name: str, x: Tensor, hand: Hand) -> Tensor:
    """Return the artist's own picture, else Stable Diffusion's, else the one that we draw."""
    size = x.shape[-2], x.shape[-1]
    if hand.pipeline is not None and not anchors.is_own(name, job.anchors):
        from postguard.cloak.diffusion import drawing

        return drawing.anchor(hand.pipeline, name, size, hand.generator)
    chance = np.random.default_rng(int(torch.randint(2**31, (), generator=hand.generator)))
    return to_tensor(anchors.anchor(name, size, chance, job.anchors)).to(x.device)


_Draw = Callable[[Job, Tensor, Hand], Target]
_DRAWN: dict[str, _Draw] = {"immunise": _immunise, "style": _style, "poison": _poison}
