"""The ladder: the best cloak that this machine can draw now and, where the recipe lets it, a
lighter one instead of none.

all         the optimiser on every encoder that is here; where memory runs out, in less of it, and
            at last on the CPU (the runner sees to that)
surrogate   the optimiser on our own encoder alone: less time (docs/models.md), and little memory
instant     no optimiser, no torch: seconds

A rung is left for what this machine cannot give, and never because the recipe asks for something
wrong. Whatever is drawn is measured and judged by its own least gain, as ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from postguard.cloak.child import OutOfReach
from postguard.cloak.job import INSTANT
from postguard.model import Json
from postguard.ports import CloakEngine

log = logging.getLogger(__name__)

USEFUL_STEPS = 5  # of the optimiser: they find four fifths of what forty do (knowledge/cloak.md)
Rung = Literal["all", "surrogate", "instant"]


class Optimiser(CloakEngine, Protocol):
    """The engine of the upper rungs; see `runner.LocalEngine`."""

    def others(self) -> list[str]:
        """Return the names of the encoders besides our own."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Ladder:
    """A CloakEngine of two: the optimiser, whose torch lives in a child, and the instant one."""

    optimiser: Optimiser
    instant: CloakEngine

    def available(self) -> str | None:
        """Return None, or what is wrong with the lowest rung, which needs nothing."""
        return self.instant.available()

    def close(self) -> None:
        """End the optimiser's child, if there is one."""
        self.optimiser.close()

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Cloak `source` into `target` on the highest rung that holds; the record says which were
        left, and why.

        Raises:
            OutOfReach: this machine can do nothing that the recipe allows.
            StepFailed: what was asked for cannot be done.
        """
        ways = rungs(job, others=job["modes"] != [INSTANT] and bool(self.optimiser.others()))
        left: list[Json] = []
        for i, rung in enumerate(ways):
            part = _part(job, rung, last=i == len(ways) - 1)
            engine: CloakEngine = self.instant if rung == INSTANT else self.optimiser
            try:
                record = engine.cloak(part, source, target, on_step)
            except OutOfReach as exc:
                if rung == ways[-1]:
                    raise
                log.warning("the cloak goes on in a lighter way: %s", exc.reason)
                left.append({"rung": rung, "why": exc.why})
                _sweep(job)
            else:
                return {**record, "rung": rung, **_told(job, rung, left)}
        raise AssertionError("the last rung returns or raises")

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        """Measure on every encoder that is here; in numpy, on our own alone, where torch cannot.

        Raises:
            StepFailed: the files cannot be compared, or image-to-image is asked for without torch.
        """
        if self._is_light(asked):
            return self.instant.measure(asked, before, after, on_step)
        try:
            return self.optimiser.measure(asked, before, after, on_step)
        except OutOfReach as exc:
            if asked.get("prompt"):
                raise
            log.warning("measuring on our own encoder alone: %s", exc.reason)
            return self.instant.measure(asked, before, after, on_step)

    def _is_light(self, asked: Mapping[str, Json]) -> bool:
        """Return whether starting torch would tell nothing more: an instant cloak, and no other
        encoder to ask."""
        targets = {path.stem for path in Path(str(asked["targets"])).glob("*.png")}
        return targets == {INSTANT} and not asked.get("figure") and not self.optimiser.others()


def rungs(job: Mapping[str, Json], *, others: bool) -> tuple[Rung, ...]:
    """Return the ways to do a job, the best first; `others`: our own encoder is not alone."""
    if job["modes"] == [INSTANT]:
        return ("instant",)
    best: tuple[Rung, ...] = ("all",) if others else ("surrogate",)
    lowest = job.get("fallback", "none")
    if lowest == "none":
        return best
    lighter: tuple[Rung, ...] = ("surrogate", "instant") if lowest == INSTANT else ("surrogate",)
    return (*best, *(rung for rung in lighter if rung not in best))


def _part(job: Mapping[str, Json], rung: Rung, *, last: bool) -> dict[str, Json]:
    """Return the job as one rung does it; only the last is not given up for being slow."""
    if rung == INSTANT:
        return {**job, "modes": [INSTANT]}
    return {**job, "alone": rung == "surrogate", "least_steps": 0 if last else USEFUL_STEPS}


def _told(job: Mapping[str, Json], rung: Rung, left: list[Json]) -> dict[str, Json]:
    """Return what a record says of the rungs that were left; nothing where none was."""
    if not left:
        return {}
    told: dict[str, Json] = {"asked": job["modes"], "fallback": left}
    return told | ({"modes": [INSTANT]} if rung == INSTANT else {})


def _sweep(job: Mapping[str, Json]) -> None:
    """Take away the targets of a rung that was left: a cloak is measured by its own alone."""
    if folder := job.get("targets"):
        for path in Path(str(folder)).glob("*.png"):
            path.unlink()
