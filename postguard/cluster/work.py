"""What a worker does for one parcel: the one function that the cluster calls.

Only bytes go in and come out, of plain dicts and files. Whatever goes wrong with the picture is an
answer; an exception would be pickled, and tried again on another machine.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed import get_worker

from postguard import worker
from postguard.cloak.child import OutOfReach
from postguard.cluster import parcel
from postguard.cluster.parcel import Parcel
from postguard.errors import PostguardError, StepFailed
from postguard.language import _
from postguard.model import Json
from postguard.protect import pipeline
from postguard.protect.child import failure
from postguard.protect.workshop import wants_cloak
from postguard.system import paths, wire

TOPIC = "postguard"  # under which workers tell how far they are
_TELL_EVERY = 0.5  # seconds

Done = dict[str, Any]
Tell = Callable[[object], None]

log = logging.getLogger(__name__)


def do(asked: bytes, name: str) -> bytes:
    """Do what a packed parcel asks for.

    Packed, for the library looks into every value of a dict on its way, and measures it.

    Args:
        name: under which progress is told.

    Returns:
        Packed: `record` or `renditions` (JSON) and `files`; or `failure`, as `protect.child` knows
        it.
    """
    return wire.pack(_done(wire.unpack(asked), name))


def _done(asked: Parcel, name: str) -> Done:
    tell = _telling(name)
    with tempfile.TemporaryDirectory(prefix="postguard-") as folder:
        try:
            return DOING[asked["kind"]](asked, Path(folder), tell)
        except OutOfReach as exc:
            return {"failure": _plain(failure(exc)), "why": exc.why}
        except PostguardError as exc:
            return {"failure": _plain(failure(exc))}
        except Exception as exc:  # the loop of this machine: the other end hears of it in words
            log.exception("a job broke")
            said = _("the machine that worked on it failed ({name}: {exc})").format(
                name=type(exc).__name__, exc=exc
            )
            return {"failure": _plain(failure(StepFailed("cloak", said)))}


def models_here() -> Path:
    """Return the folder of this machine's encoders, as elsewhere in postguard."""
    return Path(os.environ.get("POSTGUARD_MODELS") or paths.home().models)


def _cloak(asked: Parcel, folder: Path, tell: Tell) -> Done:
    job = parcel.cloak_in(asked, folder, models_here())
    fields = _without(job, "source", "target", "models", "thrift")
    record = worker.engine(job.models).cloak(fields, job.source, job.target, tell)
    return {"record": dict(record), "files": parcel.made_in(folder)}


def _measure(asked: Parcel, folder: Path, tell: Tell) -> Done:
    job = parcel.measurement_in(asked, folder, models_here())
    fields = _without(job, "before", "after", "models", "frugal")
    record = worker.engine(job.models).measure(fields, job.before, job.after, tell)
    return {"record": dict(record), "files": parcel.made_in(folder)}


def _protect(asked: Parcel, folder: Path, tell: Tell) -> Done:
    order = parcel.order_in(asked, folder, models_here())
    engine = worker.engine(order.models_dir) if wants_cloak(order) else None
    made = pipeline.run(order, engine, asked["year"], tell)
    return {"renditions": _plain(made), "files": parcel.made_in(folder)}


DOING: dict[str, Callable[[Parcel, Path, Tell], Done]] = {
    "cloak": _cloak,
    "measure": _measure,
    "protect": _protect,
}


def _telling(name: str) -> Tell:
    """Return what tells how far a job is, to whoever waits for it; now and then is enough, and a
    small picture is done before there is anything to tell."""
    here = get_worker()
    told = time.monotonic()

    def tell(progress: object) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _TELL_EVERY:
            told = now
            here.log_event(TOPIC, {"job": name, "progress": _plain(progress)})

    return tell


def _without(job: object, *engines: str) -> dict[str, Json]:
    """Return a job's fields but those that the engine fills in by itself."""
    return {name: value for name, value in _plain(job).items() if name not in engines}


def _plain(value: object) -> Any:  # noqa: ANN401  # JSON, as the other end reads it
    return json.loads(wire.dump(value))
