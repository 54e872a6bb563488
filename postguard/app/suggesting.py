"""The recipe that fits what an artist answered to `init`, and what this PC can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postguard.cloak.machine import Power
from postguard.language import _, marked
from postguard.settings.notices import ENGLISH_MARK
from postguard.settings.rewriting import quoted as q

if TYPE_CHECKING:
    from postguard.app.starting import Answers

# Long sides in pixels: what the presets are for. 800 is the talk's; 1200 fills a phone; larger
# pictures are worth more to a portfolio and to a training set alike.
SIDES = {"portfolio": 2000, "sns": 1200, "small": 800, "sample": 1000}
# By the table of the seven measures. Marks hinder image-to-image most of all, so where both are
# feared the cloak takes what they leave.
_MODES = {"training": "style", "image-to-image": "immunise", "both": "style"}
_SAID_OF_MODE = {
    "style": marked(
        "models learn another style than yours: the strongest against training; slow; flat colour "
        "shows less of it at strength low"
    ),
    "immunise": marked(
        "models read a pattern instead of the picture: against image-to-image; slow; flat colour "
        "shows less of it at strength low"
    ),
    "instant": marked(
        "models read a secret texture too: the weakest cloak, on any PC at once; flat colour and "
        "soft shades show it as a fine weave, less at strength low"
    ),
}
_PATIENCE = 300  # seconds of a cloak without a GPU: our own encoder needs 15 to 60
_CLOAKS = {"subtle": "low", "clear": "medium", "sample": "high"}


def recipe(answers: Answers, power: Power) -> str:
    """Return the recipe that fits the fear: marks and notice help most against image-to-image,
    the cloak against training, and where it is the weakest the marks must do; every recipe has
    pixels, a statement and a limited size."""
    visible = "sample" if answers.preset == "sample" else answers.visible
    fear, strong = answers.fear, power is not Power.NO_TORCH
    side = SIDES[answers.preset]
    steps = [(f'step = "downscale", long_side = {side}', _("fewer pixels to learn from"))]
    if fear != "training" or visible == "sample" or not strong:
        said = _(
            "your mark over the picture: hard to erase or crop away (subtle is faint, clear is "
            "dense on fine art)"
        )
        mark = f'step = "watermark", {_mark(answers, visible)}, strength = {q(visible)}'
        steps.append((mark, said))
    steps.append(('step = "notice"', _("no AI training or use, for people to read")))
    if fear == "both" or (fear == "image-to-image" and not strong):
        steps.append(('step = "noise"', _("hinders what models read in the picture")))
    steps.append(_cloak(fear, _CLOAKS[visible], power))
    steps.append(('step = "tags"', _("the same statement, for machines")))
    lines = [f"  # {why}\n  {{ {step} }}," for step, why in steps]
    return "[recipes]\ndefault = [\n" + "\n".join(lines) + "\n]"


def _cloak(fear: str, strength: str, power: Power) -> tuple[str, str]:
    """Return the cloak that this PC can draw, and what it does."""
    mode = "instant" if power is Power.NO_TORCH else _MODES[fear]
    step = f'step = "cloak", mode = {q(mode)}, strength = {q(strength)}'
    limit = f", time_limit = {_PATIENCE}" if power is Power.CPU else ""
    return f"{step}{limit}", _(_SAID_OF_MODE[mode])


def _mark(answers: Answers, visible: str) -> str:
    """Return what the watermark says, as its key: an artist's name wherever there is one, else
    what is forbidden, in the language of the notice below it."""
    if answers.name:
        sample = "SAMPLE " if visible == "sample" else ""
        return f"text = {q(f'{sample}© {answers.name}')}"
    if visible == "sample":
        return 'preset = "sample"'
    if answers.lang == "en":
        return f"text = {q(ENGLISH_MARK)}"
    return 'preset = "no-repost"'
