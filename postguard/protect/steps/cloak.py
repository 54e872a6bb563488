"""The cloak: a change that is hard to see and draws what models read away from the picture.

The work is done by the engine behind the port; this step hands over pixels, and takes back only
what kept its word.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postguard.errors import StepFailed
from postguard.imaging import Picture, open_picture, to_image
from postguard.imaging.picture import strips
from postguard.language import _, marked
from postguard.model import Json, names
from postguard.protect.steps import Scene
from postguard.settings import steps
from postguard.system import wire

# What each strength promises: the least SSIMULACRA2 between the picture and the cloaked one (80:
# hardly to be told apart side by side; 65: a fine grain to a close look; 45: plainly a grain).
FLOORS = {"low": 80.0, "medium": 65.0, "high": 45.0}
# The largest change of any channel, in 1/255, where texture hides it; see `cloak.budget`. The
# floor decides; this bounds what a fault of the engine could do to a picture.
CEILINGS = {"low": 20, "medium": 30, "high": 40}
WORDS = marked(
    "The cloak raises the cost of training on and editing this picture; it is no lock. Purifiers "
    "and noisy upscaling are known to weaken or remove it. The gain is what was left on this "
    "PC's encoders behind a simulation of the platform, not a promise for other models."
)
_TOO_WEAK = marked(
    "it is too weak on this picture: behind its platform {said}. Nothing was posted. Take a "
    "higher strength or another mode; to post it so, {advice} in the cloak step of its recipe"
)
_ASK_LESS = marked("write a smaller min_gain (0: none)")
_ASK_NOTHING = marked("write min_gain = 0")
_GRAIN = 1_000_000  # the opener's limit is in megapixels; the picture was judged at intake


class Cloak:
    """Have the engine cloak the picture; fails rather than skips (fail closed)."""

    def __init__(self, options: steps.Cloak) -> None:
        self._options = options

    def apply(self, picture: Picture, scene: Scene) -> tuple[Picture, dict[str, Json]]:
        """Return the cloaked picture and what was measured.

        Raises:
            StepFailed: nothing here can cloak, it failed, or what came back breaks the promises
                on size, strength and transparency.
        """
        if scene.engine is None:
            raise StepFailed(
                "cloak", _("nothing on this PC can run it; take it out of the recipe")
            )
        if (missing := scene.engine.available()) is not None:
            raise StepFailed("cloak", missing)
        # TIFF as it is: to compress it takes longer than to draw an instant cloak.
        source, target = (scene.work / f"cloak-{way}.tif" for way in ("in", "out"))
        to_image(picture).save(source)
        targets = targets_folder(scene.work)
        targets.mkdir(exist_ok=True)
        job = self._job(scene)
        found = scene.engine.cloak(job, source, target, scene.on_fraction)
        if str(job["seed"]) in wire.dump(found):
            raise StepFailed("cloak", _("the engine told its secret seed; please report it"))
        result = _take_back(picture, target)
        source.unlink()
        target.unlink()
        _check(picture, result, self._ceiling)
        record: dict[str, Any] = {
            "modes": list(self._options.modes),
            "strength": self._options.strength,
            "ceiling": self._ceiling,
            "floor": FLOORS[self._options.strength],
            **found,
            "words": _(WORDS),
        }
        self._drawn(record["modes"])
        return result, record

    def judge(self, measured: Mapping[str, Any], fit: str) -> dict[str, Json]:
        """Return the gain of each mode behind the platform of `fit`; of another, the worse of all.

        Args:
            measured: what the engine measured: of it the `gains`.

        Raises:
            StepFailed: one is less than the recipe asks for (fail closed).
        """
        gains, found = measured["gains"], dict[str, Json]()
        for mode in self._drawn(gains):
            behind = gains[mode]
            own = [looks for name, looks in behind.items() if fit.startswith(name)]
            worst = min(own or behind.values(), key=_left)
            _refuse_weak(mode, worst, self._options.least(mode))
            found[mode] = worst["r"]
        return found

    def _drawn(self, told: Collection[str]) -> tuple[steps.Mode, ...]:
        """Return the modes that the engine says it drew, or measured: those of the recipe or, if
        it may fall back so far, the instant one. Raises StepFailed where it is another cloak."""
        if set(told) == set(self._options.modes):
            return self._options.modes
        if set(told) == {"instant"} and self._options.fallback == "instant":
            return ("instant",)
        raise StepFailed("cloak", _("the engine drew another cloak than asked; please report it"))

    @property
    def _ceiling(self) -> int:
        return CEILINGS[self._options.strength]

    def _job(self, scene: Scene) -> dict[str, Json]:
        kit = scene.kit
        return {
            "modes": list(self._options.modes),
            "ceiling": self._ceiling,
            "floor": FLOORS[self._options.strength],
            "seed": hmac.new(scene.seed, b"cloak", hashlib.sha256).hexdigest(),
            "artist_seed": kit.artist_seed or scene.seed.hex(),
            "time_limit": self._options.time_limit,
            "alt": scene.alt,
            "tags": list(scene.tags),
            "concept_tables": [str(path) for path in kit.concept_tables],
            "anchors": str(kit.anchors) if kit.anchors else None,
            "memory": str(kit.memory) if kit.memory else None,
            "targets": str(targets_folder(scene.work)),
            "weights": dict(kit.weights),
            "diffusion": self._options.diffusion,
            "term": self._options.term,
            "fallback": self._options.fallback,
        }


def _left(looks: Mapping[str, float]) -> float:
    """Return a gain to compare by; what is no number is less than any."""
    return -math.inf if math.isnan(looks["r"]) else looks["r"]


def _refuse_weak(mode: str, looks: Mapping[str, float], least: float) -> None:
    """Raise StepFailed for a gain under `least`, or no better than noise; 0 lets all pass."""
    left = looks["r"]
    if least == 0:
        return
    noise = float(np.max([looks["signs"], looks["shuffled"]]))  # passes on what is no number
    if not left >= least:  # also what is no number
        said = _("{mode} gained {left:.3f}, and at least {least:.3f} is asked of it").format(
            mode=names.of_mode(mode), left=left, least=least
        )
    elif not left > noise:
        said = _("{mode} gained {left:.3f}, and mere noise of the same size {noise:.3f}").format(
            mode=names.of_mode(mode), left=left, noise=noise
        )
    else:
        return
    # A smaller min_gain helps only what beats the noise; 0 alone lets the rest pass.
    advice = _(_ASK_LESS if left > noise else _ASK_NOTHING)
    raise StepFailed("cloak", _(_TOO_WEAK).format(said=said, advice=advice))


def targets_folder(work: Path) -> Path:
    """Return where an artwork's targets lie until it is measured."""
    return work / "targets"


