"""The child process behind `protect.workshop.ChildWorkshop`: jobs on stdin, answers on stdout.

`python -m postguard.worker` does one job after another until stdin ends. Pictures, numpy and (as a
process of its own) torch live and die here, never in the daemon.
"""

from __future__ import annotations

import functools
import logging
import os
import queue
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from postguard import imaging
from postguard.errors import PostguardError, StepFailed
from postguard.language import _
from postguard.model import Elsewhere, Progress, ProtectOrder, Rendition
from postguard.ports import CloakEngine
from postguard.protect import pipeline
from postguard.protect.child import Answer, Job, failure
from postguard.protect.workshop import wants_cloak
from postguard.system import wire
from postguard.system.pipes import send, take_stdout

if TYPE_CHECKING:
    from postguard.cloak.elsewhere import FarEngine
    from postguard.cloak.ladder import Ladder

log = logging.getLogger(__name__)


def main() -> NoReturn:
    """Do the jobs of stdin; the end of stdin ends the process."""
    answers = take_stdout()
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while True:
        send(answers, _answer(wire.load(Job, jobs.get()), answers))


def engine_for(order: ProtectOrder) -> CloakEngine:
    """Return the cloak of this PC or, where the order says so, of another."""
    if order.elsewhere is None:
        return engine(order.models_dir)
    from postguard.cloak.elsewhere import Away

    far = _far(replace(order.elsewhere, waits=False, last=False))
    return Away(order.elsewhere, far, engine(order.models_dir))


@functools.cache
def _far(place: Elsewhere) -> FarEngine:
    """Return the way to a cluster; its client is a process of its own, kept as long as this."""
    from postguard.cloak.elsewhere import FarEngine

    return FarEngine(place)


class _Own(threading.local):
    """What each thread has for itself, for as long as it lives."""

    def __init__(self) -> None:
        self.engines: dict[Path | None, Ladder] = {}


_own = _Own()


def engine(models_dir: Path | None) -> Ladder:
    """Return the cloak of this PC, another for each thread: its torch runs in a process of its
    own, which does one thing at a time and stays warm for a while."""
    if models_dir not in _own.engines:
        _own.engines[models_dir] = _engine(models_dir)
    return _own.engines[models_dir]


def _engine(models_dir: Path | None) -> Ladder:
    from postguard.cloak import unaided
    from postguard.cloak.instant.engine import InstantEngine
    from postguard.cloak.ladder import Ladder
    from postguard.cloak.runner import LocalEngine

    return Ladder(LocalEngine(models_dir), InstantEngine(unaided.measure))


def _answer(job: Job, answers: BinaryIO) -> Answer:
    """Do one job; whatever goes wrong in it is its answer."""
    try:
        if job.inspect is not None:
            return Answer(inspection=imaging.inspect(job.inspect, job.max_megapixels))
        assert job.protect is not None
        return Answer(renditions=_protect(job.protect, job.year, answers))
    except PostguardError as exc:
        return Answer(failure=failure(exc))
    except Exception as exc:  # the loop of this process: report, and be there for the next job
        log.exception("a job broke")
        reason = _("postguard itself broke on this picture ({name}: {exc})").format(
            name=type(exc).__name__, exc=exc
        )
        return Answer(
            failure=failure(
                StepFailed("protect", _("{reason}; please report it").format(reason=reason))
            )
        )


def _protect(order: ProtectOrder, year: int, answers: BinaryIO) -> tuple[Rendition, ...]:
    def tell(progress: Progress) -> None:
        send(answers, Answer(progress=progress))

    cloak = engine_for(order) if wants_cloak(order) else None
    return pipeline.run(order, cloak, year, tell)


def _listen(jobs: queue.SimpleQueue[bytes]) -> None:
    """Queue what comes in. At the end of stdin the parent is gone: nobody waits for an answer, so
    this process ends at once, with everything that it has started."""
    for line in sys.stdin.buffer:
        jobs.put(line)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    main()
