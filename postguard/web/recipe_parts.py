"""The steps that a recipe may have, in words, with what the page lets an artist set of each. Pure.

Settings that few will ever touch stand in the config alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from postguard.language import marked
from postguard.model import Json

ON = "on"
LIST = ","  # between the values of a list, in one option


class Kind(StrEnum):
    """How a setting is chosen."""

    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a step.

    Attributes:
        usual: what holds where the recipe says nothing; None: something else decides.
        options: (value, words); a value with commas is a list.
    """

    key: str
    kind: Kind
    label: str
    usual: Json = None
    options: tuple[tuple[str, str], ...] = ()

    def read(self, said: str | None, was: Json) -> Json:
        """Return the value that was sent; None: nothing is said."""
        if self.kind is Kind.SWITCH:
            return said == ON
        if not (said := (said or "").strip()):
            return was if was in ("", []) else None
        if self.kind is Kind.NUMBER:
            return _number(said)
        if self.kind is Kind.CHOICE and (LIST in said or isinstance(self.usual, list)):
            return list(said.split(LIST))
        return [said] if isinstance(was, list) else said


@dataclass(frozen=True, slots=True)
class Part:
    """One step that a recipe may have."""

    name: str
    title: str
    says: str
    settings: tuple[Setting, ...] = ()


