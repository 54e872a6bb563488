"""A queue of 100,000 posts, and claims from one of up to a million: python -m bench.queue [POSTS]

The rows are written in one transaction; one post of a hundred is held, one was never planned, and
the rest wait for their slot with two accounts each. Measured are the whole command, as an artist
waits for it, each question that the daemon asks, a tick of each of its roles, and its start.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.table import Figure, Measured
from postguard.app.installation import open_installation
from postguard.app.roles import make_roles
from postguard.model import PostState, Words
from postguard.store import Store, open_store
from postguard.store.connection import to_ms
from postguard.system import wire

POSTS, RUNS, QUESTIONS, STARTS = 100_000, 15, 20, 5
MOST_SECONDS = 0.3
SLOW_QUESTION = 0.05  # seconds; one that reads every row takes longer
SLOW_TICK, SLOW_START, MOST_MB = 0.02, 1.0, 200.0
SIZES = (1000, 10_000, 100_000, 1_000_000)  # posts, each with two deliveries
SLOW_CLAIM = 0.002  # seconds, from the longest of these queues
# log(2,000,000) / log(2,000) is 1.9; the rest is for the noise of a busy machine.
MOST_GROWTH = 3.0
CONFIG = """\
outbox = "{home}/outbox"
[accounts.sky]
network = "preview"
[accounts.fedi]
network = "preview"
[schedule]
slots = ["00:00 06:00 12:00 18:00"]
[recipes]
default = [{{ step = "notice" }}]
"""
BETWEEN = timedelta(hours=6)  # two slots
WATCHING = "watching the outbox"
COMMAND = Path(sys.executable).with_name("postguard")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORDS = wire.dump(Words(text="月の下のきつね。 A fox.", alts=("赤い狐",), langs=("ja", "en")))


def fill(store: Store, count: int) -> None:
    """Insert `count` posts with an artwork and two deliveries each."""
    with store.db.change() as db:
        db.executemany(
            "INSERT INTO posts (id, name, folder, place, state, reason, recipe, sidecars,"
            " created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, 'default', '[]', ?, ?)",
            (_post(i) for i in range(1, count + 1)),
        )
        db.executemany(
            "INSERT INTO artworks (post_id, position, sha256, name, source, width, height, alt)"
            " VALUES (?, 0, ?, ?, ?, 1600, 1200, '赤い狐')",
            ((i, f"{i:064x}", f"狐{i}.png", f"狐{i}.png") for i in range(1, count + 1)),
        )
        db.executemany(
            "INSERT INTO deliveries (post_id, account, words, state, asked, fit, dry_run, due_at,"
            " slot) VALUES (?, ?, ?, ?, 'slot', 'bluesky', 0, ?, ?)",
            _deliveries(count),
        )
        db.executemany(
            "INSERT INTO events (post_id, at, what, detail) VALUES (?, ?, 'settled', '')",
            ((i, to_ms(NOW)) for i in range(1, count + 1)),
        )


def _post(i: int) -> tuple[object, ...]:
    held = i % 100 == 0
    place, state = ("held", PostState.HELD) if held else ("queued", PostState.PROTECTED)
    reason = "no alt text: say what can be seen" if held else ""
    return i, f"狐{i}.png", f"{i}-狐{i}", place, state, reason, to_ms(NOW), to_ms(NOW)


def _deliveries(count: int) -> Iterator[tuple[object, ...]]:
    for i in range(1, count + 1):
        due = NOW + i * BETWEEN
        state = "held" if i % 100 == 0 else "waiting" if i % 100 == 1 else "scheduled"
        for account in ("sky", "fedi"):
            planned = (to_ms(due), f"{due:%F %H:%M}") if state == "scheduled" else (None, None)
            yield (i, account, WORDS, state, *planned)


def command(home: Path, *arguments: str) -> tuple[float, float]:
    """Return (wall, CPU) seconds of a whole command."""
    environment = os.environ | {"XDG_STATE_HOME": str(home), "POSTGUARD_CONFIG": "none"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([COMMAND, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def questions(store: Store) -> dict[str, Callable[[], object]]:
    """Return what commands and the daemon ask, by name."""
    posts, deliveries, attempts = store.posts, store.deliveries, store.attempts
    return {
        "first page": lambda: posts.page([], None, 20),
        "first page of the held": lambda: posts.page([PostState.HELD], None, 20),
        "page in the middle": lambda: posts.page([], POSTS // 2, 20),
        "next to protect": lambda: posts.in_state(PostState.TAKEN, limit=1),
        "folders out of place": posts.misplaced,
        "files still in the outbox": posts.unplaced,
        "same bytes": lambda: posts.with_bytes(f"{7:064x}"),
        "first to plan": lambda: deliveries.unplanned(limit=20),
        "next due time": lambda: deliveries.next_due(NOW),
        "claim, none due": lambda: attempts.claim(NOW, ("sky", "fedi")),
        "claim, all due": lambda: _claim_and_leave(store),
        "slots taken, a month": lambda: store.plans.taken_slots("sky", "2030-01", "2030-02"),
    }


def _seconds(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(QUESTIONS):
        start = time.perf_counter()
        ask()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def _claim_and_leave(store: Store) -> None:
    """Claim while everything is due, and take it back."""
    with contextlib.suppress(_TakenBackError), store.db.change():
        store.attempts.claim(NOW + POSTS * BETWEEN, ("sky", "fedi"))
        raise _TakenBackError


class _TakenBackError(Exception):
    pass


@dataclass(frozen=True)
class Still:
    """A clock that stands still, so that nothing becomes due meanwhile."""

    def now(self) -> datetime:
        """Return when the queue was made."""
        return NOW

    def wait(self, seconds: float) -> None:
        """Nobody waits here."""


def environment(home: Path) -> dict[str, str]:
    """Return the environment of an installation in a folder of its own, with its config."""
    config = home / "config.toml"
    config.write_text(CONFIG.format(home=home))
    kinds = ("config", "data", "cache")
    named = {f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in kinds}
    return {"XDG_STATE_HOME": str(home), "POSTGUARD_CONFIG": str(config), **named}


def ticks(home: Path) -> dict[str, float]:
    """Return the median seconds of each role's tick while nothing is due."""
    os.environ.update(environment(home))
    installation = open_installation(clock=Still())
    made = make_roles(installation, lambda: None)
    took = {}
    for role in made.all():
        role.tick(NOW)
        took[role.name] = _seconds(partial(role.tick, NOW))
    made.release()
    installation.store.db.close()
    return took


