"""Whether the recipe has its files signed; the pipeline does it by `protect.credentials`."""

from __future__ import annotations

from postguard.imaging import Picture
from postguard.model import Json
from postguard.protect.steps import Scene
from postguard.settings import steps


class Credentials:
    """Stands for the signature around the finished bytes; no pixel is changed."""

    def __init__(self, options: steps.Credentials) -> None:
        pass

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the picture as it is."""
        return picture, {}
