"""Where pictures are opened and protected, seen from the outside: in a child process, or here.

This module is imported by the daemon, so it imports neither Pillow nor numpy.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from postguard.errors import BadPicture, PostguardError, Retryable, StepFailed
from postguard.language import _, marked
from postguard.model import Inspection, Progress, ProtectOrder, Rendition
from postguard.ports import CloakEngine, Clock
from postguard.protect.child import Answer, Child, ChildEndedError, Job, raise_again

# -P: a file named numpy.py in the folder the daemon was started in is art, not a module.
WORKER = (sys.executable, "-P", "-m", "postguard.worker")
IDLE_AFTER = timedelta(seconds=60)
_STOPPED = marked(
    "postguard was stopped while it worked on this picture; it goes on at the next start"
)


class ChildWorkshop:
    """A workshop in a process of its own, started for the first job and kept for the next.

    A file that breaks its decoder or takes all memory costs one job: the next gets a fresh child.
    Threads may share it; they take turns. The child dies with this process, whatever it is doing.
    """

    def __init__(
        self,
        clock: Clock,
        max_megapixels: float = 200.0,
        command: Sequence[str] = WORKER,
        silence: float = 600.0,
    ) -> None:
        """`silence`: seconds without a word after which a job is given up and its child ended."""
        self._clock = clock
        self._silence = silence
        self._max_megapixels = max_megapixels
        self._command = command
        self._turn = threading.Lock()  # held for the length of a job
        self._state = threading.Lock()  # held for moments
        self._child: Child | None = None
        self._last_used = clock.now()

    def inspect(self, path: Path) -> Inspection:
        """Decode the whole file.

        Raises:
            BadPicture: see `imaging.inspect`; also when the file breaks its decoder.
            Retryable: `close` was called meanwhile.
        """
        answer = self._ask(self._job(inspect=path), lambda _: None, BadPicture)
        assert answer.inspection is not None  # the child answers in kind or with a failure
        return answer.inspection

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        """Run the recipe; one rendition for each artwork and each limits.

        Raises:
            Held: see `pipeline.run`; StepFailed also when the child breaks.
            Retryable: `close` was called meanwhile.
        """
        job = self._job(protect=order)
        return self._ask(job, on_progress, lambda why: StepFailed("protect", why)).renditions

    def close(self) -> None:
        """End the child at once, in the middle of a job too; that job's call raises Retryable."""
        with self._state:
            child, self._child = self._child, None
        if child is not None:
            child.kill()

    def close_idle(self, now: datetime) -> bool:
        """End a child that had no job for a minute; return whether there was one to end."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            # By a clock that was set back it was used in the future, and would be kept for hours.
            unused = abs(now - self._last_used)
            idle = self._child is not None and unused >= IDLE_AFTER
            if idle:
                self.close()
            return idle
        finally:
            self._turn.release()

    def _job(self, inspect: Path | None = None, protect: ProtectOrder | None = None) -> Job:
        return Job(self._max_megapixels, self._clock.now().year, inspect, protect)

    def _ask(
        self,
        job: Job,
        on_progress: Callable[[Progress], None],
        broken: Callable[[str], PostguardError],
    ) -> Answer:
        with self._turn:
            child = self._living_child()
            try:
                answer = child.ask(job, on_progress)
            except ChildEndedError as end:
                error = Retryable(_(_STOPPED)) if child.stopped else broken(str(end))
                self.close()
                raise error from None
            except BaseException:
                self.close()  # its answer would be taken for the next job's
                raise
            self._last_used = self._clock.now()
        if answer.failure is not None:
            raise_again(answer.failure)
        return answer

    def _living_child(self) -> Child:
        with self._state:
            if self._child is not None and not self._child.alive():
                self._child.kill()  # it is dead already; this frees its pipes
                self._child = None
            if self._child is None:
                self._child = Child(self._command, self._silence)
            return self._child


class InProcessWorkshop:
    """The same work in this process, for a command that ends afterwards (`postguard protect`)."""

    def __init__(
        self,
        clock: Clock,
        max_megapixels: float = 200.0,
        engine: Callable[[Path | None], CloakEngine] | None = None,
    ) -> None:
        self._clock = clock
        self._max_megapixels = max_megapixels
        self._engine = engine

    def inspect(self, path: Path) -> Inspection:
        """Decode the whole file. Raises BadPicture."""
        from postguard import imaging

        return imaging.inspect(path, self._max_megapixels)

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        """Run the recipe; one rendition for each artwork and each limits. Raises Held."""
        from postguard.protect import pipeline

        engine = self._engine(order.models_dir) if self._engine and wants_cloak(order) else None
        return pipeline.run(order, engine, self._clock.now().year, on_progress)

    def close(self) -> None:
        """Nothing is held between two calls."""

    def close_idle(self, now: datetime) -> bool:
        """There is never anything to end."""
        return False


def wants_cloak(order: ProtectOrder) -> bool:
    """Return whether the recipe has a step that needs an engine."""
    return any(step.get("step") == "cloak" for step in order.recipe)
