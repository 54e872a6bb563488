"""The machines that work for us, however often they come and go.

A job is done again wherever it was lost: with the machine that had it, with the scheduler, or with
the line to it. That is harmless, for the same job gives the same bytes.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, Security
from distributed.client import ClosedClientError

from postguard.cluster import version, waking, work
from postguard.cluster.joining import GPU, unreachable
from postguard.cluster.parcel import Parcel
from postguard.cluster.turns import Turns
from postguard.errors import BadPicture, PostguardError, Retryable
from postguard.language import _, marked
from postguard.system import wire

log = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between two looks whether there is anybody, for all jobs together
_RETRIES = 3  # of one task, by Dask itself; then we hand it over anew
_OVER_AGAIN = 5  # as often is a job handed over anew
_POSTS_FIRST = 10  # before the pictures of an archive that wait for the same machine
_BREAKS = marked(
    "one machine after another was lost over this picture, so it may be what breaks them; export "
    "it again or as PNG, or protect it on this machine"
)
_T = TypeVar("_T")


class AbsentError(Retryable):
    """No machine of the cluster is there to do it."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A packed parcel. `gpu`: wants one, where there is one; `post`: somebody waits for it."""

    packed: bytes
    gpu: bool
    post: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """Who was there, as one connection saw it at one time."""

    by: Client
    at: float
    found: list[dict[str, float]]


