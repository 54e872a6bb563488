"""One finding of `postguard check`."""

from __future__ import annotations

from dataclasses import dataclass

from postguard.model.layers import Layers


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing looked at. `fix` is empty where nothing is to be done.

    Attributes:
        layers: of a recipe: what protects its pictures.
    """

    what: str
    ok: bool
    said: str
    fix: str = ""
    layers: Layers | None = None
