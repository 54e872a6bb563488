"""The parent's side of the cloak: keeps a child process warm and gives it one job at a time.

torch never enters this process: what is missing is found by looking, not by importing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import queue
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from postguard.cloak import catalogue, configs
from postguard.cloak.architectures import (
    OWN,
    SURROGATE,
    UnknownWeights,
    encoder_name,
    identify,
    weight_files,
)
from postguard.cloak.job import Job, Measurement, Message, Order, Why
from postguard.errors import Retryable, StepFailed
from postguard.language import _
from postguard.model import Json
from postguard.system import extras, wire
from postguard.system.secrets import environment_without

log = logging.getLogger(__name__)


IDLE_SECONDS = 60.0  # the child leaves after this long without a job, and frees its memory
GRACE_SECONDS = 180.0  # imports, weights and the last measurement, on top of a job's own limit
# Threads that spin while they wait fight with whatever else the artist runs: on two busy cores a
# step took 1.7 s so, and 0.3 s with threads that sleep.
# And it works offline, whatever it loads: models come by `postguard models fetch` alone.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "HF_HUB_OFFLINE": "1",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # what Apple's GPU cannot do, the CPU does
}
_MOST_THRIFT = 2  # see `cloaking.ROOMS`
MEASURE_SECONDS = 1800.0  # a large picture on a slow CPU
_KILLED = {-9, 137}
_NONE = OWN.with_suffix("")  # a folder that is not there: it has no encoders
_Asked = TypeVar("_Asked")


class OutOfReach(StepFailed):
    """This machine cannot do it, or not now; something lighter it might.

    Args:
        why: in a word, which a record may hold.
        reason: the same in words.
    """

    def __init__(self, why: Why, reason: str) -> None:
        super().__init__("cloak", reason)
        self.why = why


class ChildEngine(ABC):
    """The parent of one child process, kept warm; it may be used from one thread at a time."""

    def __init__(self, grace: float) -> None:
        """`grace`: seconds that a job may take beyond its own limit before the child is killed."""
        self._grace = grace
        self._child: _Child | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts the child."""

    def close(self) -> None:
        """End the child, if there is one; the engine may be used again afterwards."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def done(
        self, order: Order, seconds: float, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Have one job done. Raises OutOfReach, StepFailed, Retryable: see `LocalEngine.cloak`."""
        return _record(self.answer(order, seconds, on_step))

    def answer(self, order: Order, seconds: float, on_step: Callable[[float], None]) -> Message:
        """Return the child's last word, `done` or `failed`."""
        deadline = time.monotonic() + seconds + self._grace
        try:
            child = self._hand_over(order, deadline)
            while (message := child.hear(deadline)).kind == "step":
                on_step(message.fraction)
        except _Died as death:
            self.close()
            return Message("failed", reason=death.reason, why=death.why)
        except BaseException:  # also what `on_step` raised: the child must not work on
            self.close()
            raise
        return message

    def _hand_over(self, order: Order, deadline: float) -> _Child:
        """Give the job to the warm child, or to a fresh one where it has just left."""
        if self._child is not None:
            if self._child.take(order, deadline):
                return self._child
            self.close()
        self._child = _Child(self.command())
        if not self._child.take(order, deadline):
            raise self._child.death()
        return self._child


