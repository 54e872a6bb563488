"""A whole archive through the real commands, on workers of this machine: python -m bench.archive

    [--pictures 10000] [--side 256] [--workers 1 2] [--recipe instant] [--kill] [--partition 60]

The scheduler, the workers and `postguard archive` are the processes that an artist starts. Without
workers (`--workers 0`) this machine protects by itself. `--kill` ends the command and its client
as a power cut does when a third is made, and begins it again; `--partition` cuts the line to the
scheduler for so many seconds. Then the ledger is held against the files: each picture once, none
missing, every byte as it was made.
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import numpy as np
import psutil
from PIL import Image

from bench.processes import Roles, load, watch
from tests.system.machines import Cluster, Relay
from tests.system.rig import PROGRAM, Home, home_in

RECIPES = {
    "instant": '  { step = "cloak", mode = "instant", min_gain = 0.0 },\n  { step = "tags" },\n',
    "tags": '  { step = "tags" },\n',
}
LIVES = 30.0  # seconds that both ends keep a silent connection: `distributed.comm.timeouts.tcp`


def draw(folder: Path, count: int, side: int) -> None:
    """Pictures that are all different: soft colours, with grain on one half."""
    rng = np.random.default_rng(1)
    for n in range(count):
        path = folder / f"{n // 500:03}" / f"{n:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        soft = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8))
        pixels = np.asarray(soft.resize((side, side), Image.Resampling.BICUBIC), np.int16).copy()
        half = pixels[:, side // 2 :]
        half += rng.integers(-12, 12, half.shape, np.int16)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, compress_level=1)


def made(out: Path) -> int:
    """How many pictures lie in their places."""
    return sum(1 for _ in pictures(out))


def pictures(out: Path) -> Iterator[Path]:
    """All that was made, without the report."""
    return (p for p in out.glob("*/*") if p.is_file() and ".postguard" not in p.parts)


def faults(art: Path, out: Path) -> list[str]:
    """What is lost, double, or not as it was made; nothing where all is well."""
    with closing(sqlite3.connect(out / ".postguard" / "ledger.db")) as ledger:
        rows = ledger.execute("SELECT name, state, made, made_sha256 FROM picture").fetchall()
        failed = ledger.execute("SELECT name, reason FROM failure").fetchall()
    wanted = {p.relative_to(art).as_posix() for p in art.rglob("*.png")}
    lies = {p.relative_to(out).as_posix(): p for p in pictures(out)}
    wrong = [f"failed: {name}: {reason}" for name, reason in failed]
    wrong += [f"not in the ledger: {name}" for name in wanted - {row[0] for row in rows}]
    wrong += [f"{state}: {name}" for name, state, *_ in rows if state != "done"]
    wrong += [f"in no row: {name}" for name in lies.keys() - {row[2] for row in rows}]
    for name, _state, place, digest in rows:
        if place not in lies:
            wrong.append(f"missing: {place}")
        elif hashlib.sha256(lies[place].read_bytes()).hexdigest() != digest:
            wrong.append(f"not as it was made: {place}")
        if Path(place).with_suffix("") != Path(name).with_suffix(""):
            wrong.append(f"in a wrong place: {name} -> {place}")
    return wrong


@contextmanager
def machines(home: Home, recipe: str, workers: int) -> Iterator[tuple[Cluster, Relay]]:
    """A scheduler and its workers, and the line by which they and the command reach it."""
    founded = Cluster(home)
    scheduler = founded.scheduler()
    with closing(Relay(founded.port)) as line:
        founded.reached_at(line.port, RECIPES[recipe])
        joined = [founded.worker(f"w{n}") for n in range(workers)]
        for worker in joined:
            worker.hears("works for")
        assert scheduler.process.poll() is None
        try:
            yield founded, line
        finally:
            founded.close()


def begin(home: Home, out: str, workers: int) -> Popen[bytes]:
    """Start the command."""
    engine = ("cluster", str(workers)) if workers else ("local", "2")
    words = ("archive", "art", out, "--engine", engine[0], "--workers", engine[1])
    return Popen([*PROGRAM, *words], env=home.environment, cwd=home.folder, stdout=DEVNULL)


def roles(cluster: Cluster, run: Popen[bytes]) -> Roles:
    """Whose CPU is counted."""
    numbers = [m.process.pid for m in cluster.running]
    mine = psutil.Process(run.pid).children(recursive=True) if run.poll() is None else []
    return {
        "command": [run.pid],
        "client": [child.pid for child in mine],
        "scheduler": numbers[:1],
        "workers": numbers[1:],
    }


def wait_for(out: Path, count: int, run: Popen[bytes]) -> None:
    """Wait until so many pictures are made."""
    while made(out) < count and run.poll() is None:
        time.sleep(1.0)


def killed(home: Home, run: Popen[bytes], out: Path, at: int, workers: int) -> Popen[bytes]:
    """Kill the command and its client when so many pictures are made, and begin it again."""
    wait_for(out, at, run)
    children = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGKILL)
    run.wait()
    psutil.wait_procs(children, 60)
    print(f"killed behind {made(out)} pictures", flush=True)
    return begin(home, out.name, workers)


def cut(line: Relay, seconds: float) -> None:
    """Cut the line; both ends give their connections up after a while."""
    line.cut()
    print(f"the line is cut for {seconds:.0f} s", flush=True)
    time.sleep(min(LIVES, seconds))
    line.reset()
    time.sleep(max(seconds - LIVES, 0))
    line.mend()


def protect(home: Home, given: argparse.Namespace, workers: int) -> list[str]:
    """Protect the archive once; print what it cost, and return what is wrong with it."""
    out = home.folder / f"out-{workers}"
    with machines(home, given.recipe, workers) as (cluster, line):
        before, began = load(), time.monotonic()
        run = begin(home, out.name, workers)
        if given.kill:
            run = killed(home, run, out, given.pictures // 3, workers)
        if given.partition:
            wait_for(out, given.pictures // 3, run)
            cut(line, given.partition)
        cost = watch(lambda: roles(cluster, run), lambda: run.poll() is None)
        seconds = time.monotonic() - began
    count = made(out)
    print(
        f"{workers} workers: {count} pictures in {seconds:.0f} s, {count / seconds:.2f} a second; "
        f"{before} at the beginning, {load()} at the end"
    )
    for role, (cpu, most) in cost.items():
        print(f"  {role:10} {cpu / count * 1000:8.1f} ms of CPU a picture, at most {most:5.0f} MB")
    print(flush=True)
    return faults(home.folder / "art", out) + ([f"exit status {run.poll()}"] if run.poll() else [])


def main() -> int:
    """Protect the archive with each number of workers; return 1 where anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--recipe", choices=RECIPES, default="instant")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--partition", type=float, default=0.0)
    given = parser.parse_args()
    wrong: list[str] = []
    for workers in given.workers:
        with tempfile.TemporaryDirectory() as folder, home_in(Path(folder)) as home:
            draw(home.folder / "art", given.pictures, given.side)
            found = protect(home, given, workers)
            print(*found[:10], sep="\n")
            wrong += found
    print("each picture once, none missing" if not wrong else f"{len(wrong)} wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
