"""10,000 files dropped at once: nominated, settled and taken once each, with the memory it takes.

`python -m bench.intake [FILES]` prints three stages: what the tracking of names costs by itself
(time moved by hand, nothing opened), what a real watcher and the settling of real files cost, and
what taking them all costs on this disk (each post is three durable transactions and a move).
"""

from __future__ import annotations

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from postguard.intake.grouping import Grouping
from postguard.intake.settling import Look, Settling
from postguard.intake.taking import Taking
from postguard.intake.watcher import Watcher
from postguard.model import Inspection, PostState
from postguard.settings import Settings
from postguard.store import open_store
from postguard.system import files

NOW = datetime(2026, 11, 23, tzinfo=UTC)
QUIET, WAIT = timedelta(seconds=2), timedelta(seconds=20)


class Glance:
    """Inspects by hash alone: decoding is not what is measured here."""

    def inspect(self, path: Path) -> Inspection:
        return Inspection(files.sha256_of(path), "PNG", 1, 1, "", "a picture")


def rss() -> float:
    """Return this process's memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def timed(what: str, work: Callable[[], object]) -> None:
    before, start, busy = rss(), time.perf_counter(), time.process_time()
    result = work()
    print(
        f"{what:44} {time.perf_counter() - start:8.2f} s {time.process_time() - busy:8.2f} s CPU"
        f" {rss() - before:+7.1f} MB  {result}"
    )


def track(count: int) -> str:
    """Nominate, settle and group `count` names; no disk."""
    settling, grouping = Settling(QUIET), Grouping()
    looks: dict[Path, Look] = {Path(f"{i}.png"): (i, 1, 1, 1) for i in range(count)}
    tracemalloc.start()
    for path in looks:
        settling.nominate(path, NOW)
        grouping.nominated(PurePath(path))
    taken = 0
    for second in range(30):
        now = NOW + timedelta(seconds=second)
        found = settling.poll(now, looks.get, lambda _: False)
        for path, look in found.settled.items():
            grouping.settled(path, look, now)
        while keys := grouping.complete(now, WAIT, 16):
            for key in keys:
                grouping.taken(key)
            taken += len(keys)
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return f"{taken} taken, peak {peak / 1e6:.1f} MB, left {left / 1e6:.2f} MB (traced)"


class Drop:
    """A real outbox with `count` files and a watcher on it."""

    def __init__(self, home: Path, count: int) -> None:
        self.outbox = home / "outbox"
        self.outbox.mkdir()
        self.count = count
        self.nominated: set[Path] = set()
        settings = Settings.model_validate(
            {
                "outbox": self.outbox,
                "accounts": {"preview": {"network": "preview"}},
                "recipes": {"default": [{"step": "tags"}]},
                "intake": {"words_wait": "0s"},
            }
        )
        self.store = open_store(home / "state" / "postguard.db")
        self.taking = Taking(
            lambda: settings,
            self.store.posts,
            Glance(),  # type: ignore[arg-type]
            lambda account, words, images: [],
            lambda account, dry_run: "preview",
        )
        self.watcher = Watcher(self.outbox, self._nominate)
        self.watcher.start()
        self.now = NOW

    def _nominate(self, path: Path) -> None:
        self.nominated.add(path)
        self.taking.nominate(path)

    def write(self) -> str:
        for i in range(self.count):
            (self.outbox / f"{i}.png").write_bytes(str(i).encode())
        return f"{self.count} written"

    def see(self) -> str:
        deadline = time.monotonic() + 60
        while len(self.nominated) < self.count and time.monotonic() < deadline:
            time.sleep(0.05)
        by_events = len(self.nominated)
        self.watcher.rescan()
        return f"{by_events} by events, {len(self.nominated)} with the rescan"

    def take(self) -> str:
        longest, idle = 0.0, 0
        while idle < 5:
            self.now += timedelta(seconds=1)
            more = True
            while more:
                start = time.perf_counter()
                more = self.taking.tick(self.now)
                longest = max(longest, time.perf_counter() - start)
            idle = idle + 1 if self.taking.at_rest() else 0
        taken = self.store.posts.counts()[PostState.TAKEN]
        left = sum(p.is_file() for p in self.outbox.iterdir())
        return f"{taken} taken, {left} left, longest tick {longest:.2f} s"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"{'':44} {'wall':>10} {'':>12} {'memory':>10}")
    timed(f"track {count} names", lambda: track(count))
    timed(f"track {count // 10} names", lambda: track(count // 10))
    with tempfile.TemporaryDirectory() as home:
        drop = Drop(Path(home), count)
        timed("write the files", drop.write)
        timed("watchdog and a rescan nominate them", drop.see)
        timed("settle and take them", drop.take)
        drop.watcher.stop()


if __name__ == "__main__":
    main()
