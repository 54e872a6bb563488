"""The cloak of another machine, where one is there; what becomes of it where none is.

The process that talks to the cluster speaks as the cloak's own child does, so its parent is alike.
It holds no account's secret: whoever holds a certificate of the cluster can run code in it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from postguard.cloak.child import (
    GRACE_SECONDS,
    MEASURE_SECONDS,
    ChildEngine,
    OutOfReach,
    read,
    resolved,
)
from postguard.cloak.job import INSTANT, MEGAPIXELS, Job, Measurement, Message, Order, Why
from postguard.cloak.ladder import Ladder
from postguard.cloak.pixels import kind_of
from postguard.errors import BadPicture, Retryable, StepFailed, Unfinished, Waiting
from postguard.imaging import open_picture, to_image
from postguard.language import _
from postguard.model import Elsewhere, Json

log = logging.getLogger(__name__)

PATIENCE = 45.0  # seconds for a machine that was woken to be there
_NOWHERE = Path("elsewhere")  # the other machine has its own models
_BEGUN: frozenset[Why] = frozenset({"ended", "late"})  # it may go well another time, or never


def client(place: Elsewhere, patience: float) -> list[str]:
    """Return what starts the process that talks to the cluster.

    Args:
        patience: seconds without any machine after which it gives a job back.
    """
    return [
        *(sys.executable, "-P", "-m", "postguard.cluster"),
        *("--scheduler", place.scheduler),
        *("--keys", str(place.keys)),
        *("--patience", str(patience)),
        *("--wake", *place.wake),
    ]


class FarEngine(ChildEngine):
    """A CloakEngine on whichever machine of the cluster is there."""

    def __init__(self, place: Elsewhere, patience: float = PATIENCE) -> None:
        super().__init__(GRACE_SECONDS + patience)
        self._place = place
        self._patience = patience

    def command(self) -> list[str]:
        """Return what starts the client's process."""
        return client(self._place, self._patience)

    def available(self) -> str | None:
        """Return None: whether anybody is there shows when there is work."""
        return None

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Cloak `source` into `target` there. Raises OutOfReach: nobody can; StepFailed."""
        sent, made = (path.with_suffix(".png") for path in (source, target))
        paths = resolved({"source": sent, "target": made, "models": _NOWHERE})
        order = read(Job, {**job, **paths})
        try:
            _repack(source, sent)
            record = self._done(Order(cloak=order), order.time_limit, on_step)
            _repack(made, target)
        finally:
            for passing in {sent, made} - {source, target}:
                passing.unlink(missing_ok=True)
        return record

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        """Measure there. Raises OutOfReach: nobody can; StepFailed."""
        paths = resolved({"before": before, "after": after, "models": _NOWHERE})
        order = Order(measure=read(Measurement, {**asked, **paths}))
        return self._done(order, MEASURE_SECONDS, on_step)

    def answer(self, order: Order, seconds: float, on_step: Callable[[float], None]) -> Message:
        """Return the last word of whoever did it. An end of the client's process, or its silence
        before anybody began, tells nothing of the job: the way to the others is lost."""
        begun = False

        def step(fraction: float) -> None:
            nonlocal begun
            begun = True
            on_step(fraction)

        try:
            message = super().answer(order, seconds, step)
        except OutOfReach:  # lighter rungs there may come behind one that was late
            why: Why = "late" if begun else "absent"
            return Message("failed", reason=_("it did not answer in time"), why=why)
        if self._child is not None:
            return message
        said = _("the process that talks to the cluster has ended; see the log")
        return Message("failed", reason=said, why="absent")

    def _done(
        self, order: Order, seconds: float, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        try:
            return self.done(order, seconds, on_step)
        except Retryable as exc:  # that machine's disk is full
            raise OutOfReach("absent", str(exc)) from exc


def _repack(path: Path, into: Path) -> None:
    """Write a picture as the kind that it travels as (PNG, a third of the bytes) or is read as.

    Raises StepFailed: what came back cannot be opened."""
    if path == into or not path.is_file():
        return
    try:
        picture = open_picture(path.read_bytes(), max_megapixels=MEGAPIXELS)
    except BadPicture as exc:
        raise StepFailed("cloak", str(exc)) from exc
    to_image(picture).save(into, **kind_of(into))


@dataclass(frozen=True, slots=True)
class Away:
    """A CloakEngine of two: another machine's, and this one's for when nobody is there."""

    place: Elsewhere
    far: FarEngine
    here: Ladder

    def available(self) -> str | None:
        """Return None, or what is wrong with this machine's."""
        return self.here.available()

    def close(self) -> None:
        """End both children."""
        self.far.close()
        self.here.close()

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Cloak `source` into `target`: there, or as the config says where nobody is.

        Raises:
            Waiting: nobody is there, and the artist would rather wait; Unfinished: somebody was.
            StepFailed: as the engines do; also where it failed there too often, and the artist
                would rather have nothing drawn here.
        """
        if job["modes"] == [INSTANT]:  # it takes longer to send than to draw
            return self.here.cloak(job, source, target, on_step)
        try:
            return {**self.far.cloak(job, source, target, on_step), "where": "cluster"}
        except OutOfReach as exc:
            self._wait_if_it_may(exc)
            log.warning("cloaking here, since the cluster cannot: %s", exc.reason)
            return self._cloaked_here(job, source, target, on_step, exc)

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        """Measure there, where the most encoders are: a cloak that was drawn there is judged by
        our own encoder alone only where it may wait no longer.

        Raises:
            Waiting, StepFailed: as `cloak`.
        """
        light = {p.stem for p in Path(str(asked["targets"])).glob("*.png")} == {INSTANT}
        if not light:
            try:
                return self.far.measure(asked, before, after, on_step)
            except OutOfReach as exc:
                self._wait_if_it_may(exc)
                log.warning("measuring here, since the cluster cannot: %s", exc.reason)
        return self.here.measure(asked, before, after, on_step)

    def _wait_if_it_may(self, exc: OutOfReach) -> None:
        """Raise Waiting where it may go well another time, and there is time; StepFailed where it
        will not, and the artist would rather wait than have it done here."""
        if not self.place.waits:
            return
        if exc.why == "absent":
            said = _("no machine of the cluster can cloak it now ({why}); it waits")
            raise Waiting(said.format(why=exc.reason)) from exc
        if exc.why not in _BEGUN:
            return
        if not self.place.last:
            said = _("a machine of the cluster did not finish it ({why}); it is tried there again")
            raise Unfinished(said.format(why=exc.reason)) from exc
        if self.place.fallback == "wait":
            said = _("the cluster did not finish it, again and again: {why}")
            raise StepFailed("cloak", said.format(why=exc.reason)) from exc

    def _cloaked_here(
        self,
        job: Mapping[str, Json],
        source: Path,
        target: Path,
        on_step: Callable[[float], None],
        exc: OutOfReach,
    ) -> Mapping[str, Json]:
        light = self.place.fallback == job.get("fallback") == INSTANT  # the recipe has to allow it
        part: Mapping[str, Json] = {**job, "modes": [INSTANT]} if light else job
        record = self.here.cloak(part, source, target, on_step)
        left: list[Json] = [{"rung": "elsewhere", "why": exc.why}]
        before = record.get("fallback", [])
        left += before if isinstance(before, list) else []
        told: dict[str, Json] = {"asked": job["modes"], "fallback": left}
        return {**record, **told, **({"modes": [INSTANT]} if light else {})}
