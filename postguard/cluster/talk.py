"""What the client's process and its parent say to each other: one line of JSON each.

A superset of what the cloak's own child speaks (`cloak.job`), so that its parent serves both; and
with numbers, since many jobs may be on their way at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from postguard.cloak.job import Job, Measurement, Why
from postguard.model import Progress, ProtectOrder, Rendition
from postguard.protect.child import Failure


@dataclass(frozen=True, slots=True)
class Order:
    """One line to the client: exactly one of the three jobs. `year`: of posting."""

    id: int = 0
    cloak: Job | None = None
    measure: Measurement | None = None
    protect: ProtectOrder | None = None
    year: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the client. `fraction`, `progress` with `step`; `record` or `renditions` with
    `done`; `reason` and `failure` with `failed`; `why`: as `cloak.job.Message` has it."""

    id: int
    kind: Literal["taken", "step", "done", "failed"]
    fraction: float = 0.0
    progress: Progress | None = None
    record: dict[str, Any] = field(default_factory=dict)
    renditions: tuple[Rendition, ...] = ()
    reason: str = ""
    failure: Failure | None = None
    why: Why | None = None
