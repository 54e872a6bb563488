"""How the machines of a cluster meet: mutual TLS always, one version, nothing else listens.

This module and `work` are what a worker needs; torch comes in with the first job, in a process of
its own.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
from distributed import Scheduler, Security, Worker
from distributed.comm.addressing import get_address_host_port
from distributed.comm.core import CommClosedError
from distributed.core import rpc
from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.stealing import WorkStealing

from postguard.cluster import certificates, version
from postguard.errors import PostguardError, Retryable, Unusable
from postguard.language import _
from postguard.system import files, paths

log = logging.getLogger(__name__)

GPU = "GPU"  # a resource of each worker that has one: for so many pictures at once
_VERSION = "postguard_version"
_WAIT_TO_JOIN = "30s"
# A machine that sleeps is gone in half a minute; a task that outlived more than this many workers
# is suspected, and so is what waited beside it: see `crew`.
_CONFIG = {
    "distributed.scheduler.worker-ttl": "30s",
    "distributed.scheduler.allowed-failures": 2,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.comm.timeouts.tcp": "30s",
    # Machines that have nothing to do should do nothing: these look at themselves all the time.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.scheduler.active-memory-manager.start": False,  # nothing is there twice
    "distributed.admin.low-level-log-length": 0,  # it would keep the last thousand pictures sent
    "distributed.admin.large-graph-warning-threshold": "1GB",  # a picture travels with its task
}
# A line that breaks is told in our own words; Dask prints where in its code it noticed.
_HEARD = {
    "distributed": logging.WARNING,
    "distributed.client": logging.CRITICAL,
    "distributed.comm": logging.ERROR,
    "distributed.worker": logging.CRITICAL,
}
# Of Dask's extensions only the one that gives work to whoever has none: its spans keep a kilobyte
# of every task for as long as there is another, ten gigabytes of an archive of ten million.
_EXTENSIONS = {"stealing": WorkStealing}


def configure() -> None:
    """Set what Dask would else read from files and variables of this machine; let it say only
    what went wrong."""
    for part, least in _HEARD.items():
        logging.getLogger(part).setLevel(least)
    dask.config.refresh(paths=[], env={})
    dask.config.set(_CONFIG)


def security(folder: Path) -> Security:
    """Return the keys of this machine. Raises Unusable where they are missing, or not private."""
    certificates.check(folder)
    authority, certificate, key = (str(folder / name) for name in certificates.MACHINE_FILES)
    return Security(
        require_encryption=True,
        tls_ca_file=authority,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
        tls_client_cert=certificate,
        tls_client_key=key,
    )


class _NoPages:
    """A part of Dask's nodes that serves pages on every interface, to anyone: here it does not."""

    def start_http_server(self, *_given: object, **_named: object) -> None:
        """Serve nothing."""


class _Scheduler(_NoPages, Scheduler):
    pass


class _Worker(_NoPages, Worker):
    pass


class _Tell(SchedulerPlugin):
    """Lets a worker ask what this machine runs, before it joins."""

    async def start(self, scheduler: Scheduler) -> None:
        """Answer one more question."""

        async def told() -> str:
            return version.ours()

        scheduler.handlers[_VERSION] = told


async def schedule(host: str, port: int, folder: Path, on_ready: Callable[[str], None]) -> None:
    """Be the scheduler until this process is asked to end.

    Args:
        host: an address of this machine, see `address.listening`; port 0: a free one.
        folder: this machine's certificate and key.
        on_ready: gets the address, once it listens.

    Raises:
        Unusable: the keys are missing or not private, or the port is taken.
    """
    keys = security(folder)
    try:
        scheduler = await _Scheduler(
            host=host,
            port=port,
            protocol="tls://",
            security=keys,
            plugins=[_Tell()],
            extensions=_EXTENSIONS,
        )
    except RuntimeError as exc:  # as Dask wraps whatever happens at a start
        why = next((c for c in _causes(exc) if isinstance(c, OSError)), exc)
        raise Unusable(
            _("{host}:{port} cannot be listened on ({why})").format(host=host, port=port, why=why)
        ) from exc
    async with scheduler:
        on_ready(scheduler.address)
        await _until_asked_to_end()