def start(home: Path) -> float:
    """Return the seconds from the command to the daemon's word that it watches the outbox."""
    began = time.perf_counter()
    daemon = subprocess.Popen(
        [COMMAND, "run"],
        env=os.environ | environment(home),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert daemon.stderr is not None
    said = []
    for line in daemon.stderr:
        said.append(line)
        if WATCHING in line:
            break
    took = time.perf_counter() - began
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate()
    if not said or WATCHING not in said[-1]:
        raise SystemExit(f"the daemon did not start: {''.join(said)}")
    return took


def claims() -> dict[int, float]:
    """Return the median seconds of a claim while all is due, for each length of the queue."""
    took = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(Path(folder) / "postguard.db")
            fill(store, size)
            _claim_and_leave(store)
            took[size] = _seconds(partial(_claim_and_leave, store))
            store.db.close()
    return took


def measure(count: int = POSTS) -> Measured:
    """Build the queue, measure, and return figures and notes."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = open_store(home / "postguard" / "postguard.db")
        fill(store, count)
        command(home, "list")  # once, for the file cache
        pairs = [(command(home, "list"), command(home / "empty", "list")) for _ in range(RUNS)]
        full, empty = zip(*pairs, strict=True)
        answers = {name: _seconds(ask) for name, ask in questions(store).items()}
        store.db.close()
        size = (home / "postguard" / "postguard.db").stat().st_size
        ticked, started = ticks(home), min(start(home) for _ in range(STARTS))
    claimed = claims()
    best = min(wall for wall, _ in full)
    wall, cpu = (statistics.median(column) for column in zip(*full, strict=True))
    nothing = statistics.median(wall for wall, _ in empty)
    notes = (
        f"the best of {RUNS} runs; their median is {wall:.2f} s, of which {cpu:.2f} s are its own"
        f" CPU; on an empty queue the median is {nothing:.2f} s",
        f"milliseconds of each question: {_told(answers)}",
        f"milliseconds of each role's tick: {_told(ticked)}",
        f"milliseconds of a claim, by posts: {_told(claimed)}",
    )
    return Measured(
        (
            Figure(f"`postguard list`, first page of {count:,} posts", best, MOST_SECONDS, "s"),
            Figure("slowest question to the rows", max(answers.values()), SLOW_QUESTION, "s"),
            Figure("slowest tick of a role", max(ticked.values()), SLOW_TICK, "s"),
            Figure("from `postguard run` to watching the outbox", started, SLOW_START, "s"),
            Figure("size of the database", size / 1e6, MOST_MB, "MB"),
            Figure(f"claim from {SIZES[-1]:,} posts", claimed[SIZES[-1]], SLOW_CLAIM, "s"),
            Figure(
                f"the same over a claim from {SIZES[0]:,}",
                claimed[SIZES[-1]] / claimed[SIZES[0]],
                MOST_GROWTH,
            ),
        ),
        notes,
    )


def _told(seconds: Mapping[str, float] | Mapping[int, float]) -> str:
    return " · ".join(f"{name} {took * 1000:.2f}" for name, took in seconds.items())


if __name__ == "__main__":
    sys.exit(measure(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS).print())
