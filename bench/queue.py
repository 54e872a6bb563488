"""A queue of 100,000 posts: how soon its first page appears: python -m bench.queue [POSTS]

The rows are written in one transaction; one post of a hundred is held, one was never planned, and
the rest wait for their slot with two accounts each. Measured are the whole command, as an artist
waits for it, and each question that the daemon asks.
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.table import Figure, Measured
from postguard.model import PostState, Words
from postguard.store import Store, open_store
from postguard.store.connection import to_ms
from postguard.system import wire

POSTS, RUNS, QUESTIONS = 100_000, 15, 20
MOST_SECONDS = 0.3
SLOW_QUESTION = 0.05  # seconds; one that reads every row takes longer
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
        due = to_ms(NOW + timedelta(hours=i))
        state = "held" if i % 100 == 0 else "waiting" if i % 100 == 1 else "scheduled"
        for account in ("sky", "fedi"):
            planned = (due, f"{due}") if state == "scheduled" else (None, None)
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
    posts, deliveries = store.posts, store.deliveries
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
        "claim, none due": lambda: deliveries.claim(NOW, ("sky", "fedi")),
        "claim, all due": lambda: _claim_and_leave(store),
        "slots taken, last day": lambda: deliveries.taken_slots(
            "sky", NOW + timedelta(hours=POSTS - 24)
        ),
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
        store.deliveries.claim(NOW + timedelta(hours=POSTS), ("sky", "fedi"))
        raise _TakenBackError


class _TakenBackError(Exception):
    pass


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
        size = (home / "postguard" / "postguard.db").stat().st_size
        store.db.close()
    told = " · ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in answers.items())
    best = min(wall for wall, _ in full)
    wall, cpu = (statistics.median(column) for column in zip(*full, strict=True))
    nothing = statistics.median(wall for wall, _ in empty)
    told = " · ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in answers.items())
    notes = (
        f"the best of {RUNS} runs; their median is {wall:.2f} s, of which {cpu:.2f} s are its own"
        f" CPU; on an empty queue the median is {nothing:.2f} s",
        f"the database has {size / 1e6:.0f} MB; milliseconds of each question: {told}",
    )
    return Measured(
        (
            Figure(f"`postguard list`, first page of {count:,} posts", best, MOST_SECONDS, "s"),
            Figure("slowest question to the rows", max(answers.values()), SLOW_QUESTION, "s"),
        ),
        notes,
    )


if __name__ == "__main__":
    sys.exit(measure(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS).print())
