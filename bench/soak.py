"""The daemon for hours: small drops, faults of the server, clocks that jump, configs read anew.

    python -m bench.soak --minutes 120 --drops 1000

Prints memory, handles and threads over the time, and fails where they grow or a post is lost or
doubled. The daemon is the real one in a process of its own; only its wall clock can be moved.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from postguard.app import bell, roles
from postguard.app.installation import open_installation
from postguard.model import PostState
from postguard.system.clock import SystemClock
from postguard.system.logs import set_up
from tests.servers.mastodon import MastodonServer, start_mastodon
from tests.system import rig
from tests.system.rig import Home, home_in

AHEAD = "POSTGUARD_SOAK_AHEAD"  # names the file that says how far the clock is ahead, in seconds
STEPS = '  { step = "downscale", long_side = 96 },\n  { step = "tags" },\n'
REST = (
    '[schedule]\ngrace = "0s"\nif_later = "post"\n\n'
    '[intake]\nsettle = "0.2s"\nwords_wait = "0.2s"\n'
)
FAULTS = (
    {"status": 503}, {"status": 500}, {"drop_answer": True}, {"cut_answer": True},
    {"status": 429, "headers": {"Retry-After": "1"}},
)  # fmt: skip
GROWTH = 1.15  # of memory from the second quarter to the last: caches fill, leaks go on
JUMPS = (-3600, 30, 1800, 3600, 28_800)  # seconds: set back, stepped, asleep for a night
FINISH_SECONDS = 1800.0


@dataclass(frozen=True)
class Look:
    """The daemon at one moment. `memory` in MB, without its child processes."""

    minute: float
    memory: float
    handles: int
    threads: int
    posted: int


class Ahead(SystemClock):
    """The wall clock, moved by what a file says."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=seconds_ahead())


def seconds_ahead() -> float:
    return float(Path(os.environ[AHEAD]).read_text())


def be_the_daemon() -> None:
    """Run on the clock that can be moved."""
    bell.be_deaf()
    real = time.time
    time.time = lambda: real() + seconds_ahead()
    set_up("info")
    roles.run(open_installation(clock=Ahead()))


@dataclass
class Soak:
    """One run."""

    home: Home
    server: MastodonServer
    ahead: Path
    drops: int
    seconds: float
    random: random.Random

    def run(self) -> list[Look]:
        """Drop, disturb and look until the time is over and everything is posted."""
        began, looks, dropped = time.monotonic(), list[Look](), 0
        while (passed := time.monotonic() - began) < self.seconds:
            while dropped < self.drops and dropped < self.drops * passed / self.seconds:
                self._drop(dropped)
                dropped += 1
            self._disturb()
            looks.append(self._look(passed / 60))
            now = looks[-1]
            said = f"{now.minute:.0f} min, {now.memory:.0f} MB, {now.posted} of {dropped} posted"
            print(f"\r{said} ", end="", file=sys.stderr, flush=True)
            time.sleep(max(self.seconds / 240, 1))
        while dropped < self.drops:
            self._drop(dropped)
            dropped += 1
        self.server.forget_faults()
        self._finish()
        return [*looks, self._look((time.monotonic() - began) / 60)]

    def _finish(self) -> None:
        """Let the time go by quickly until all is posted: a server takes so many in half an hour,
        and a wait that was begun by a clock that was ahead lasts until then."""
        ends_at = time.monotonic() + FINISH_SECONDS
        while self._posted() < self.drops:
            assert time.monotonic() < ends_at, self.home.log[-3000:]
            self._jump(1800)
            assert self.home.process is not None
            self.home.process.send_signal(signal.SIGUSR1)
            time.sleep(5)

    def _drop(self, number: int) -> None:
        words = f'text = "soak {number}"\nalt = "picture {number}"\nat = "now"\n'
        self.home.drop(f"{number}.png", rig.png(number, (96, 64)), words)

    def _disturb(self) -> None:
        process = self.home.process
        assert process is not None
        match self.random.randrange(8):
            case 0 | 1 if not self.server.unused_faults:  # while nothing is sent they pile up
                self.server.fail_next("/api", **self.random.choice(FAULTS))
            case 2:
                self._jump(self.random.choice(JUMPS))
            case 3:
                process.send_signal(signal.SIGHUP)
            case 4:
                process.send_signal(signal.SIGUSR1)

    def _jump(self, seconds: float) -> None:
        """Move the daemon's clock, in one step: it reads the file whenever it asks the time. What
        it slept through went by for the server, too; a clock that is set back is its own alone."""
        fresh = self.ahead.with_suffix(".new")
        fresh.write_text(str(float(self.ahead.read_text()) + seconds))
        self.server.clock.move(seconds=max(seconds, 0))
        fresh.replace(self.ahead)

    def _look(self, minute: float) -> Look:
        process = self.home.process
        assert process is not None
        assert process.poll() is None, "the daemon ended:\n" + self.home.log[-3000:]
        # It waits for an artist whom there is none of: hours would go by, and prove nothing.
        held = self.home.store.posts.page([PostState.HELD], None, 1)
        assert not held, f"post {held[0].id} is held: {held[0].reason}\n{self.home.log[-3000:]}"
        own = Path(f"/proc/{process.pid}")
        told = dict(
            line.split(":", 1) for line in (own / "status").read_text().splitlines() if ":" in line
        )
        memory = int(told["VmRSS"].split()[0]) / 1000
        handles = len(list((own / "fd").iterdir()))
        return Look(minute, memory, handles, int(told["Threads"]), self._posted())

    def _posted(self) -> int:
        return self.home.store.posts.counts().get(PostState.POSTED, 0)