class LocalEngine(ChildEngine):
    """A CloakEngine on this machine.

    Args:
        models_dir: folder with encoders besides our own, where there is one.
        idle: seconds without a job after which the child ends itself.
        grace: seconds that a job may take beyond its own time limit before the child is killed.
    """

    def __init__(
        self,
        models_dir: Path | None = None,
        *,
        idle: float = IDLE_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        super().__init__(grace)
        self._models = models_dir or _NONE
        self._idle = idle

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
        return _strange_models(self._models) if has_torch() else _no_torch()

    def others(self) -> list[str]:
        """Return the names of the encoders besides our own, without loading them; a file that
        cannot be read is none."""
        found = [encoder_name(path) for path in weight_files(self._models) if _is_encoder(path)]
        found += [catalogue.label(folder) for folder in catalogue.in_use(self._models)]
        return [name for name in found if name != SURROGATE]

    def cloak(
        self, job: Mapping[str, Json], source: Path, target: Path, on_step: Callable[[float], None]
    ) -> Mapping[str, Json]:
        """Cloak the picture `source` into the TIFF or PNG `target`; return what was done.

        Where memory runs out it is done again in less of it, and the record says so.

        Args:
            job: the fields of `cloak.job.Job` but the paths of models and pictures.

        Raises:
            OutOfReach: something is missing, memory or time did not do, or the child died or hung;
                the next job starts a fresh child.
            StepFailed: what was asked for cannot be done.
        """
        models = self._folder()
        answer = Message("failed")
        for thrift in range(_MOST_THRIFT + 1):
            paths = resolved({"source": source, "target": target, "models": models})
            order = read(Job, {**job, **paths, "thrift": thrift})
            answer = self.answer(Order(cloak=order), order.time_limit, on_step)
            if answer.why != "memory":
                break
            log.warning("memory ran out while cloaking; doing it again in less")
            self.close()  # a process keeps much of what it has freed; a fresh one has it all
        return _record(answer)

    def measure(
        self,
        asked: Mapping[str, Json],
        before: Path,
        after: Path,
        on_step: Callable[[float], None],
    ) -> Mapping[str, Json]:
        """Compare a picture without the cloak with the cloaked one, of the same size.

        Args:
            asked: the fields of `cloak.job.Measurement` but the paths of models and pictures.

        Raises:
            OutOfReach: as `cloak` does.
            StepFailed: the files cannot be compared.
        """
        paths = resolved({"before": before, "after": after, "models": self._folder()})
        answer = Message("failed")
        for frugal in (False, True):
            order = Order(measure=read(Measurement, {**asked, **paths, "frugal": frugal}))
            answer = self.answer(order, MEASURE_SECONDS, on_step)
            if answer.why != "memory":
                break
            log.warning("memory ran out while measuring; doing it again on the CPU")
            self.close()
        return _record(answer)

    def command(self) -> list[str]:
        """Return what starts the child."""
        return [sys.executable, "-P", "-m", "postguard.cloak", "--idle", str(self._idle)]

    def _folder(self) -> Path:
        """Return the folder of the models. Raises OutOfReach or StepFailed."""
        if not has_torch():
            raise OutOfReach("torch", _no_torch())
        if (problem := self.available()) is not None:
            raise StepFailed("cloak", problem)
        return self._models


class _Died(Exception):  # noqa: N818  # it says what happened to the child
    """The child ended in the middle of a job: for its memory, where the kernel killed it."""

    def __init__(self, reason: str, why: Why) -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why


class _Child:
    """The process, and a thread that turns its lines into a queue that can be waited on."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment_without() | _ENVIRONMENT,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="cloak-child", daemon=True)
        self._reader.start()

    def take(self, order: Order, deadline: float) -> bool:
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
        """Return the next message. Raises _Died, and OutOfReach when it is out of time."""
        line = self._next(deadline)
        if line is None:
            raise self.death()
        return wire.load(Message, line)

    def death(self) -> _Died:
        """Return the child's end in words."""
        code = self._process.wait()
        if code in _KILLED:
            return _Died(
                _(
                    "the cloaking process was killed, most likely because memory ran out; close "
                    "other programs or put a downscale step before the cloak, then retry"
                ),
                "memory",
            )
        return _Died(
            _(
                "the cloaking process ended unexpectedly (code {code}); the log holds what it "
                "said. Retry; if it happens again, please report it"
            ).format(code=code),
            "ended",
        )

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
            raise OutOfReach(
                "late",
                _(
                    "the cloaking process did not finish in time and was stopped; put a "
                    "downscale step before the cloak, or raise the cloak's time_limit"
                ),
            ) from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._process.wait()  # an idle child that left must not stay as a zombie
        self._lines.put(None)


def _record(answer: Message) -> Mapping[str, Json]:
    """Return what was done. Raises OutOfReach or StepFailed where nothing was, Retryable on a full
    disk."""
    if answer.full:
        raise Retryable(answer.reason)
    if answer.why is not None:
        raise OutOfReach(answer.why, answer.reason)
    if answer.kind == "failed":
        raise StepFailed("cloak", answer.reason)
    return answer.record


def resolved(paths: Mapping[str, Path]) -> dict[str, Json]:
    """Return paths as the child can use them, wherever it stands."""
    return {name: str(path.resolve()) for name, path in paths.items()}


def read(kind: type[_Asked], fields: Mapping[str, Json]) -> _Asked:
    """Return the whole job. Raises StepFailed when a field is missing or has the wrong type."""
    try:
        return wire.load(kind, wire.dump(fields))
    except ValueError as exc:
        raise StepFailed(
            "cloak", _("this recipe asks for something unknown: {exc}").format(exc=exc)
        ) from exc


def has_torch() -> bool:
    """Return whether PyTorch is installed, without loading it."""
    return importlib.util.find_spec("torch") is not None


def _no_torch() -> str:
    return _(
        "the optimised cloak needs PyTorch, which is not installed; install it with: {command}"
    ).format(command=extras.install("cloak"))


def _is_encoder(path: Path) -> bool:
    try:
        return identify(path).encoder
    except UnknownWeights:
        return False


def _strange_models(folder: Path) -> str | None:
    """Return which file of a folder is no model that postguard knows, in words; None: all are."""
    try:
        for path in weight_files(folder):
            identify(path)
        for other in catalogue.in_use(folder):
            configs.read(other)
    except UnknownWeights as exc:
        return _("{exc}; remove it from its folder").format(exc=exc)
    return None
