"""One module for each step of a recipe; `STEPS` is the whole registry.

To add a step: its options in `settings.steps`, its place in `settings.recipes`, a module here with
a class whose `apply` returns a new Picture and its record, and a line in `STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from postguard.imaging import Picture
from postguard.model import Artist, CloakKit, Json, Limits
from postguard.ports import CloakEngine


@dataclass(frozen=True, slots=True)
class Scene:
    """What a step may know besides the pixels.

    Attributes:
        seed: 32 secret bytes of this artwork; steps derive theirs by HMAC with their own name.
        year: of posting, for `{year}` in marks.
        work: a folder for temporary files that is removed afterwards.
        post: the post's number in the ledger; 0: none.
        limits: what the networks take that the picture is made for.
        on_fraction: takes how far the step is, in [0, 1].
    """

    artist: Artist
    alt: str
    description: str
    seed: bytes
    year: int
    work: Path
    engine: CloakEngine | None
    on_fraction: Callable[[float], None]
    tags: tuple[str, ...] = ()
    kit: CloakKit = field(default_factory=CloakKit)
    post: int = 0
    limits: tuple[Limits, ...] = ()


class Step(Protocol):
    """One protection. It is made with its options from the recipe."""

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the changed picture and what was done (never a seed). Raises StepFailed."""
        ...