def _take_back(picture: Picture, target: Path) -> Picture:
    """Return the engine's colours with the picture's own alpha."""
    if not target.is_file():
        raise StepFailed("cloak", _("the engine returned no picture; please report it"))
    megapixels = max(picture.width * picture.height / _GRAIN, 1) * 1.01
    pixels = open_picture(target.read_bytes(), max_megapixels=megapixels).pixels
    return Picture(pixels, picture.alpha, picture.gray)


def _check(before: Picture, after: Picture, ceiling: int) -> None:
    """Raise StepFailed where the engine changed more than it may."""
    if after.pixels.shape != before.pixels.shape:
        raise StepFailed("cloak", _("the engine changed the picture's size; please report it"))
    for rows in strips(before.width, before.height):
        _check_strip(before, after.pixels[rows], rows, ceiling)


def _check_strip(before: Picture, after: NDArray[np.uint8], rows: slice, ceiling: int) -> None:
    change = np.abs(after.astype(np.int16) - before.pixels[rows])
    if change.max(initial=0) > ceiling:
        raise StepFailed("cloak", _("the engine changed more than its limit; please report it"))
    if before.alpha is not None and change[before.alpha[rows] == 0].any():
        raise StepFailed(
            "cloak", _("the engine drew where nothing is to be seen; please report it")
        )
    if before.gray and np.ptp(after, axis=2).any():
        raise StepFailed("cloak", _("the engine brought colour into a gray picture"))
