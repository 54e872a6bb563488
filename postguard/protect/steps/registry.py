"""The literal registry of steps: the name in a recipe, and the class that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from postguard.protect.steps import Step
from postguard.protect.steps.cloak import Cloak
from postguard.protect.steps.credentials import Credentials
from postguard.protect.steps.downscale import Downscale
from postguard.protect.steps.encode import Encode
from postguard.protect.steps.hidden import Hidden
from postguard.protect.steps.noise import Noise
from postguard.protect.steps.notice import Notice
from postguard.protect.steps.tags import Tags
from postguard.protect.steps.watermark import Watermark

# Each class takes the options of its own step from settings.steps.
STEPS: dict[str, Callable[[Any], Step]] = {
    "downscale": Downscale,
    "watermark": Watermark,
    "notice": Notice,
    "noise": Noise,
    "cloak": Cloak,
    "hidden": Hidden,
    "tags": Tags,
    "encode": Encode,
    "credentials": Credentials,
}
