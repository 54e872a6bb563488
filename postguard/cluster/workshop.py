"""The parent's side: hands whole pictures to the client's process, many at a time.

Dask never enters this process, and no secret of an account enters that one.
"""

from __future__ import annotations

import itertools
import queue
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from postguard.cloak.elsewhere import client
from postguard.cluster.talk import Answer, Order
from postguard.errors import Retryable
from postguard.language import _
from postguard.model import Elsewhere, Progress, ProtectOrder, Rendition
from postguard.protect.child import raise_again
from postguard.system import wire
from postguard.system.secrets import environment_without


class ClusterWorkshop:
    """Protects pictures on the machines of a cluster; any number of threads may share it."""

    def __init__(self, place: Elsewhere, patience: float, year: int) -> None:
        """`patience`: seconds without any machine after which a picture is given back; `year`: of
        posting, for marks and tags."""
        self._year = year
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[Answer | None]] = {}
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            client(place, patience),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment_without(),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._hear, name="cluster-client", daemon=True)
        self._reader.start()

    def __enter__(self) -> ClusterWorkshop:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def protect(
        self, order: ProtectOrder, on_progress: Callable[[Progress], None]
    ) -> tuple[Rendition, ...]:
        """Run the recipe elsewhere; one rendition for each artwork and each limits, here.

        Raises:
            Held: see `pipeline.run`.
            Unusable: this machine is no part of the cluster, or the recipe signs.
            Retryable: nobody was there for it, or the client's process has ended.
        """
        number, heard = next(self._numbers), queue.SimpleQueue[Answer | None]()
        self._say(Order(number, protect=order, year=self._year), heard)
        try:
            while (answer := heard.get()) is not None and answer.kind in {"taken", "step"}:
                if answer.progress is not None:
                    on_progress(answer.progress)
        finally:
            self._waiting.pop(number, None)
        if answer is None:
            raise Retryable(_("the process that talks to the cluster has ended; see the log"))
        if answer.failure is not None:
            raise_again(answer.failure)
        return answer.renditions

    def close(self) -> None:
        """End the client's process; whoever waits for it is told."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _say(self, order: Order, heard: queue.SimpleQueue[Answer | None]) -> None:
        assert self._process.stdin is not None
        with self._turn:
            if self._process.poll() is not None:
                heard.put(None)
                return
            self._waiting[order.id] = heard
            with suppress(BrokenPipeError):  # the reader tells everyone
                self._process.stdin.write(wire.dump(order).encode() + b"\n")
                self._process.stdin.flush()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = wire.load(Answer, line)
            if (heard := self._waiting.get(answer.id)) is not None:
                heard.put(answer)
        with self._turn:  # nobody can begin to wait meanwhile
            self._process.wait()
            for heard in list(self._waiting.values()):
                heard.put(None)
