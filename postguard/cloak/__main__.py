"""The child: `python -m postguard.cloak` reads jobs from stdin, answers on stdout (cloak.job).

It stays warm for its next job, and ends when none came for a while or when its parent is gone.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from postguard.cloak import catalogue
from postguard.cloak.architectures import SURROGATE, UnknownWeights, weight_files
from postguard.cloak.attack import TooSlow
from postguard.cloak.cloaking import ALONE_STEPS, GPU_ROOMS, ROOMS, STEPS, Studio, cloak
from postguard.cloak.device import Device, best_device, cpu, out_of_memory
from postguard.cloak.diffusion.folders import find
from postguard.cloak.encoders import Encoder, ensemble, surrogate
from postguard.cloak.job import Job, Measurement, Message, Order
from postguard.cloak.measuring import compare, opened
from postguard.errors import PostguardError
from postguard.language import _, marked
from postguard.system import files, wire
from postguard.system.pipes import send, take_stdout

if TYPE_CHECKING:
    from postguard.cloak.diffusion.pipeline import Pipeline

log = logging.getLogger("postguard.cloak")
_MEMORY = marked("memory ran out; close other programs, or put a downscale step before the cloak")


def main() -> None:
    """Do jobs until none comes for `--idle` seconds."""
    # Ctrl-C reaches the whole terminal; the parent ends us, and a traceback would be no answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(prog="python -m postguard.cloak")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds without a job")
    idle = parser.parse_args().idle
    answers = take_stdout()
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    shelf = _Shelf(best_device())
    while True:
        try:
            line = jobs.get(timeout=idle)
        except queue.Empty:
            # Python's own end would wait for stdin's lock, which the listener holds, and abort.
            os._exit(0)
        send(answers, Message("taken"))
        send(answers, _answer(wire.load(Order, line), shelf, answers))


class _Shelf:
    """The encoders of the last job, kept until its folder's files or its device change."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._key: object = None
        self._encoders: list[Encoder] = []
        self._pipeline: Pipeline | None = None

    def encoders(
        self, folder: Path, *, frugal: bool = False, alone: bool = False
    ) -> list[Encoder]:
        """Return the folder's encoders and our own; `frugal`: on the CPU; `alone`: our own only.

        Raises:
            UnknownWeights: a file in the folder is no encoder of ours.
        """
        device = cpu() if frugal else self._device
        paths = [] if alone else _files(folder)
        key = (device, alone, [(p, p.stat().st_mtime_ns, p.stat().st_size) for p in paths])
        if self._key != key:
            self._encoders, self._pipeline = [], None  # before the next ones take their memory
            self._encoders = [surrogate(device)] if alone else ensemble(folder, device)
            self._key = key
        return self._encoders

    def leader(self, job: Job) -> Encoder | None:
        """Return our own encoder, light as it is, for the first steps on a CPU that is to ask
        others too."""
        if self._encoders[0].device.kind != "cpu" or _own_alone(self._encoders):
            return None
        return surrogate(cpu()) if job.weights.get(SURROGATE, 1.0) > 0 else None

    def pipeline(self, job: Job) -> Pipeline | None:
        """Return Stable Diffusion where the job is to use it and it is there; on the CPU a step
        of it takes minutes, so only a job that insists gets it. Raises UnknownWeights."""
        device = self._encoders[0].device
        if job.diffusion == "never" or (job.diffusion == "auto" and device.kind == "cpu"):
            return None
        if self._pipeline is None and (found := find(job.models)):
            self._pipeline = usable(found, device, insists=job.diffusion == "always")
        draws = self._pipeline is not None and self._pipeline.prompts is not None
        needed = job.diffusion == "always" or job.modes == ("immunise",)
        return self._pipeline if draws or needed else None


def usable(folder: Path, device: Device, *, insists: bool) -> Pipeline | None:
    """Load Stable Diffusion; one that cannot be used is done without, where nobody insists on it.

    Raises:
        UnknownWeights: it cannot be used, and the recipe insists.
    """
    from postguard.cloak.diffusion.pipeline import load  # diffusers takes 5 s

    try:
        return load(folder, device)
    except UnknownWeights as exc:
        if insists:
            raise
        log.warning("Stable Diffusion is not used: %s", exc)
        return None


