"""What parent and child say to each other: one line of JSON each; needs no torch.

The parent writes `Job`s to the child's stdin; the child answers each with `taken`, any number of
`step`s and one of `done` and `failed` on its stdout. The end of stdin means: the parent is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to cloak.

    Attributes:
        mode: which target: `immunise`.
        strength: the artist's word for it, for the record.
        ceiling: the largest change of any pixel, in 1/255.
        floor: the least SSIMULACRA2 between the picture and the cloaked one.
        seed: secret hex digits; decides the target and every random choice.
        time_limit: seconds for the whole job; the best so far is returned then.
        models: folder with the encoders.
    """

    mode: Literal["immunise"]
    strength: str
    ceiling: int
    seed: str
    time_limit: float
    models: Path
    source: Path
    target: Path
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the child. `fraction` in [0, 1] with `step`, `record` with `done`, `reason` in
    words with `failed`."""

    kind: Literal["taken", "step", "done", "failed"]
    fraction: float = 0.0
    record: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