_STRENGTHS = (
    ("low", marked("low: hardly to be told apart")),
    ("medium", marked("medium: a fine grain to a close look")),
    ("high", marked("high: plainly a grain")),
)
PARTS: Mapping[str, Part] = {
    part.name: part
    for part in (
        Part(
            "downscale",
            marked("Fewer pixels"),
            marked("What is not there cannot be learned from. It never enlarges."),
            (
                Setting(
                    "long_side",
                    Kind.NUMBER,
                    marked("Longest side, in pixels"),
                ),
            ),
        ),
        Part(
            "watermark",
            marked("Your mark over the picture"),
            marked("Hard to erase or to crop away."),
            (
                Setting("text", Kind.TEXT, marked("What it says"), ""),
                Setting(
                    "preset",
                    Kind.CHOICE,
                    marked("Or, without words of yours"),
                    options=(
                        ("", marked("none")),
                        ("sample", "SAMPLE"),
                        ("no-repost", "無断転載禁止"),
                    ),
                ),
                Setting(
                    "strength",
                    Kind.CHOICE,
                    marked("How much it shows"),
                    options=(
                        ("", marked("as is usual")),
                        ("subtle", marked("subtle")),
                        ("clear", marked("clear")),
                        ("sample", marked("as on a sample")),
                    ),
                ),
                Setting(
                    "opacity",
                    Kind.NUMBER,
                    marked("Opacity, up to 1"),
                ),
                Setting(
                    "size",
                    Kind.NUMBER,
                    marked("Height, as a share of the short side"),
                ),
                Setting("angle", Kind.NUMBER, marked("Slant in degrees"), 28.0),
                Setting("outline", Kind.SWITCH, marked("A thin rim around the letters"), True),
            ),
        ),
        Part(
            "notice",
            marked("A sentence against AI use"),
            marked("For people to read: the calmest place at an edge, or a strip below."),
            (
                Setting("text", Kind.TEXT, marked("Your own sentence"), ""),
                Setting(
                    "langs",
                    Kind.CHOICE,
                    marked("Languages"),
                    [],
                    options=(
                        ("", marked("those of [artist]")),
                        ("ja", "日本語"),
                        ("en", "English"),
                        ("ja,en", "日本語, English"),
                        ("en,ja", "English, 日本語"),
                    ),
                ),
                Setting(
                    "place",
                    Kind.CHOICE,
                    marked("Place"),
                    "auto",
                    options=(
                        ("auto", marked("where it covers least")),
                        ("footer", marked("a strip below the picture")),
                    ),
                ),
                Setting(
                    "size",
                    Kind.NUMBER,
                    marked("Height, as a share of the width"),
                    0.024,
                ),
            ),
        ),
        Part(
            "noise",
            marked("Fine noise"),
            marked("Hinders what models read in the picture."),
            (
                Setting("strength", Kind.CHOICE, marked("How much it shows"), "low", _STRENGTHS),
                Setting(
                    "look",
                    Kind.CHOICE,
                    marked("Look"),
                    "grain",
                    options=(
                        ("grain", marked("grain, as of film")),
                        ("canvas", marked("canvas")),
                        ("screentone", marked("screentone, as in manga")),
                    ),
                ),
                Setting(
                    "soften", Kind.SWITCH, marked("Soften slightly what lies off the lines"), True
                ),
            ),
        ),
        Part(
            "cloak",
            marked("Cloak"),
            marked(
                "Draws what models read away from the picture: strongest, and slow; its mode "
                "instant is quick, and the weakest."
            ),
            (
                Setting(
                    "mode",
                    Kind.CHOICE,
                    marked("Against what"),
                    "immunise",
                    options=(
                        ("style", marked("style: learning how you paint")),
                        ("poison", marked("poison: training on it at all")),
                        ("immunise", marked("immunise: editing it with AI")),
                        ("poison,style", marked("poison and style")),
                        (
                            "instant",
                            marked(
                                "instant: in a second on any PC, the weakest; on flat colour a "
                                "weave that can be seen at 100 %"
                            ),
                        ),
                    ),
                ),
                Setting(
                    "strength", Kind.CHOICE, marked("How much it shows"), "medium", _STRENGTHS
                ),
                Setting(
                    "fallback",
                    Kind.CHOICE,
                    marked("Where this PC cannot draw it"),
                    "instant",
                    options=(
                        ("instant", marked("draw a lighter one, at last the instant one")),
                        ("surrogate", marked("draw it with our own encoder alone")),
                        ("none", marked("hold the post")),
                    ),
                ),
            ),
        ),
        Part(
            "hidden",
            marked("A hidden mark"),
            marked("The post's number, drawn so that only your key reads it."),
        ),
        Part(
            "tags",
            marked("Tags for machines"),
            marked("The same statement, written into the file."),
            (
                Setting(
                    "mining",
                    Kind.CHOICE,
                    marked("What you forbid"),
                    "ai-training",
                    options=(
                        ("ai-training", marked("training of AI")),
                        ("generative-ai-training", marked("training of generative AI")),
                        ("all-but-search", marked("all mining but for search")),
                        ("all", marked("all mining")),
                        ("see-constraints", marked("what your own words say")),
                        ("see-linked-rights", marked("what your policy says, by its address")),
                        ("see-embedded-rights", marked("what your policy says, in the file")),
                        ("unspecified", marked("nothing is said")),
                        ("allowed", marked("nothing: mining is allowed")),
                    ),
                ),
                Setting("constraints", Kind.TEXT, marked("In your own words"), ""),
                Setting("credit", Kind.TEXT, marked("Who is to be credited"), ""),
            ),
        ),
        Part(
            "encode",
            marked("The kind of file"),
            marked("Without this step: PNG for flat or transparent art that fits, else JPEG."),
            (
                Setting(
                    "format",
                    Kind.CHOICE,
                    marked("Format"),
                    "auto",
                    options=(
                        ("auto", marked("what suits the picture")),
                        ("jpeg", "JPEG"),
                        ("png", "PNG"),
                        ("webp", "WebP"),
                        ("avif", "AVIF"),
                    ),
                ),
            ),
        ),
        Part(
            "credentials",
            marked("A signature"),
            marked(
                "Content Credentials: they show whether the file was changed since. They need a "
                "certificate of yours: postguard identity new"
            ),
        ),
    )
}


def _number(said: str) -> Json:
    """Return a number; what is none goes on as it is, for the config to refuse."""
    for kind in (int, float):
        try:
            return kind(said)
        except ValueError:
            continue
    return said
