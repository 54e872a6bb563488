"""Whoever protects an archive: processes on this machine, or the machines of the cluster."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from postguard.app.elsewhere import cluster_of
from postguard.app.installation import Installation
from postguard.cluster.workshop import ClusterWorkshop
from postguard.model import Progress, ProtectOrder, Rendition
from postguard.ports import Clock
from postguard.protect.workshop import ChildWorkshop

_PATIENCE = 600.0  # seconds without any worker until an archive stops


class LocalHands:
    """Some processes on this machine; whoever asks waits for a free one."""

    def __init__(self, clock: Clock, max_megapixels: float, workers: int) -> None:
        self._all = [ChildWorkshop(clock, max_megapixels) for _ in range(workers)]
        self._free: queue.SimpleQueue[ChildWorkshop] = queue.SimpleQueue()
        for workshop in self._all:
            self._free.put(workshop)

    def __enter__(self) -> LocalHands:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for workshop in self._all:
            workshop.close()

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        """Run the recipe in the next free process. Raises Held, Retryable."""
        workshop = self._free.get()
        try:
            return workshop.protect(order, on_progress)
        finally:
            self._free.put(workshop)


@contextmanager
def hands_of(
    installation: Installation, engine: str, workers: int
) -> Iterator[LocalHands | ClusterWorkshop]:
    """Yield whoever protects: `local` or `cluster`. Raises Unusable: there is no cluster."""
    if engine == "local":
        most = installation.settings.intake.max_megapixels
        with LocalHands(installation.clock, most, workers) as local:
            yield local
        return
    year = installation.clock.now().astimezone(installation.settings.timezone).year
    with ClusterWorkshop(cluster_of(installation.settings), _PATIENCE, year) as elsewhere:
        yield elsewhere
