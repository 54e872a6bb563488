"""The parent's side of the cloak: keeps a child process warm and gives it one job at a time.

torch never enters this process: what is missing is found by looking, not by importing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from postguard.cloak.architectures import UnknownWeights, identify, weight_files
from postguard.cloak.job import Job, Message
from postguard.errors import StepFailed
from postguard.model import Json
from postguard.system import wire

IDLE_SECONDS = 60.0  # the child leaves after this long without a job, and frees its memory
GRACE_SECONDS = 180.0  # imports, weights and the last measurement, on top of a job's own limit
# Threads that spin while they wait fight with whatever else the artist runs: on two busy cores a
# step took 1.7 s so, and 0.3 s with threads that sleep.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
_RESERVED = ("source", "target", "models")


class LocalEngine:
    """A CloakEngine on this machine; it may be used from one thread at a time.

    Args:
        models_dir: folder with the encoders; None: none is set.
        idle: seconds without a job after which the child ends itself.
        grace: seconds that a job may take beyond its own time limit before the child is killed.
    """

    def __init__(
        self,
        models_dir: Path | None,
        *,
        idle: float = IDLE_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._models = models_dir
        self._idle = idle
        self._grace = grace
        self._child: _Child | None = None

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def available(self) -> str | None:
        """Return None when it can run, else what is missing and how to get it. Takes no time."""
        if importlib.util.find_spec("torch") is None:
            return (
                "the cloak needs PyTorch, which is not installed; "
                "install it with: pip install 'postguard[cloak]'"
            )
        return _missing_models(self._models)

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Cloak the PNG `source` into the PNG `target`; return what was measured.

        Args:
            job: the fields of `cloak.job.Job` but the paths.

        Raises:
            StepFailed: something is missing, the job failed, or the child died or hung; the next
                job starts a fresh child.
        """
        if (missing := self.available()) is not None:
            raise StepFailed("cloak", missing)
        assert self._models is not None
        order = _order(job, source, target, self._models)
        try:
            answer = self._run(order, on_step)
        except BaseException:  # also what `on_step` raised: the child must not work on
            self.close()
            raise
        if answer.kind == "failed":
            raise StepFailed("cloak", answer.reason)
        return answer.record

    def close(self) -> None:
        """End the child, if there is one; the engine may be used again afterwards."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _run(self, order: Job, on_step: Callable[[float], None]) -> Message:
        """Return the child's last word, `done` or `failed`."""
        deadline = time.monotonic() + order.time_limit + self._grace
        child = self._hand_over(order, deadline)
        while (message := child.hear(deadline)).kind == "step":
            on_step(message.fraction)
        return message

    def _hand_over(self, order: Job, deadline: float) -> _Child:
        """Give the job to the warm child, or to a fresh one where it has just left."""
        if self._child is not None:
            if self._child.take(order, deadline):
                return self._child
            self.close()
        self._child = _Child(self._idle)
        if not self._child.take(order, deadline):
            raise self._child.death()
        return self._child


class _Child:
    """The process, and a thread that turns its lines into a queue that can be waited on."""

    def __init__(self, idle: float) -> None:
        command = [sys.executable, "-P", "-m", "postguard.cloak", "--idle", str(idle)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_PATIENT | os.environ,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="cloak-child", daemon=True)
        self._reader.start()

    def take(self, order: Job, deadline: float) -> bool:
        """Hand the job over; False when the child had ended before it took it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(wire.dump(order) + "\n")
            self._process.stdin.flush()
        except OSError:
            return False
        line = self._next(deadline)
        return line is not None and wire.load(Message, line).kind == "taken"

    def hear(self, deadline: float) -> Message:
        """Return the next message. Raises StepFailed when the child died or is out of time."""
        line = self._next(deadline)
        if line is None:
            raise self.death()
        return wire.load(Message, line)

    def death(self) -> StepFailed:
        """Return the child's end in words."""
        code = self._process.wait()
        if code in {-9, 137}:
            reason = (
                "the cloaking process was killed, most likely because memory ran out; "
                "close other programs or put a downscale step before the cloak, then retry"
            )
        else:
            reason = (
                f"the cloaking process ended unexpectedly (code {code}); the log holds what it "
                "said. Retry; if it happens again, please report it"
            )
        return StepFailed("cloak", reason)

    def kill(self) -> None:
        """End the process at once and free its pipes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._reader.join()
        with contextlib.suppress(OSError):  # the pipe broke with a line still in its buffer
            self._process.stdin.close()
        self._process.stdout.close()

    def _next(self, deadline: float) -> str | None:
        try:
            return self._lines.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            raise StepFailed(
                "cloak",
                "the cloaking process did not finish in time and was stopped; "
                "raise time_limit, or put a downscale step before the cloak",
            ) from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._process.wait()  # an idle child that left must not stay as a zombie
        self._lines.put(None)


def _order(job: Mapping[str, Json], source: Path, target: Path, models: Path) -> Job:
    """Return the whole job. Raises StepFailed when a field is missing or has the wrong type."""
    own = {k: v for k, v in job.items() if k not in _RESERVED}
    paths = {"source": source.resolve(), "target": target.resolve(), "models": models.resolve()}
    try:
        return wire.load(Job, wire.dump(own | paths))
    except ValueError as exc:
        raise StepFailed("cloak", f"this recipe asks for something unknown: {exc}") from exc


def _missing_models(folder: Path | None) -> str | None:
    if folder is None:
        return "no folder with encoders is set; write models.dir in the config"
    what_to_do = (
        "put the encoder files (*.safetensors) there, or name another folder as models.dir in "
        "the config or in POSTGUARD_MODELS"
    )
    files = weight_files(folder)
    if not files:
        return f"there are no encoders in {folder}; {what_to_do}"
    try:
        known = [identify(path) for path in files]
    except UnknownWeights as exc:
        return f"{exc}; remove that file from {folder}"
    return None if any(a.encoder for a in known) else f"no encoder in {folder}; {what_to_do}"
