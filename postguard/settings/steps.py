"""What may stand in each step of a recipe: its options, with their ranges and defaults."""

from __future__ import annotations

import json
from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from postguard.language import _


class StepOptions(BaseModel):
    """Base of all steps' settings: frozen, no unknown keys, values never in error texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Text = Annotated[str, StringConstraints(strip_whitespace=True)]  # blanks alone are none
NetworkName = Literal["bluesky", "mastodon"]
Side = Annotated[int, Field(strict=True, ge=64, le=20_000)]


class Downscale(StepOptions):
    """Limit the resolution; never enlarges. `long_side` in pixels; `megapixels` in 10^6 pixels;
    `networks`: the long side by network. All networks get one picture, so of those that a post
    goes to, the smallest counts."""

    step: Literal["downscale"]
    long_side: Side | None = None
    megapixels: Annotated[float, Field(strict=True, gt=0, le=400)] | None = None
    networks: dict[NetworkName, Side] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Downscale:
        if self.long_side is None and self.megapixels is None and not self.networks:
            raise ValueError(
                _("say long_side = 1600, megapixels = 2 or networks = {bluesky = 1200}")
            )
        return self

    def side_for(self, network: str) -> int | None:
        """Return the long side of a post to this network alone; None: no side is asked for."""
        sides = (self.long_side, *(s for n, s in (self.networks or {}).items() if n == network))
        return min((side for side in sides if side is not None), default=None)


MarkStrength = Literal["subtle", "clear", "sample"]
MarkPreset = Literal["sample", "no-repost"]
# What a preset writes where there is no text, and how strongly.
MARK_PRESETS: dict[MarkPreset, tuple[str, MarkStrength]] = {
    "sample": ("SAMPLE", "sample"),
    "no-repost": ("無断転載禁止", "clear"),
}


class Watermark(StepOptions):
    """A tiled mark, and a larger one over what the picture shows. `text` (`{year}` and `{name}`
    are filled in), `logo` (a PNG file with a transparent background) or a `preset`, which brings
    text and strength where they are unset. `strength` sets opacity, size and spacing where they
    are unset: `opacity` in (0, 1]; `size`: font size, or height of the logo, as a share of the
    short side, smaller where a crop could lose the mark; `spacing`: gap between marks as a share
    of the mark's mean side; `angle` in degrees counter-clockwise, a few more or less in each
    artwork; `outline`: a rim of the other tone, so that the mark shows on any ground."""

    step: Literal["watermark"]
    text: Text = ""
    logo: str = ""
    preset: MarkPreset | None = None
    strength: MarkStrength | None = None
    opacity: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None
    size: Annotated[float, Field(strict=True, ge=0.01, le=0.5)] | None = None
    spacing: Annotated[float, Field(strict=True, ge=0, le=5)] | None = None
    angle: Annotated[float, Field(strict=True, ge=-90, le=90)] = 28.0
    outline: StrictBool = True

    @model_validator(mode="after")
    def _one_mark(self) -> Watermark:
        if self.text and self.logo:
            raise ValueError(_('say either text = "© your name" or logo = "mark.png"'))
        if not (self.text or self.logo or self.preset):
            raise ValueError(
                _(
                    'say text = "© your name", logo = "mark.png", or preset = "sample" or '
                    '"no-repost"'
                )
            )
        return self

    @property
    def words(self) -> str:
        """The text to write where there is no logo."""
        return self.text or (MARK_PRESETS[self.preset][0] if self.preset else "")

    @property
    def force(self) -> MarkStrength:
        """The strength in words: what is said, else the preset's, else clear."""
        return self.strength or (MARK_PRESETS[self.preset][1] if self.preset else "clear")


class Notice(StepOptions):
    """A legible sentence. `langs`: which of ja, en, in order; empty: the artist's. `text`: your
    own instead of the built-in sentence. `place`: the calmest place at an edge, or a strip below
    the picture, which covers nothing of it. `size`: cap height as a share of the picture's width,
    raised to what reads in a feed (14 px where it is shown 600 px wide) if it is smaller."""

    step: Literal["notice"]
    text: Text = ""
    langs: tuple[Literal["ja", "en"], ...] = ()
    place: Literal["auto", "footer"] = "auto"
    size: Annotated[float, Field(strict=True, ge=0.01, le=0.2)] = 0.024


Look = Literal["grain", "canvas", "screentone"]
Strength = Literal["low", "medium", "high"]
STRENGTHS: tuple[Strength, ...] = get_args(Strength)


class Noise(StepOptions):
    """Band-limited luma noise, as strong as it may be seen. `strength`: the least likeness that is
    kept, the same as the cloak's; `look`: of film, of canvas, or of manga; `soften`: what lies off
    the lines is slightly blurred, within the same likeness."""

    step: Literal["noise"]
    strength: Strength = "low"
    look: Look = "grain"
    soften: StrictBool = True


