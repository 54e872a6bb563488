"""Measures a cloak in this process, on our own encoder in numpy: where there is no torch, or no
more to ask than that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from postguard.cloak import forward
from postguard.cloak.architectures import OWN, UnknownWeights
from postguard.cloak.job import Measurement
from postguard.cloak.measuring import compare, opened
from postguard.errors import BadPicture, StepFailed
from postguard.model import Json


def measure(
    asked: Mapping[str, Json], before: Path, after: Path, on_step: Callable[[float], None]
) -> Mapping[str, Json]:
    """Return how strong and how visible a cloak is, as `CloakEngine.measure` says.

    Raises:
        StepFailed: the files cannot be compared, or our own encoder is damaged.
    """
    order = Measurement(
        *(before, after, Path(str(asked["targets"])), OWN.parent),
        platforms=tuple(cast("Sequence[str]", asked.get("platforms", ()))),
        brief=bool(asked.get("brief")),
    )
    try:
        return compare(order, opened(order), [forward.surrogate()], on_step)
    except (BadPicture, UnknownWeights) as exc:
        raise StepFailed("cloak", str(exc)) from exc
