"""One worker process: what is said to it and by it, and how its life ends.

Imported by the daemon, so without Pillow and numpy.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from postguard import errors
from postguard.errors import PostguardError, StepFailed
from postguard.language import _
from postguard.model import Inspection, Progress, ProtectOrder, Rendition
from postguard.system import wire

log = logging.getLogger(__name__)

_LAST_WORDS = 5.0  # seconds between the end of a child's output and its exit


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


class ChildEndedError(Exception):
    """The child ended in the middle of a job; the message says how, in words."""


class Child:
    """One worker process: JSON lines in, JSON lines out."""

    def __init__(self, command: Sequence[str], silence: float = 600.0) -> None:
        """`silence`: seconds without a word after which a job counts as hung. Long enough for the
        slowest step that has no progress to tell."""
        self.stopped = False
        self._silence = silence
        self._silent = False
        # A session of its own: Ctrl-C reaches only us, and one signal ends what it started too.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        log.debug("the picture worker runs as process %d", self._process.pid)

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def ask(self, job: Job, on_progress: Callable[[Progress], None]) -> Answer:
        """Send a job and return its last answer. Raises ChildEndedError."""
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
            raise ChildEndedError(self._how_it_ended()) from None

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        patience = threading.Timer(self._silence, self._end_silence)
        patience.daemon = True
        patience.start()
        try:
            line = self._process.stdout.readline()
        except ValueError:
            line = b""
        finally:
            patience.cancel()
        if not line.endswith(b"\n"):
            raise ChildEndedError(self._how_it_ended())
        return line

    def _end_silence(self) -> None:
        self._silent = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _how_it_ended(self) -> str:
        if self._silent:
            return _(
                "the picture reader said nothing for {silence:.0f} minutes and was ended; export "
                "the picture again or as PNG, and report it if it stays so"
            ).format(silence=self._silence / 60)
        try:
            code = self._process.wait(timeout=_LAST_WORDS)
        except subprocess.TimeoutExpired:
            return _(
                "the picture reader stopped answering; try again, and report it if it stays so"
            )
        if code == -signal.SIGKILL:
            return _(
                "the system ended the picture reader, most likely because memory ran out; close "
                "other programs, or export the picture smaller"
            )
        name = (
            signal.Signals(-code).name if code < 0 else _("exit status {code}").format(code=code)
        )
        return _("this file broke the picture reader ({name}); export it again or as PNG").format(
            name=name
        )
