"""What steps, modes, strengths, audiences and uses by AI are called where a person reads of them.

Pure. The config's own words stay as they are written there.
"""

from __future__ import annotations

from collections.abc import Mapping

from postguard.language import _, marked
from postguard.model.words import Visibility

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
_AUDIENCES: Mapping[str, str] = {
    Visibility.PUBLIC: marked("public"),
    Visibility.UNLISTED: marked("quiet public"),
    Visibility.PRIVATE: marked("for followers alone"),
    Visibility.DIRECT: marked("for those it mentions"),
}
_PEOPLE = {  # as the networks and the config write them
    "everyone": marked("everyone"),
    "all": marked("everyone"),
    "public": marked("everyone"),
    "following": marked("whom you follow"),
    "followers": marked("your followers"),
    "mutuals": marked("mutual followers"),
    "none": marked("nobody"),
    "nobody": marked("nobody"),
}
_USES = {
    "training": marked("training"),
    "generation": marked("generation"),
    "inference": marked("inference"),
    "embedding": marked("embedding"),
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


def of_audience(visibility: str) -> str:
    """Return what the audience of a post is called."""
    return _(_AUDIENCES.get(visibility, visibility))


def of_people(name: str) -> str:
    """Return who may do something, by the word of a network or of the config."""
    return _(_PEOPLE.get(name, name))


def of_use(name: str) -> str:
    """Return what a use by AI is called."""
    return _(_USES.get(name, name))


def told(reason: str) -> str:
    """Return why a post is held with the name of the step that failed, where one did."""
    step, colon, rest = reason.partition(": ")
    return f"{of_step(step)}{colon}{rest}" if step in _STEPS else reason