def _files(folder: Path) -> list[Path]:
    """Return all that decides which encoders there are."""
    published = (p for f in catalogue.in_use(folder) for p in f.iterdir() if p.is_file())
    return [*weight_files(folder), *sorted(published)]


def _answer(order: Order, shelf: _Shelf, answers: BinaryIO) -> Message:
    """Do one job; whatever goes wrong in it is its answer."""

    def tell(fraction: float) -> None:
        send(answers, Message("step", fraction=round(fraction, 4)))

    try:
        record = _done(order, shelf, tell)
        wire.dump(record)  # what cannot be said must fail here, where it is an answer
        return Message("done", record=record)
    except TooSlow as exc:
        return Message("failed", reason=str(exc), why="slow")
    except PostguardError as exc:
        return Message("failed", reason=str(exc))
    except Exception as exc:  # the loop of this process: report, and be there for the next job
        if out_of_memory(exc):
            return Message("failed", reason=_(_MEMORY), why="memory")
        if isinstance(exc, OSError) and files.no_room(exc):
            return Message("failed", reason=_(files.NO_ROOM), full=True)
        log.exception("a cloak broke")
        return Message("failed", reason=_broken(exc), why="broken")


def _broken(exc: Exception) -> str:
    return _("the cloak broke on this picture ({name}: {exc}); please report it").format(
        name=type(exc).__name__, exc=exc
    )


def _done(order: Order, shelf: _Shelf, tell: Callable[[float], None]) -> dict[str, Any]:
    """Return the record of one job."""
    if order.measure is not None:
        asked = order.measure
        encoders = shelf.encoders(asked.models, frugal=asked.frugal)
        return _compared(asked, _used(encoders, asked.weights), tell)
    job = order.cloak
    assert job is not None
    frugal = job.thrift == len(ROOMS) - 1
    encoders = shelf.encoders(job.models, frugal=frugal, alone=job.alone)
    used = encoders if job.alone else _used(encoders, job.weights)
    rooms = ROOMS if used[0].device.kind == "cpu" else GPU_ROOMS
    room, pipeline = rooms[job.thrift], shelf.pipeline(job)
    steps = ALONE_STEPS if _own_alone(used) else STEPS
    leader = shelf.leader(job)
    return cloak(job, Studio(used, time.monotonic, steps, room, pipeline, leader), tell)


def _own_alone(encoders: Sequence[Encoder]) -> bool:
    return [encoder.name for encoder in encoders] == [SURROGATE]


def _compared(
    asked: Measurement, encoders: list[Encoder], tell: Callable[[float], None]
) -> dict[str, Any]:
    """Return what was measured, and where the page lies that shows it."""
    from postguard.cloak import decoding, figure  # a rendition's measurement draws none

    if asked.prompt:
        decoding.stable_diffusion(asked.models)  # said before minutes of measuring
    trial = opened(asked)
    found = compare(asked, trial, encoders, tell)
    if asked.figure is not None:
        redrawn = decoding.redrawn(asked, trial, encoders[0].device)
        seen = list(decoding.seen(asked, trial, encoders))
        found["figure"] = figure.draw(asked.figure, trial, found, seen, redrawn)
    return found


def _used(encoders: list[Encoder], weights: Mapping[str, float]) -> list[Encoder]:
    """Return the encoders that count. Raises UnknownWeights where the names are no encoders."""
    names = {SURROGATE, *(encoder.name for encoder in encoders)}
    used = [encoder for encoder in encoders if weights.get(encoder.name, 1.0) > 0]
    if not used or not weights.keys() <= names:
        known = ", ".join(sorted(names))
        raise UnknownWeights(
            _(
                "models.weights in the config must name encoders of {known}, and leave one above 0"
            ).format(known=known)
        )
    return used


def _listen(jobs: queue.SimpleQueue[bytes]) -> None:
    """Take lines as they come; at their end the parent is gone, so nobody wants the result."""
    for line in sys.stdin.buffer:
        jobs.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
