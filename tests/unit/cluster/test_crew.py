"""Which machine a job waits for; a scheduler that only tells who is there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import KilledWorker, Security

from postguard.cluster import crew, version
from postguard.cluster.crew import Crew
from postguard.cluster.joining import GPU
from postguard.errors import BadPicture

DONE: dict[str, Any] = {"record": {}, "files": {}}
WITH, WITHOUT = {version.ours(): 1.0, GPU: 1.0}, {version.ours(): 1.0}


class Task:
    """A job that somebody has, and that nobody ends but one without a GPU."""

    def __init__(self, *, ends: bool, kills: bool) -> None:
        self._ends = ends
        self._kills = kills

    def __await__(self) -> Any:  # as Dask's futures are
        if self._kills:
            last: Any = SimpleNamespace(address="tls://127.0.0.1:2")
            raise KilledWorker("a job", last, 5)
        wait = asyncio.sleep(0, DONE) if self._ends else asyncio.sleep(3600, DONE)
        return wait.__await__()

    def release(self) -> None:
        """Nothing is kept."""


class Cluster:
    """What the crew uses of Dask's client. `there`: who is there at each look, the last stay;
    `kills`: a job breaks whoever begins it."""

    status = "running"

    def __init__(self, there: list[list[dict[str, float]]], *, kills: bool = False) -> None:
        self.scheduler = self
        self.asked: list[dict[str, float]] = []
        self._there = there
        self._kills = kills

    async def identity(self) -> dict[str, Any]:
        """Return who is there."""
        now = self._there.pop(0) if len(self._there) > 1 else self._there[0]
        return {"workers": {str(i): {"resources": found} for i, found in enumerate(now)}}

    def submit(self, *_given: object, resources: dict[str, float], **_named: object) -> Task:
        """Take a job."""
        self.asked.append(resources)
        return Task(ends=GPU not in resources, kills=self._kills)

    async def close(self, **_named: object) -> None:
        """Nothing is open."""


class Joined(Crew):
    """A crew whose scheduler is always there."""

    cluster: Cluster

    async def _join(self) -> Any:
        return self.cluster


def test_where_the_gpu_goes_to_sleep_the_last_resort_does_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "_LOOK", 0.01)
    joined = Joined("tls://127.0.0.1:1", Security(), patience=5.0)
    joined.cluster = Cluster([[WITH, WITHOUT], [WITH, WITHOUT], [WITHOUT]])
    done = asyncio.run(joined.do({"kind": "cloak", "job": {}, "files": {}}, lambda _: None))
    assert done == DONE
    assert joined.cluster.asked == [WITH, WITHOUT]


def test_a_picture_that_breaks_whoever_begins_it_is_not_handed_over_for_ever() -> None:
    joined = Joined("tls://127.0.0.1:1", Security(), patience=5.0)
    joined.cluster = Cluster([[WITHOUT]], kills=True)
    with pytest.raises(BadPicture, match="one machine after another"):
        asyncio.run(joined.do({"kind": "protect", "job": {}, "files": {}}, lambda _: None))
    assert joined.cluster.asked == [WITHOUT]