Mode = Literal["style", "poison", "immunise", "instant"]
Gain = Annotated[float, Field(strict=True, ge=0, lt=1)]
# The least 1 - R that must be left behind the post's own platform, on the PC's encoders. Random
# signs of the same visibility reach -0.02 to 0.03 there. That of instant is a third of the least
# that real art kept at medium (0.065), and three times its best control (docs/benchmarks.md).
LEAST_GAINS: dict[Mode, float] = {
    "style": 0.04,
    "poison": 0.04,
    "immunise": 0.05,
    "instant": 0.02,
}


class Cloak(StepOptions):
    """A perturbation that draws what models read away from the picture. `mode`: one, or several
    that share one visibility; `instant` needs neither time nor torch, and is the weakest.
    `fallback`: how light it may become where this PC cannot do what is asked: our own encoder
    alone, or instant. `min_gain`: a post whose cloak measured weaker is held, 0 lets all pass,
    unset is what `LEAST_GAINS` says; `diffusion`: whether Stable Diffusion helps, if it is
    on this PC (`auto`: on a GPU only), and by which `term` of its denoiser."""

    step: Literal["cloak"]
    mode: Mode | Annotated[tuple[Mode, ...], Field(min_length=1)] = "immunise"
    strength: Strength = "medium"
    min_gain: Gain | None = None
    diffusion: Literal["auto", "always", "never"] = "auto"
    term: Literal["ace", "sds", "diffusionguard"] = "ace"
    fallback: Literal["instant", "surrogate", "none"] = "instant"
    time_limit: Annotated[float, Field(strict=True, ge=5, le=86_400)] = 900.0

    @model_validator(mode="after")
    def _instant_alone(self) -> Cloak:
        if "instant" in self.modes and len(self.modes) > 1:
            raise ValueError(_('"instant" shares no visibility: write it alone, or leave it out'))
        return self

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes, each once, in the order written."""
        return tuple(dict.fromkeys((self.mode,) if isinstance(self.mode, str) else self.mode))

    def least(self, mode: Mode) -> float:
        """Return the least gain of a mode; modes that share a visibility share that too."""
        if self.min_gain is not None:
            return self.min_gain
        return LEAST_GAINS[mode] / (len(self.modes) if mode in self.modes else 1)


Mining = Literal[
    "ai-training",
    "generative-ai-training",
    "all-but-search",
    "all",
    "see-constraints",
    "see-linked-rights",
    "see-embedded-rights",
    "unspecified",
    "allowed",
]


class Hidden(StepOptions):
    """A mark that only the artist's key reads: the post's number. There is nothing to set."""

    step: Literal["hidden"]


class Tags(StepOptions):
    """Machine-readable statements. `mining`: the PLUS vocabulary's value; `constraints`: own words
    on what is forbidden instead of the built-in ones; `policy`: rights in ODRL, for the two values
    that point to them; `credit`: who is to be credited, empty: the artist."""

    step: Literal["tags"]
    mining: Mining = "ai-training"
    constraints: Annotated[Text, Field(max_length=2_000)] = ""
    policy: Annotated[Text, Field(max_length=8_000)] = ""
    credit: Text = ""

    @property
    def forbids(self) -> bool:
        """Whether anything is forbidden."""
        return self.mining not in {"unspecified", "allowed"}

    @model_validator(mode="after")
    def _says_one_thing(self) -> Tags:
        if self.constraints and not self.forbids:
            raise ValueError(
                _('mining = "{mining}" forbids nothing: take constraints out').format(
                    mining=self.mining
                )
            )
        if self.mining == "see-constraints" and not self.constraints:
            raise ValueError(_('write what you forbid: constraints = "Only with …"'))
        return self

    @model_validator(mode="after")
    def _policy_where_it_is_pointed_to(self) -> Tags:
        linked, embedded = (self.mining == f"see-{kind}-rights" for kind in ("linked", "embedded"))
        if linked and not self.policy.startswith(("http://", "https://")):
            raise ValueError(_('say where your policy is: policy = "https://…"'))
        if embedded and not _is_object(self.policy):
            raise ValueError(_("write your ODRL policy in JSON: policy = '{…}'"))
        if self.policy and not (linked or embedded):
            raise ValueError(
                _('a policy needs mining = "see-linked-rights" or "see-embedded-rights"')
            )
        return self


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


class Encode(StepOptions):
    """The kind of file. `format`: `auto` (PNG where the art is flat enough to fit, else JPEG), or
    the one to take where the network takes it and the picture fits it."""

    step: Literal["encode"]
    format: Literal["auto", "jpeg", "png", "webp", "avif"] = "auto"


class Credentials(StepOptions):
    """Signed Content Credentials (C2PA), by the certificate of `postguard identity new`."""

    step: Literal["credentials"]


AnyStep = Annotated[
    Downscale | Watermark | Notice | Noise | Cloak | Hidden | Tags | Encode | Credentials,
    Field(discriminator="step"),
]
