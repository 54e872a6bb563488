"""What moving work to other machines costs, and how far it scales: python -m bench.scale

    [--pictures 200] [--workers 1 2 4 8] [--wait 0.1] [--kilobytes 100]
    [--most 100000] [--growth]

First, jobs that only wait, on more and more workers of this machine: jobs a second, the share of
what as many workers would do without any cost, and what one picture costs each process of CPU.
They go the way of every picture (order, parcel, TLS, worker, parcel, rendition), with a small one
in the parcel. Then, jobs that wait for nothing, more and more of them through a window of four for
each worker: the memory of both processes of the client. Whole archives: bench.archive.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import psutil

from bench.processes import load, memory, spent
from postguard.app.archive.running import WINDOW
from postguard.cluster import certificates
from postguard.cluster.workshop import ClusterWorkshop
from postguard.model import Artist, ArtworkOrder, Elsewhere, Limits, ProtectOrder, Rendition

BYTES = bytes(range(250)) * 4  # a kilobyte; a picture of 256 px has a hundred as PNG
LIMITS = Limits("file", text=0, alt=0, images=1, image_bytes=50_000_000)
ROLES = ("command", "client", "scheduler", "workers")
GROWTH = (100, 1_000, 10_000, 30_000, 100_000)


def wait_for(seconds: float) -> Any:
    """What a worker of this bench does in place of protecting."""
    from postguard.cluster.work import _plain

    data = b"protected"
    digest = hashlib.sha256(data).hexdigest()
    made = Rendition(0, "file", Path("1-file.jpg"), digest, "image/jpeg", 1, 1, len(data), {})

    def job(_asked: object, _folder: object, _tell: object) -> dict[str, Any]:
        time.sleep(seconds)
        return {"renditions": _plain([made]), "files": {"into/1-file.jpg": data}}

    return job


def be_a_worker(url: str, name: str, keys: str, seconds: str) -> None:
    """The program of a worker's process."""
    import asyncio

    from postguard.cluster import joining, work

    work.DOING["protect"] = wait_for(float(seconds))
    joining.configure()
    ready = lambda: print("ready", flush=True)  # noqa: E731
    asyncio.run(joining.work_for(url, name, Path(keys), gpu=False, at_once=1, on_ready=ready))


@contextmanager
def program(*words: str) -> Iterator[str]:
    """A process for as long as the block lasts; yields its first line."""
    with Popen([sys.executable, *words], stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()


@contextmanager
def cluster(keys: Path, workers: int, seconds: float) -> Iterator[str]:
    """A scheduler and its workers; yields the scheduler's address."""
    begin = ("-m", "postguard", "cluster", "scheduler", "--host", "127.0.0.1", "--port", "0")
    with ExitStack() as running:
        said = running.enter_context(program(*begin, "--keys", str(keys)))
        url = said.split()[-1]
        for n in range(workers):
            given = (url, f"w{n}", str(keys), str(seconds))
            code = f"from bench.scale import be_a_worker; be_a_worker(*{given!r})"
            running.enter_context(program("-c", code))
        yield url


def order(picture: Path, into: Path) -> ProtectOrder:
    """What a picture of the bench is to become."""
    return ProtectOrder(
        artworks=(ArtworkOrder(0, picture, "00" * 32, "", "ab" * 32),),
        recipe_name="default",
        recipe=({"step": "notice"},),
        limits=(LIMITS,),
        into=into,
        artist=Artist("", ""),
    )


def numbers() -> dict[str, list[int]]:
    """The processes of this bench, by what they are."""
    found: dict[str, list[int]] = {"command": [os.getpid()]}
    for child in psutil.Process().children():
        words = child.cmdline()
        role = "client" if "postguard.cluster" in words else "workers"
        found.setdefault("scheduler" if "scheduler" in words else role, []).append(child.pid)
    return found


def busy(workshop: ClusterWorkshop, asked: ProtectOrder, count: int, window: int) -> None:
    """Have so many jobs done, as many at once as an archive has."""
    left = iter(range(count))

    def work(_thread: int) -> None:
        for _job in left:  # a range's iterator may be shared
            workshop.protect(asked, lambda _: None)

    with ThreadPoolExecutor(window) as pool:
        list(pool.map(work, range(window)))


def cost(
    workshop: ClusterWorkshop, asked: ProtectOrder, count: int, window: int
) -> tuple[float, list[float]]:
    """Return jobs a second, and the milliseconds of CPU that each role spends on one: of the
    command, its client, the scheduler and the workers."""
    roles = numbers()
    before = {role: spent(roles[role]) for role in ROLES}
    began = time.monotonic()
    busy(workshop, asked, count, window)
    seconds = time.monotonic() - began
    return count / seconds, [(spent(roles[r]) - before[r]) / count * 1000 for r in ROLES]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--wait", type=float, default=0.1)
    parser.add_argument("--kilobytes", type=int, default=100, help="of a picture")
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--growth", action="store_true", help="the second table alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (keys,) = certificates.found(home / "keys", ["here"], datetime.now(UTC))
        (home / "in.png").write_bytes(BYTES * given.kilobytes)
        (home / "into").mkdir()
        asked = order(home / "in.png", home / "into")
        if not given.growth:
            waiting(given, keys, asked)
        growing(given, keys, asked)


def waiting(given: argparse.Namespace, keys: Path, asked: ProtectOrder) -> None:
    """How the rate grows with the workers."""
    print(f"{load()}; CPU in milliseconds for one picture")
    print("workers  jobs/s  of ideal   " + "".join(f"{role:>10}" for role in (*ROLES, "sum")))
    for workers in given.workers:
        window = workers * WINDOW
        with (
            cluster(keys, workers, given.wait) as url,
            ClusterWorkshop(Elsewhere(url, keys), 60, 2026) as shop,
        ):
            busy(shop, asked, window, window)
            found, cpu = cost(shop, asked, given.pictures * workers, window)
        told = "".join(f"{ms:10.1f}" for ms in (*cpu, sum(cpu)))
        print(f"{workers:7} {found:7.1f} {found * given.wait / workers:9.2f}   {told}", flush=True)


def growing(given: argparse.Namespace, keys: Path, asked: ProtectOrder) -> None:
    """How the client's memory grows with the jobs that it has had."""
    print(f"{load()}; MB of memory")
    print("   jobs  jobs/s" + "".join(f"{role:>10}" for role in ROLES[:-1]))
    many = max(given.workers, default=1)
    with cluster(keys, many, 0.0) as url, ClusterWorkshop(Elsewhere(url, keys), 60, 2026) as shop:
        had = 0
        for most in (n for n in GROWTH if n <= given.most):
            found, _cpu = cost(shop, asked, most - had, many * WINDOW)
            had = most
            roles = numbers()
            told = "".join(f"{memory(roles[role]):10.0f}" for role in ROLES[:-1])
            print(f"{had:7} {found:7.1f}{told}", flush=True)


if __name__ == "__main__":
    main()