@dataclass(slots=True)
class Crew:
    """Whoever of a cluster is there.

    Attributes:
        scheduler: `tls://HOST:PORT`.
        patience: seconds without any machine after which a job is given back.
        sleepers: hardware addresses of machines that are woken when nobody is there.
    """

    scheduler: str
    keys: Security
    patience: float
    sleepers: Sequence[str] = ()
    _client: Client | None = None
    _known: bool = False  # the scheduler has answered once
    _joining: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _seen: _Look | None = None
    _turns: Turns = field(default_factory=Turns)
    _listeners: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    _names: itertools.count[int] = field(default_factory=itertools.count)

    async def do(self, parcel: Parcel, on_step: Callable[[Any], None]) -> work.Done:
        """Have a parcel's job done, and return what `work.do` returns.

        Args:
            on_step: hears how far it is, as JSON.

        Raises:
            AbsentError: nobody was there for longer than `patience`.
            BadPicture: machine after machine ended over it, and over nothing else.
            Unusable: the scheduler is no part of our cluster.
            Retryable: it was lost again and again, with the scheduler or the line to it.
        """
        kind = parcel["kind"]
        job = _Job(wire.pack(parcel), gpu=kind == "cloak", post=kind != "protect")
        del parcel  # a large picture need not be here twice
        turn = self._turns.together
        for _turn in range(_OVER_AGAIN):
            client = await self._joined()
            try:
                async with turn():
                    return await self._done(client, job, on_step)
            except _LostError as lost:
                log.info("a job is handed over anew: %s", lost)
                await self._leave(client)
            except KilledWorker as killed:
                if turn == self._turns.alone:
                    raise BadPicture(_(_BREAKS)) from killed
                turn = self._turns.alone  # all that waited beside the one at fault are suspected
        raise Retryable(_("the machines that worked on it were lost, again and again"))

    async def close(self) -> None:
        """Leave the cluster."""
        if self._client is not None:
            await self._leave(self._client)

    async def _done(self, client: Client, job: _Job, on_step: Callable[[Any], None]) -> work.Done:
        """Raises _LostError where it must be handed over anew."""
        name = f"{next(self._names)}-{uuid.uuid4().hex}"
        self._listeners[name] = on_step
        try:
            gpu = job.gpu and _any_gpu(await self._somebody(client))
            future = _handed_over(client, job, name, gpu=gpu)
            try:
                done: work.Done = wire.unpack(await self._finished(client, future, gpu=gpu))
                return done
            finally:
                future.release()  # both ends keep the pictures of a task until it is let go
        finally:
            del self._listeners[name]

    async def _finished(self, client: Client, future: Future[bytes], *, gpu: bool) -> bytes:
        """Wait for a task for as long as there is anybody who may do it.

        Raises:
            _LostError: it is to be handed over anew.
            KilledWorker: it outlived so many machines that it, or one beside it, is at fault.
        """
        waiting = asyncio.ensure_future(_result(future))
        try:
            while not (await asyncio.wait({waiting}, timeout=_LOOK))[0]:
                there = await self._somebody(client)
                if gpu and not _any_gpu(there):  # it would wait for one; the last resort is there
                    raise _LostError(_("the machines with a GPU have gone"))
        finally:
            waiting.cancel()
        if waiting.cancelled():
            raise _LostError(_("its machine or the scheduler has gone"))
        if isinstance(wrong := waiting.exception(), KilledWorker):
            raise wrong
        if wrong is not None:
            raise _LostError(str(wrong))
        return waiting.result()

    async def _somebody(self, client: Client) -> list[dict[str, float]]:
        """Return what each machine of our version has, as soon as there is one.

        Raises:
            AbsentError: patience is at its end.
            _LostError: the scheduler has gone.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience
        while not (found := await self._present(client)):
            if loop.time() >= deadline:
                raise AbsentError(
                    _(
                        "no machine of the cluster is on, or none runs this version of "
                        "postguard; start `postguard cluster worker` there"
                    )
                )
            await asyncio.sleep(min(_LOOK, max(deadline - loop.time(), 0)))
        return found

    async def _present(self, client: Client) -> list[dict[str, float]]:
        """Return what each machine of our version has. A look serves all jobs for a while: the
        answer tells of every machine, and hundreds of jobs may be on their way."""
        async with self._looking:
            if client.status != "running" or client.scheduler is None:
                raise _LostError(_("the scheduler has gone"))
            now = asyncio.get_running_loop().time()
            if self._seen is None or self._seen.by is not client or now - self._seen.at >= _LOOK:
                known = await _or_lost(client.scheduler.identity())
                resources = [worker["resources"] for worker in known["workers"].values()]
                found = [found for found in resources if version.ours() in found]
                self._seen = _Look(client, now, found)
                if not found:
                    waking.wake(self.sleepers)
            return self._seen.found

    async def _joined(self) -> Client:
        async with self._joining:
            if self._client is None:
                self._client = await self._join()
            return self._client

    async def _join(self) -> Client:
        """Raises AbsentError where the scheduler does not answer: at once if it never has, for an
        address may be wrong; else when patience is at its end."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self.patience if self._known else 0.0)
        while True:
            try:
                client: Client = await Client(
                    self.scheduler,
                    security=self.keys,
                    asynchronous=True,
                    set_as_default=False,
                    timeout=10,
                )
            except OSError as exc:
                error = unreachable(self.scheduler, self.keys, exc)
                if not isinstance(error, Retryable) or loop.time() >= deadline:
                    raise _absent(error) from exc
                await asyncio.sleep(_LOOK)
            else:
                client.subscribe_topic(work.TOPIC, self._hear)
                self._known = True
                return client

    async def _leave(self, client: Client) -> None:
        """Forget a client whose scheduler has gone; others may have found that out before."""
        async with self._joining:
            if self._client is client:
                self._client = None
                await client.close(timeout=1)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, said = event
        if (listener := self._listeners.get(said["job"])) is not None:
            listener(said["progress"])


class _LostError(Exception):
    """A job, or the way to it, was lost."""


def _handed_over(client: Client, job: _Job, name: str, *, gpu: bool) -> Future[bytes]:
    """Give a job to those who may do it: one of our version, with a GPU if any has one.

    Raises:
        _LostError: another job has closed the line.
    """
    try:
        return client.submit(
            work.do,
            job.packed,
            name,
            key=f"postguard-{name}",
            pure=False,
            retries=_RETRIES,
            priority=_POSTS_FIRST if job.post else 0,
            resources={version.ours(): 1.0} | ({GPU: 1.0} if gpu else {}),
        )
    except ClosedClientError as exc:
        raise _LostError(str(exc)) from exc


def _any_gpu(workers: Sequence[dict[str, float]]) -> bool:
    return any(GPU in found for found in workers)


async def _result(future: Future[bytes]) -> bytes:
    """Dask's futures are awaitable, and no coroutines."""
    done: bytes = await future
    return done


async def _or_lost(asked: Awaitable[_T]) -> _T:
    try:
        return await asked
    except (OSError, TimeoutError, RuntimeError) as exc:  # the last: another job has closed it
        raise _LostError(str(exc)) from exc


def _absent(error: PostguardError) -> PostguardError:
    return AbsentError(str(error)) if isinstance(error, Retryable) else error
