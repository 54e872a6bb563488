"""What steps, modes and strengths are called where a person reads of them. Pure.

The config's own words stay as they are written there.
"""

from __future__ import annotations

from postguard.language import _, marked

_STEPS = {  # with capitals: "hidden" alone is said of what is out of sight, too
    "downscale": marked("Downscale"),
    "watermark": marked("Watermark"),
    "notice": marked("Notice"),
    "noise": marked("Noise"),
    "cloak": marked("Cloak"),
    "hidden": marked("Hidden"),
    "tags": marked("Tags"),
    "encode": marked("Encode"),
    "credentials": marked("Credentials"),
    "measure": marked("Measure"),
}
_MODES = {
    "style": marked("style"),
    "poison": marked("poison"),
    "immunise": marked("immunise"),
    "instant": marked("instant"),
}
_STRENGTHS = {
    "low": marked("low"),
    "medium": marked("medium"),
    "high": marked("high"),
    "subtle": marked("subtle"),
    "clear": marked("clear"),
    "sample": marked("sample"),
}


def of_step(name: str) -> str:
    """Return what a step is called within a sentence."""
    return _(_STEPS[name]).lower() if name in _STEPS else name


def of_mode(name: object) -> str:
    """Return what a mode of the cloak is called."""
    return _(_MODES.get(str(name), str(name)))


def of_strength(name: object) -> str:
    """Return what a strength is called."""
    return _(_STRENGTHS.get(str(name), str(name)))


def told(reason: str) -> str:
    """Return why a post is held with the name of the step that failed, where one did."""
    step, colon, rest = reason.partition(": ")
    return f"{of_step(step)}{colon}{rest}" if step in _STEPS else reason
