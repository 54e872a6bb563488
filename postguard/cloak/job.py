"""What parent and child say to each other: one line of JSON each; needs no torch.

The parent writes `Order`s to the child's stdin; the child answers each with `taken`, any number of
`step`s and one of `done` and `failed` on its stdout. The end of stdin means: the parent is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Mode = Literal["style", "poison", "immunise", "instant"]
Fallback = Literal["instant", "surrogate", "none"]
Why = Literal["torch", "memory", "ended", "late", "slow", "broken", "absent"]
INSTANT: Mode = "instant"
MEGAPIXELS = 1000.0  # intake has judged the size; here any size that it let through must open


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to cloak.

    Attributes:
        modes: what it is drawn towards, under one visibility; at least one. `instant` stands
            alone, and is not for the child.
        fallback: how far down the ladder it may go where this machine cannot do what is asked.
        ceiling: the largest change of any channel of a pixel, in 1/255.
        floor: the least SSIMULACRA2 between the picture and the cloaked one.
        seed: secret hex digits of the picture; decide its targets and every random choice.
        artist_seed: secret hex digits of the artist; decide what all their works share.
        time_limit: seconds for the whole job; the best so far is returned then.
        models: folder with the encoders.
        alt, tags: what the post says of the picture, for `poison`.
        concept_tables, anchors: see `concepts` and `anchors`.
        memory: where the artist's style is kept.
        targets: folder that gets what was drawn to, `MODE.png`, for whoever measures.
        diffusion: whether Stable Diffusion is used, if it is there: `auto` is on a GPU only.
        term: of its denoiser, for `immunise`; see `diffusion.denoiser`.
        weights: share of an encoder in the loss, by its name; 1 where none is said.
        alone: with our own encoder only.
        least_steps: it is given up where the time limit leaves room for fewer.
        thrift: 0 as fast as may be, 1 in little memory, 2 in the least, on the CPU.
    """

    modes: tuple[Mode, ...]
    ceiling: int
    floor: float
    seed: str = field(repr=False)
    artist_seed: str = field(repr=False)
    time_limit: float
    models: Path
    source: Path
    target: Path
    alt: str = ""
    tags: tuple[str, ...] = ()
    concept_tables: tuple[Path, ...] = ()
    anchors: Path | None = None
    memory: Path | None = None
    targets: Path | None = None
    diffusion: Literal["auto", "always", "never"] = "auto"
    term: Literal["ace", "sds", "diffusionguard"] = "ace"
    weights: dict[str, float] = field(default_factory=dict)
    fallback: Fallback = "none"
    alone: bool = False
    least_steps: int = 0
    thrift: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """A finished picture to be compared with the same one without the cloak, encoded alike.

    Attributes:
        targets: folder with what each mode drew to, `MODE.png`.
        figure: PNG that shows before, after, their difference and what a model sees.
        prompt: what image-to-image is asked to make of both, where Stable Diffusion is at hand.
        weights: of encoders, as in a job: those of 0 are not asked.
        frugal: on the CPU.
        platforms: behind which it is measured; none: behind all, and in whatever else is told.
        brief: nobody reads the record: what decides nothing is not measured.
    """

    before: Path
    after: Path
    targets: Path
    models: Path
    figure: Path | None = None
    prompt: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    frugal: bool = False
    platforms: tuple[str, ...] = ()
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One line to the child: exactly one of both."""

    cloak: Job | None = None
    measure: Measurement | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the child.

    Attributes:
        fraction: in [0, 1], with `step`; `record`: with `done`; `reason`: in words, with `failed`.
        why: what this machine could not give, where it failed for that; None: what was asked for
            cannot be done anywhere.
        full: the disk was full.
    """

    kind: Literal["taken", "step", "done", "failed"]
    fraction: float = 0.0
    record: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    why: Why | None = None
    full: bool = False
