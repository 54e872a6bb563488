"""What the page of a recipe asks for and passes on; joined to the rest in `app`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from postguard.model import Json
from postguard.model.layers import Layers
from postguard.web.facts import Line, Told

Step = Mapping[str, Json]
Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Stands:
    """A recipe as the config has it now. `seen`: differs when it does."""

    steps: tuple[Step, ...]
    seen: str


@dataclass(frozen=True, slots=True)
class Sitter:
    """A picture that a recipe can be tried on. `small`: the address of a small copy."""

    key: str
    name: str
    small: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A recipe tried on a picture.

    Attributes:
        done: what was done to it, in order.
        left_out: steps of the recipe that are not drawn here.
    """

    key: str
    width: int
    height: int
    done: tuple[Line, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a recipe that was to be kept; `seen`: as it stands now."""

    told: Told
    seen: str


class Recipes(Protocol):
    """Recipes as they are changed. Raises Unusable where the config has no such recipe."""

    def stands(self, recipe: str) -> Stands: ...

    def sitters(self) -> list[Sitter]: ...

    def layers(self, recipe: str, steps: Sequence[Step]) -> Layers:
        """Return what a recipe would protect. Raises ConfigError where the config could not be
        used with it, in the words of `postguard check`."""
        ...

    def show(self, recipe: str, steps: Sequence[Step], sitter: str) -> Shown | None:
        """Try a recipe on a picture; None: a newer wish came meanwhile. Raises as `layers`, and
        Held where a step cannot do its work."""
        ...

    def picture(self, key: str, side: Side) -> Path: ...

    def keep(self, recipe: str, steps: Sequence[Step], seen: str) -> Kept:
        """Write it into the config. Raises as `layers`, and Unusable where it is another one than
        was seen."""
        ...
