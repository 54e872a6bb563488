"""One child process that does jobs, kept warm; and what its end means for the job it had.

Whoever asks for jobs says what starts it: the cloak's own child on this machine, or the process
that talks to other machines. Neither is given a secret.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from postguard.cloak.job import Message, Order, Why
from postguard.errors import Retryable, StepFailed
from postguard.language import _
from postguard.model import Json
from postguard.system import wire
from postguard.system.secrets import environment_without

GRACE_SECONDS = 180.0  # imports, weights and the last measurement, on top of a job's own limit
MEASURE_SECONDS = 1800.0  # a large picture on a slow CPU
# Threads that spin while they wait fight with whatever else the artist runs: on two busy cores a
# step took 1.7 s so, and 0.3 s with threads that sleep.
# Memory that glibc gives back after each operation comes anew in pages that the kernel must clear
# first: it keeps what it has, until it ends. Elsewhere nobody reads these two.
# And it works offline, whatever it loads: models come by `postguard models fetch` alone.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_MAX_": "0",  # and no large threshold, which an older glibc does not take
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "HF_HUB_OFFLINE": "1",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # what Apple's GPU cannot do, the CPU does
}
_KILLED = {-9, 137}
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
        return record(self.answer(order, seconds, on_step))

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


def record(answer: Message) -> Mapping[str, Json]:
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
