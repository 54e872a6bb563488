"""Which machine a job waits for; a scheduler that only tells who is there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import KilledWorker, Security
from distributed.client import ClosedClientError

from postguard.cluster import crew, version
from postguard.cluster.crew import Crew
from postguard.cluster.joining import GPU
from postguard.errors import BadPicture
from postguard.system import wire

DONE: dict[str, Any] = {"record": {}, "files": {"target.png": b"cloaked"}}
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
        wait = asyncio.sleep(0 if self._ends else 3600, wire.pack(DONE))
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
    assert joined.cluster.asked == [WITHOUT, WITHOUT]  # among others, then alone


class Window(Cluster):
    """Machines that Dask gave several jobs each: one of them, `bad`, ends them, and all that
    waited beside it are suspected as much."""

    def __init__(self, bad: str) -> None:
        super().__init__([[WITHOUT]])
        self.bad = bad
        self.here: list[str] = []

    def submit(self, *given: Any, **_named: object) -> Any:
        """Take a job."""
        _do, packed, _name = given
        return Suspect(self, wire.unpack(packed)["job"])


class Suspect:
    """One of these jobs."""

    def __init__(self, window: Window, name: str) -> None:
        self._window = window
        self._name = name
        window.here.append(name)

    def __await__(self) -> Any:
        return self._work().__await__()

    async def _work(self) -> bytes:
        await asyncio.sleep(0.01)
        last: Any = SimpleNamespace(address="tls://127.0.0.1:2")
        if self._window.bad in self._window.here:
            raise KilledWorker("a job", last, 2)
        return wire.pack({"record": {"name": self._name}, "files": {}})

    def release(self) -> None:
        """It is there no longer."""
        self._window.here.remove(self._name)


def test_those_that_waited_beside_a_picture_that_breaks_machines_are_not_blamed_for_it() -> None:
    joined = Joined("tls://127.0.0.1:1", Security(), patience=5.0)
    joined.cluster = Window("bad")

    async def all_at_once() -> list[Any]:
        jobs = [
            joined.do({"kind": "protect", "job": name, "files": {}}, lambda _: None)
            for name in ("one", "two", "bad", "three")
        ]
        return await asyncio.gather(*jobs, return_exceptions=True)

    one, two, bad, three = asyncio.run(all_at_once())
    assert [done["record"]["name"] for done in (one, two, three)] == ["one", "two", "three"]
    assert isinstance(bad, BadPicture)


class Leaving(Cluster):
    """A line that breaks; whoever finds that out first closes it for all."""

    def __init__(self, joined: Joined) -> None:
        super().__init__([[WITHOUT]])
        self._joined = joined
        self._closed = False

    async def identity(self) -> dict[str, Any]:
        """Fail as Dask does."""
        await asyncio.sleep(0)
        if self._closed:
            raise RuntimeError("ConnectionPool is closed")
        raise OSError("in <TLS (closed)>: Stream is closed")

    def submit(self, *_given: object, **_named: object) -> Task:
        """Take a job, and never end it."""
        if self._closed:
            raise ClosedClientError("Client is closed")
        return Task(ends=False, kills=False)

    async def close(self, **_named: object) -> None:
        """The next line is whole."""
        self._closed = True
        self._joined.cluster = Cluster([[WITHOUT]])


def test_a_line_that_breaks_under_many_jobs_costs_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A network that was away for a minute stopped an archive: only one job learned why."""
    monkeypatch.setattr(crew, "_LOOK", 0.01)
    joined = Joined("tls://127.0.0.1:1", Security(), patience=5.0)
    joined.cluster = Leaving(joined)

    async def all_at_once() -> list[Any]:
        jobs = [
            joined.do({"kind": kind, "job": {}, "files": {}}, lambda _: None)
            for kind in ("protect", "protect", "cloak", "protect")
        ]
        return await asyncio.gather(*jobs)

    assert asyncio.run(all_at_once()) == [DONE] * 4


def test_many_jobs_look_together_whether_anybody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_LOOK", 0.05)

    class Counted(Cluster):
        looks = 0

        async def identity(self) -> dict[str, Any]:
            self.looks += 1
            return await super().identity()

    joined = Joined("tls://127.0.0.1:1", Security(), patience=5.0)
    joined.cluster = counted = Counted([[WITHOUT]])

    async def waited_for() -> None:
        for _job in range(3):
            await asyncio.gather(*(joined._somebody(counted) for _ in range(100)))  # type: ignore[arg-type]
            await asyncio.sleep(0.05)

    asyncio.run(waited_for())
    assert 1 <= counted.looks <= 4
