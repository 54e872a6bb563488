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
from postguard.language import _, marked
from postguard.model import Json

_UNSEEN = marked("This cannot be drawn without PyTorch. The numbers above hold without it.")


def measure(
    asked: Mapping[str, Json], before: Path, after: Path, on_step: Callable[[float], None]
) -> Mapping[str, Json]:
    """Return how strong and how visible a cloak is, as `CloakEngine.measure` says.

    Raises:
        StepFailed: the files cannot be compared, or our own encoder is damaged.
    """
    drawn = asked.get("figure")
    order = Measurement(
        *(before, after, Path(str(asked["targets"])), OWN.parent),
        figure=Path(str(drawn)) if drawn else None,
        platforms=tuple(cast("Sequence[str]", asked.get("platforms", ()))),
        brief=bool(asked.get("brief")),
    )
    try:
        trial = opened(order)
        found = compare(order, trial, [forward.surrogate()], on_step)
    except (BadPicture, UnknownWeights) as exc:
        raise StepFailed("cloak", str(exc)) from exc
    if order.figure is not None:
        from postguard.cloak import figure  # the daemon draws none

        found["figure"] = figure.draw(order.figure, trial, found, [figure.unseen(_(_UNSEEN))])
    return found
