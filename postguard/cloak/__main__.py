"""The child: `python -m postguard.cloak` reads jobs from stdin, answers on stdout (cloak.job).

It stays warm for its next job, and ends when none came for a while or when its parent is gone.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

import torch

from postguard.cloak.architectures import UnknownWeights, weight_files
from postguard.cloak.cloaking import Studio, cloak
from postguard.cloak.device import Device, best_device
from postguard.cloak.encoders import Encoder, load_encoders
from postguard.cloak.job import Job, Message
from postguard.errors import PostguardError
from postguard.system import wire
from postguard.system.pipes import send, take_stdout

log = logging.getLogger("postguard.cloak")
_MEMORY = "memory ran out; close other programs, or put a downscale step before the cloak"


def main() -> None:
    """Do jobs until none comes for `--idle` seconds."""
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
            return
        send(answers, Message("taken"))
        send(answers, _answer(wire.load(Job, line), shelf, answers))


class _Shelf:
    """The encoders of the last job's folder, kept until its files change."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._key: object = None
        self._encoders: list[Encoder] = []

    def encoders(self, folder: Path) -> list[Encoder]:
        """Return the folder's encoders. Raises UnknownWeights."""
        files = [(p, p.stat().st_mtime_ns, p.stat().st_size) for p in weight_files(folder)]
        if self._key != (folder, files):
            self._encoders = load_encoders(folder, self._device)
            self._key = (folder, files)
        return self._encoders


def _answer(job: Job, shelf: _Shelf, answers: BinaryIO) -> Message:
    """Do one job; whatever goes wrong in it is its answer."""

    def tell(fraction: float) -> None:
        send(answers, Message("step", fraction=round(fraction, 4)))

    try:
        studio = Studio(shelf.encoders(job.models), time.monotonic)
        return Message("done", record=cloak(job, studio, tell))
    except (PostguardError, UnknownWeights) as exc:
        return Message("failed", reason=str(exc))
    except Exception as exc:  # the loop of this process: report, and be there for the next job
        if _out_of_memory(exc):
            return Message("failed", reason=_MEMORY)
        log.exception("a cloak broke")
        reason = f"the cloak broke on this picture ({type(exc).__name__}: {exc})"
        return Message("failed", reason=f"{reason}; please report it")


def _out_of_memory(exc: Exception) -> bool:
    """Return whether this is Python's, a GPU's or (a bare RuntimeError) torch's CPU allocator."""
    bare = isinstance(exc, RuntimeError) and "allocate memory" in str(exc)
    return bare or isinstance(exc, (MemoryError, torch.OutOfMemoryError))


def _listen(jobs: queue.SimpleQueue[bytes]) -> None:
    """Take lines as they come; at their end the parent is gone, so nobody wants the result."""
    for line in sys.stdin.buffer:
        jobs.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
