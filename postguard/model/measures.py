"""The seven measures as a table: what each does, which step gives it, what networks leave of it.

Pure. Docs explain why each works where it does: `docs/how-generation-works.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from postguard.language import marked
from postguard.model.json import Json

OWN_ENCODER = "surrogate"
"""The name that records have for the encoder that comes with postguard."""
RECODING = ("bluesky", "mastodon")
"""The networks that encode a picture anew; the name of a rendition's fit begins with one."""


def is_rough(encoders: Iterable[object]) -> bool:
    """Return whether a cloak was read by our own encoder alone: that one moves too far for what
    was drawn against it and, on a flat cartoon, for mere noise (docs/benchmarks.md)."""
    return list(encoders) == [OWN_ENCODER]


class Effect(IntEnum):
    """How much a measure hinders one use of a picture, in the four steps of the talk's table."""

    NONE = 0
    LITTLE = 1
    GOOD = 2
    BEST = 3

    @property
    def sign(self) -> str:
        """As the talk writes it."""
        return "✕△○◎"[self]


class Direction(StrEnum):
    """What a measure works through. What defeats one direction leaves the others."""

    PIXELS = marked("pixels")
    STATEMENT = marked("statement")
    ACCESS = marked("access")


class Fear(StrEnum):
    """What an artist fears most of what models do with a picture."""

    TRAINING = "training"
    IMAGE_TO_IMAGE = "image-to-image"
    BOTH = "both"


class Left(StrEnum):
    """What a network leaves of a step's work."""

    WHOLE = marked("stays")
    PART = marked("weakened")
    FILE = marked("file only")  # in the file that was uploaded, not in the copies that apps show
    NOTHING = marked("taken out")


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the seven."""

    number: int
    name: str
    direction: Direction
    training: Effect
    image_to_image: Effect

    @property
    def weakest(self) -> Measure:
        """The measure in its weakest form, as the instant cloak gives it."""
        training, edits = (min(e, Effect.LITTLE) for e in (self.training, self.image_to_image))
        return replace(self, training=training, image_to_image=edits)

    def against(self, fear: Fear) -> int:
        """Return how much it does against what is feared; more is better."""
        if fear is Fear.BOTH:
            return self.training + self.image_to_image
        return self.training if fear is Fear.TRAINING else self.image_to_image


STYLE, POISON, NOISE, MARK, STATED, SIZE, SETTINGS = range(1, 8)
MEASURES: Mapping[int, Measure] = {
    m.number: m
    for m in (
        Measure(STYLE, marked("style cloak"), Direction.PIXELS, Effect.BEST, Effect.LITTLE),
        Measure(POISON, marked("poison"), Direction.PIXELS, Effect.BEST, Effect.NONE),
        Measure(
            NOISE, marked("noise against models"), Direction.PIXELS, Effect.LITTLE, Effect.GOOD
        ),
        Measure(MARK, marked("watermark"), Direction.STATEMENT, Effect.LITTLE, Effect.BEST),
        Measure(STATED, marked("“no AI” stated"), Direction.STATEMENT, Effect.GOOD, Effect.BEST),
        Measure(SIZE, marked("limited resolution"), Direction.PIXELS, Effect.GOOD, Effect.GOOD),
        Measure(
            SETTINGS,
            marked("the network's settings"),
            Direction.ACCESS,
            Effect.GOOD,
            Effect.LITTLE,
        ),
    )
}
_OF_STEP: Mapping[str, int] = {
    "downscale": SIZE,
    "watermark": MARK,
    "notice": STATED,
    "noise": NOISE,
    "hidden": MARK,
    "tags": STATED,
    "credentials": STATED,
}
_OF_MODE: Mapping[str, tuple[int, ...]] = {
    "style": (STYLE,),
    "poison": (POISON,),
    "immunise": (NOISE,),
    "instant": (STYLE, NOISE),  # both in their weakest form
}
# What is drawn to be seen stays to be seen; what lives in fine detail loses some of it when a
# network encodes the picture anew; metadata is thrown away by both, but Bluesky's servers also
# keep the file as it was sent.
_LEFT: Mapping[str, Left] = {
    "downscale": Left.WHOLE,
    "watermark": Left.WHOLE,
    "notice": Left.WHOLE,
    "noise": Left.PART,
    "cloak": Left.PART,
    "hidden": Left.WHOLE,  # it is as strong as it must be to be read behind them
}
# Tags that forbid nothing are no statement; as a recipe says it, and as a record does.
_FORBIDDING_NOTHING = {"unspecified", "allowed", "DMI-UNSPECIFIED", "DMI-ALLOWED"}
_METADATA = {"tags", "credentials"}
_LEFT_OF_METADATA = {"bluesky": Left.FILE, "mastodon": Left.NOTHING}


def given_by(step: Mapping[str, Json]) -> tuple[int, ...]:
    """Return the measures of one step, as a recipe or a rendition's record has it; a step that
    only saves the picture has none, nor has a mark that a picture could not carry, or is too small
    for."""
    name = str(step.get("step", ""))
    forbids_nothing = name == "tags" and step.get("mining") in _FORBIDDING_NOTHING
    if forbids_nothing or False in {step.get("carried"), step.get("legible")}:
        return ()
    if name != "cloak":
        return (_OF_STEP[name],) if name in _OF_STEP else ()
    found = (measure for mode in _modes(step) for measure in _OF_MODE.get(mode, ()))
    return tuple(dict.fromkeys(found))


def is_weakest(step: Mapping[str, Json]) -> bool:
    """Return whether a step gives its measures in their weakest form only."""
    return step.get("step") == "cloak" and _modes(step) == ["instant"]


def _modes(step: Mapping[str, Json]) -> list[str]:
    """Return a cloak's modes: those that were drawn, else those that are asked for."""
    said = step.get("modes") or step.get("mode") or ()
    modes = [said] if isinstance(said, str) else said if isinstance(said, list | tuple) else []
    return [str(mode) for mode in modes]


def left_of(step: str, network: str) -> Left:
    """Return what a network leaves of a step's work."""
    if step in _METADATA:
        return _LEFT_OF_METADATA.get(network, Left.NOTHING)
    return _LEFT.get(step, Left.PART)
