"""The cloak on this machine, in a child process that gets one job at a time.

torch never enters this process: what is missing is found by looking, not by importing.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from postguard.cloak import catalogue, configs
from postguard.cloak.architectures import (
    OWN,
    SURROGATE,
    UnknownWeights,
    encoder_name,
    identify,
    weight_files,
)
from postguard.cloak.child import (
    GRACE_SECONDS,
    MEASURE_SECONDS,
    ChildEngine,
    OutOfReach,
    read,
    record,
    resolved,
)
from postguard.cloak.job import Job, Measurement, Message, Order
from postguard.errors import StepFailed
from postguard.language import _
from postguard.model import Json
from postguard.system import extras

log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0  # the child leaves after this long without a job, and frees its memory
_MOST_THRIFT = 2  # see `cloaking.ROOMS`
_NONE = OWN.with_suffix("")  # a folder that is not there: it has no encoders


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
        return record(answer)

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
        return record(answer)

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
