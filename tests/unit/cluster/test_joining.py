"""How machines meet, and why they do not, in words that say what to do."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from distributed import Client, Scheduler, Security

from postguard.cluster import certificates, joining, version
from postguard.cluster.joining import unreachable
from postguard.errors import Retryable, Unusable

THERE = "tls://192.168.1.20:8786"
KEYS = Security(tls_ca_file="/art/hanako/.config/postguard/cluster/here/authority.pem")


def test_a_foreign_authority_is_told_with_the_files_to_copy_and_where_to() -> None:
    refused = OSError("timed out")
    refused.__cause__ = ssl.SSLCertVerificationError("unable to get local issuer certificate")
    error = unreachable(THERE, KEYS, refused)
    assert isinstance(error, Unusable)
    assert "authority.pem, machine.pem, machine.key" in str(error)
    assert "/art/hanako/.config/postguard/cluster/here here" in str(error)


def test_a_machine_that_is_off_is_tried_again() -> None:
    error = unreachable(THERE, KEYS, ConnectionRefusedError())
    assert isinstance(error, Retryable)
    assert "is that machine on" in str(error)


def kept(scheduler: Scheduler) -> int:
    """How many notes of tasks a scheduler keeps, wherever Dask has a place for them."""
    spans = scheduler.extensions.get("spans")
    notes = [span.metadata["collections"] for span in spans.spans.values()] if spans else []
    return len(scheduler.tasks) + len(scheduler.task_groups) + sum(map(len, notes))


def test_the_scheduler_keeps_nothing_of_a_picture_that_is_done(tmp_path: Path) -> None:
    """An archive of ten million never lets it come to rest, which is when Dask forgets."""
    (keys,) = certificates.found(tmp_path, ["nas"], datetime.now(UTC))

    async def many() -> int:
        listens: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        running = asyncio.create_task(joining.schedule("127.0.0.1", 0, keys, listens.set_result))
        async with Client(
            await listens, security=joining.security(keys), asynchronous=True
        ) as client:
            waits = client.submit(len, b"", key="it never rests", resources={"nobody": 1})
            (scheduler,) = (s for s in Scheduler._instances if s.address == listens.result())
            for n in range(50):
                done = client.submit(len, b"", key=f"postguard-{n}", resources={"nobody": 1})
                while done.key not in scheduler.tasks:
                    await asyncio.sleep(0.01)
                done.release()
            while len(scheduler.tasks) > 1:
                await asyncio.sleep(0.01)
            left = kept(scheduler)
            waits.release()
        running.cancel()
        await asyncio.wait({running})
        return left

    joining.configure()
    assert asyncio.run(many()) <= 3


BOTH = threading.Barrier(2)


def met() -> bool:
    """Done only while another does the same."""
    BOTH.wait(timeout=60)
    return True


def test_a_worker_takes_as_many_pictures_at_once_as_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (keys,) = certificates.found(tmp_path, ["nas"], datetime.now(UTC))

    async def two() -> list[bool]:
        loop = asyncio.get_running_loop()
        listens: asyncio.Future[str] = loop.create_future()
        ready = asyncio.Event()
        schedules = asyncio.create_task(joining.schedule("127.0.0.1", 0, keys, listens.set_result))
        works = asyncio.create_task(
            joining.work_for(await listens, "pc", keys, gpu=True, at_once=2, on_ready=ready.set)
        )
        await ready.wait()
        async with Client(
            await listens, security=joining.security(keys), asynchronous=True
        ) as client:
            wants = {version.ours(): 1, joining.GPU: 1}
            done = [client.submit(met, pure=False, resources=wants) for _ in range(2)]
            results = [await each for each in done]
        os.kill(os.getpid(), signal.SIGTERM)  # as it is asked to end
        await works
        schedules.cancel()
        await asyncio.wait({schedules})
        return results

    joining.configure()
    assert asyncio.run(two()) == [True, True]