async def work_for(
    scheduler: str,
    name: str,
    folder: Path,
    *,
    gpu: bool,
    at_once: int,
    on_ready: Callable[[], None],
) -> None:
    """Join the scheduler and work for it until it is gone or this process is asked to end.

    Args:
        at_once: so many pictures are worked on together, each cloaked in a process of its own:
            small ones leave most of a GPU idle.

    Raises:
        Unusable: the keys are missing or not private, the scheduler refuses us or is no part of
            our cluster, or it runs another version.
        Retryable: it cannot be reached, does not take us now, or has gone.
    """
    keys = security(folder)
    await _check_version(scheduler, keys)
    worker = await _taken_on(scheduler, name, keys, gpu=gpu, places=at_once)
    on_ready()
    ended = asyncio.ensure_future(worker.finished())
    asked = asyncio.ensure_future(_until_asked_to_end())
    await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not asked.done():
        asked.cancel()
        raise Retryable(_("the scheduler has gone"))
    await worker.close(reason="asked to end")


async def _taken_on(scheduler: str, name: str, keys: Security, *, gpu: bool, places: int) -> Any:  # noqa: ANN401  # Dask's worker has no types
    """Join the scheduler, for so many pictures at once. Raises Retryable: it does not take us."""
    host = _own_address(scheduler, keys)
    resources = {version.ours(): float(places)} | ({GPU: float(places)} if gpu else {})
    try:
        return await _Worker(
            scheduler,
            host=host,
            name=name,
            nthreads=places,
            resources=resources,
            extensions={},
            security=keys,
            local_directory=str(files.private_dir(paths.home().cache / "cluster")),
            memory_limit=0,  # the work is done in processes of its own; Dask counts only this one
            death_timeout=_WAIT_TO_JOIN,
        )
    except (RuntimeError, OSError) as exc:  # as Dask wraps whatever happens at a start
        *_outer, why = _causes(exc)
        raise Retryable(
            _(
                "{scheduler} did not take {name} ({why}); it is tried again. Right after a lost "
                "connection the name counts as taken for half a minute; each worker needs its own"
            ).format(scheduler=scheduler, name=name, why=why)
        ) from exc


def _own_address(scheduler: str, keys: Security) -> str:
    """Return the address of this machine that the scheduler is reached from: Dask's worker would
    listen on all of them. Raises Retryable: there is no way to it."""
    host, port = get_address_host_port(scheduler)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        kind, how, protocol, _, there = found[0]
        with socket.socket(kind, how, protocol) as probe:  # a datagram's: nothing is sent
            probe.connect(there)
            return str(probe.getsockname()[0])
    except OSError as exc:
        raise unreachable(scheduler, keys, exc) from exc


async def _check_version(scheduler: str, keys: Security) -> None:
    """Raise Unusable or Retryable where the scheduler is not one to work for."""
    try:
        async with rpc(scheduler, connection_args=keys.get_connection_args("worker")) as asked:
            theirs = await getattr(asked, _VERSION)()
    except (OSError, CommClosedError) as exc:
        raise unreachable(scheduler, keys, exc) from exc
    if (why := version.refusal(theirs, version.ours())) is not None:
        raise Unusable(why)


def unreachable(scheduler: str, keys: Security, exc: BaseException) -> PostguardError:
    """Return why a scheduler could not be joined: for good, or for now."""
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(exc)):
        return Unusable(
            _(
                "{scheduler} and this machine do not know each other: their certificates come "
                "from two clusters. Where you ran `postguard cluster init` there is a folder with "
                "this machine's name; copy {files} from it into {folder} here"
            ).format(
                scheduler=scheduler,
                files=", ".join(certificates.MACHINE_FILES),
                folder=Path(keys.tls_ca_file).parent,  # type: ignore[attr-defined]  # set by name
            )
        )
    return Retryable(
        _("{scheduler} cannot be reached; is that machine on, and its scheduler?").format(
            scheduler=scheduler
        )
    )


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


async def _until_asked_to_end() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
