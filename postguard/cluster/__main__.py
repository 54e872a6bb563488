"""The client: `python -m postguard.cluster` takes jobs on stdin, has them done elsewhere.

A process of its own, without any account's secret: whoever holds a certificate of the cluster can
run code in it. The end of stdin ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from postguard.cluster import joining, parcel, work
from postguard.cluster.crew import AbsentError, Crew
from postguard.cluster.talk import Answer, Order
from postguard.errors import PostguardError, Retryable
from postguard.language import _
from postguard.model import Progress, Rendition
from postguard.protect.child import Failure, failure
from postguard.system import files, wire
from postguard.system.pipes import send, take_stdout

log = logging.getLogger("postguard.cluster")

_LONGEST = 1 << 26  # bytes of an order


def main() -> None:
    """Do the jobs of stdin until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the terminal; the parent ends us
    parser = argparse.ArgumentParser(prog="python -m postguard.cluster")
    parser.add_argument("--scheduler", required=True)
    parser.add_argument("--keys", type=Path, required=True, help="folder of this machine")
    parser.add_argument("--patience", type=float, required=True, help="seconds without a worker")
    parser.add_argument("--wake", nargs="*", default=[], help="hardware addresses")
    given = parser.parse_args()
    answers = take_stdout()
    joining.configure()
    crew = Crew(given.scheduler, joining.security(given.keys), given.patience, given.wake)
    asyncio.run(_serve(crew, answers))


async def _serve(crew: Crew, answers: BinaryIO) -> None:
    jobs, orders = set(), asyncio.StreamReader(_LONGEST)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin.buffer
    )
    while line := await orders.readline():
        job = asyncio.create_task(_answer(wire.load(Order, line), crew, answers))
        jobs.add(job)
        job.add_done_callback(jobs.discard)
    await crew.close()


async def _answer(order: Order, crew: Crew, answers: BinaryIO) -> None:
    """Have one job done; whatever goes wrong in it is its answer."""
    send(answers, Answer(order.id, "taken"))
    try:
        answer = await _DOING[_kind(order)](order, crew, _telling(order.id, answers))
    except AbsentError as exc:
        wrong = Failure("Retryable", str(exc))  # as the parent knows it
        answer = Answer(order.id, "failed", reason=str(exc), failure=wrong, why="absent")
    except Retryable as exc:  # machine after machine was lost
        answer = Answer(order.id, "failed", reason=str(exc), failure=failure(exc), why="absent")
    except PostguardError as exc:
        answer = Answer(order.id, "failed", reason=str(exc), failure=failure(exc))
    except OSError as exc:  # a file of this machine could not be read or written
        answer = _unwritten(order, exc)
    except Exception as exc:  # the loop of this process: report, and be there for the others
        log.exception("a job broke")
        said = _("the cluster broke on this picture ({name}: {exc}); please report it").format(
            name=type(exc).__name__, exc=exc
        )
        answer = Answer(order.id, "failed", reason=said, failure=Failure("Retryable", said))
    send(answers, answer)


async def _cloak(order: Order, crew: Crew, tell: Callable[[Any], None]) -> Answer:
    assert order.cloak is not None
    done = await crew.do(parcel.of_cloak(order.cloak), tell)
    if (wrong := _failure(order, done)) is not None:
        return wrong
    parcel.take_cloak(done["files"], order.cloak)
    return Answer(order.id, "done", record=done["record"])


async def _measure(order: Order, crew: Crew, tell: Callable[[Any], None]) -> Answer:
    assert order.measure is not None
    done = await crew.do(parcel.of_measurement(order.measure), tell)
    if (wrong := _failure(order, done)) is not None:
        return wrong
    parcel.take_measurement(done["files"], order.measure)
    return Answer(order.id, "done", record=done["record"])


async def _protect(order: Order, crew: Crew, tell: Callable[[Any], None]) -> Answer:
    assert order.protect is not None
    done = await crew.do(parcel.of_order(order.protect, order.year), tell)
    if (wrong := _failure(order, done)) is not None:
        return wrong
    made = wire.load(tuple[Rendition, ...], json.dumps(done["renditions"]))
    renditions = parcel.take_renditions(done["files"], made, order.protect)
    return Answer(order.id, "done", renditions=renditions)


def _unwritten(order: Order, exc: OSError) -> Answer:
    """A full disk is waited for; anything else is about this picture alone."""
    if files.no_room(exc):
        said = _(files.NO_ROOM)
        wrong = Failure("Retryable", said)
        return Answer(order.id, "failed", reason=said, failure=wrong, why="absent")
    return Answer(order.id, "failed", reason=str(exc), failure=Failure("BadPicture", str(exc)))


_DOING = {"cloak": _cloak, "measure": _measure, "protect": _protect}


def _kind(order: Order) -> str:
    return next(kind for kind in _DOING if getattr(order, kind) is not None)


def _failure(order: Order, done: work.Done) -> Answer | None:
    """Return what went wrong there, if anything did."""
    if "failure" not in done:
        return None
    wrong = wire.load(Failure, json.dumps(done["failure"]))
    why = done.get("why", "absent" if wrong.kind == "Retryable" else None)  # its disk is full
    said = wrong.reason or wrong.message
    return Answer(order.id, "failed", reason=said, failure=wrong, why=why)


def _telling(number: int, answers: BinaryIO) -> Callable[[Any], None]:
    def tell(said: Any) -> None:  # noqa: ANN401  # JSON of a fraction or of a Progress
        if isinstance(said, float | int):
            send(answers, Answer(number, "step", fraction=float(said)))
        else:
            send(answers, Answer(number, "step", progress=wire.load(Progress, json.dumps(said))))

    return tell


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    main()
