"""Which kind of file the recipe asks for; the pipeline hands it to `protect.encode`."""

from __future__ import annotations

from postguard.imaging import Picture
from postguard.model import Json
from postguard.protect.steps import Scene
from postguard.settings import steps


class Encode:
    """Holds the recipe's `format`; no pixel is changed."""

    def __init__(self, options: steps.Encode) -> None:
        self.format = options.format

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the picture as it is."""
        return picture, {"format": self.format}
