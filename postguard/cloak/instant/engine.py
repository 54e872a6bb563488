"""The instant cloak behind the CloakEngine port, in this process: it needs no torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from postguard.cloak.instant.drawing import Cloaked, cloak
from postguard.cloak.instant.painter import WEIGHTS, painter
from postguard.cloak.pixels import kind_of
from postguard.errors import BadPicture, StepFailed
from postguard.imaging import Picture, open_picture, to_image
from postguard.language import _
from postguard.model import Json

MODE = "instant"
_MEGAPIXELS = 1000.0  # intake has judged the size
_LAID_OUT, _DRAWN = 0.1, 0.9  # of the work, where the picture is open, and where it is done

Measure = Callable[[Mapping[str, Json], Path, Path, Callable[[float], None]], Mapping[str, Json]]


class InstantEngine:
    """A CloakEngine for mode `instant`.

    Args:
        measure: what measures a finished cloak, as `CloakEngine.measure` says.
        weights: of the network.
        tick: a monotonic clock in seconds.
    """

    def __init__(
        self,
        measure: Measure,
        *,
        weights: Path = WEIGHTS,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._measure, self._weights, self._tick = measure, weights, tick

    def available(self) -> str | None:
        """Return None, or that the installation is damaged."""
        if self._weights.is_file():
            return None
        return _(
            "the instant cloak's file {name} is missing from the installation; install postguard "
            "anew"
        ).format(name=self._weights.name)

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Cloak the picture `source` into the TIFF or PNG `target`; return what was done.

        What it was drawn towards becomes `instant.png` in the job's folder `targets`, where it
        has one, for whoever measures.

        Raises:
            StepFailed: the weights are missing, or the source cannot be opened.
        """
        if (missing := self.available()) is not None:
            raise StepFailed("cloak", missing)
        began = self._tick()
        try:
            picture = open_picture(source.read_bytes(), max_megapixels=_MEGAPIXELS)
        except BadPicture as exc:
            raise StepFailed("cloak", str(exc)) from exc
        on_step(_LAID_OUT)
        found = self._drawn(job, picture)
        on_step(_DRAWN)
        _write(target, to_image(Picture(found.pixels, picture.alpha, picture.gray)))
        if folder := job.get("targets"):
            _write(Path(str(folder)) / f"{MODE}.png", Image.fromarray(found.target))
        on_step(1.0)
        return {**found.record, "device": "numpy", "seconds": round(self._tick() - began, 1)}

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        """Hand over to what measures."""
        return self._measure(asked, before, after, on_step)

    def _drawn(self, job: Mapping[str, Json], picture: Picture) -> Cloaked:
        seed, floor, ceiling = str(job["seed"]), float(str(job["floor"])), int(str(job["ceiling"]))
        network = painter(self._weights)
        return cloak(picture.pixels, picture.alpha, seed, floor, ceiling, network)


def _write(path: Path, image: Image.Image) -> None:
    """Write it as the kind that its name says. It lives for seconds and is not held to be on
    disk."""
    image.save(path, **kind_of(path))
