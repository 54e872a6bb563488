"""Where pictures are opened and protected, seen from the outside: in a child process, or here.

This module is imported by the daemon, so it imports neither Pillow nor numpy.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

from postguard import errors
from postguard.errors import BadPicture, PostguardError, Retryable, StepFailed
from postguard.model import Inspection, Progress, ProtectOrder, Rendition
from postguard.ports import CloakEngine, Clock
from postguard.system import wire

log = logging.getLogger(__name__)

# -P: a file named numpy.py in the folder the daemon was started in is art, not a module.
WORKER = (sys.executable, "-P", "-m", "postguard.worker")
_LAST_WORDS = 5.0  # seconds between the end of a child's output and its exit
IDLE_AFTER = timedelta(seconds=60)
_STOPPED = "postguard was stopped while it worked on this picture; it goes on at the next start"


@dataclass(frozen=True, slots=True)
class Job:
    """One line to the child: a file to inspect or an order to protect, exactly one of them."""

    max_megapixels: float
    year: int
    inspect: Path | None = None
    protect: ProtectOrder | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A PostguardError on its way through the pipe. `step` and `reason`: of a StepFailed."""

    kind: str
    message: str
    step: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One line from the child: progress, or the end of the job in one of the three other ways."""

    progress: Progress | None = None
    inspection: Inspection | None = None
    renditions: tuple[Rendition, ...] = ()
    failure: Failure | None = None


def failure(error: PostguardError) -> Failure:
    """Return an error as it travels."""
    if isinstance(error, StepFailed):
        return Failure("StepFailed", str(error), error.step, error.reason)
    return Failure(type(error).__name__, str(error))


def raise_again(failure: Failure) -> NoReturn:
    """Raise the error that travelled."""
    if failure.kind == "StepFailed":
        raise StepFailed(failure.step, failure.reason)
    kind = getattr(errors, failure.kind, PostguardError)
    raise kind(failure.message)


class ChildWorkshop:
    """A workshop in a process of its own, started for the first job and kept for the next.

    A file that breaks its decoder or takes all memory costs one job: the next gets a fresh child.
    Threads may share it; they take turns. The child dies with this process, whatever it is doing.
    """

    def __init__(
        self, clock: Clock, max_megapixels: float = 200.0, command: Sequence[str] = WORKER
    ) -> None:
        self._clock = clock
        self._max_megapixels = max_megapixels
        self._command = command
        self._turn = threading.Lock()  # held for the length of a job
        self._state = threading.Lock()  # held for moments
        self._child: _Child | None = None
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
            idle = self._child is not None and now - self._last_used >= IDLE_AFTER
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
            except _ChildEndedError as end:
                error = Retryable(_STOPPED) if child.stopped else broken(str(end))
                self.close()
                raise error from None
            except BaseException:
                self.close()  # its answer would be taken for the next job's
                raise
            self._last_used = self._clock.now()
        if answer.failure is not None:
            raise_again(answer.failure)
        return answer

    def _living_child(self) -> _Child:
        with self._state:
            if self._child is not None and not self._child.alive():
                self._child.kill()  # it is dead already; this frees its pipes
                self._child = None
            if self._child is None:
                self._child = _Child(self._command)
            return self._child


class _ChildEndedError(Exception):
    """The child ended in the middle of a job; the message says how, in words."""


class _Child:
    """One worker process: JSON lines in, JSON lines out."""

    def __init__(self, command: Sequence[str]) -> None:
        self.stopped = False
        # A session of its own: Ctrl-C reaches only us, and one signal ends what it started too.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        log.debug("the picture worker runs as process %d", self._process.pid)

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: Job, on_progress: Callable[[Progress], None]) -> Answer:
        """Send a job and return its last answer. Raises _ChildEndedError."""
        self._write(wire.dump(job).encode() + b"\n")
        while (answer := wire.load(Answer, self._line())).progress is not None:
            on_progress(answer.progress)
        return answer

    def kill(self) -> None:
        """End the process and all that it started, and wait until it has ended."""
        self.stopped = True
        if self.alive():
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was not sent yet
                    pipe.close()

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # ValueError: closed by `kill` in another thread
            raise _ChildEndedError(self._how_it_ended()) from None

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except ValueError:
            line = b""
        if not line.endswith(b"\n"):
            raise _ChildEndedError(self._how_it_ended())
        return line

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=_LAST_WORDS)
        except subprocess.TimeoutExpired:
            return "the picture reader stopped answering; try again, and report it if it stays so"
        if code == -signal.SIGKILL:
            return (
                "the system ended the picture reader, most likely because memory ran out; "
                "close other programs, or export the picture smaller"
            )
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return f"this file broke the picture reader ({name}); export it again or as PNG"


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