def faults_in(looks: list[Look], server: MastodonServer, drops: int) -> list[str]:
    """Return what is wrong with a run. Pure but for reading the server's posts."""
    times = Counter(status.text for status in server.statuses)
    wrong = [f"{text} stands there {n} times" for text, n in times.items() if n > 1]
    lost = drops - len(times)
    wrong += [f"{lost} posts are lost"] * bool(lost)
    quarter = max(len(looks) // 4, 1)
    early, late = looks[quarter : 2 * quarter] or looks, looks[-quarter:]
    memory = [max(look.memory for look in part) for part in (early, late)]
    if memory[1] > memory[0] * GROWTH:
        wrong.append(f"memory grew from {memory[0]:.0f} to {memory[1]:.0f} MB")
    for name in ("handles", "threads"):
        first, last = (max(getattr(look, name) for look in part) for part in (early, late))
        if last > first + 3:
            wrong.append(f"{name} grew from {first} to {last}")
    return wrong


def main() -> int:
    """Run as the arguments say; 1: something was lost, doubled or grew."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--drops", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("daemon", nargs="?", choices=["run"], help="what it starts itself as")
    given = parser.parse_args()
    if given.daemon:
        be_the_daemon()
        return 0
    rig.PROGRAM = (sys.executable, "-m", "bench.soak")
    with (
        tempfile.TemporaryDirectory() as folder,
        start_mastodon() as server,
        home_in(Path(folder)) as home,
    ):
        server.add_account("hanako")
        scopes = "profile read:statuses write:statuses write:media"
        home.configure(rig.fedi("fedi", server.url), REST, rig.recipe(steps=STEPS))
        home.knows(fedi=server.token_for("hanako", scopes))
        ahead = Path(folder) / "ahead"
        ahead.write_text("0")
        home.environment |= {"PYTHONPATH": str(Path.cwd()), AHEAD: str(ahead)}
        home.store.meta.put("started", "before")  # nothing that is dropped now is held
        home.start()
        soak = Soak(
            home, server, ahead, given.drops, given.minutes * 60, random.Random(given.seed)
        )
        looks = soak.run()
        wrong = faults_in(looks, server, given.drops)
        stopped = home.stop()
    tell(looks, wrong, stopped)
    return 1 if wrong or stopped else 0


def tell(looks: list[Look], wrong: list[str], stopped: int) -> None:
    """Print the run as a table."""
    print("| minute | memory, MB | handles | threads | posted |\n|---|---|---|---|---|")
    every = max(len(looks) // 10, 1)
    for look in [*looks[::every], looks[-1]]:
        row = f"| {look.minute:.1f} | {look.memory:.0f} | {look.handles} | {look.threads} |"
        print(f"{row} {look.posted} |")
    print(f"\nexit status {stopped}; {'; '.join(wrong) or 'nothing lost, doubled or grown'}")


if __name__ == "__main__":
    sys.exit(main())
