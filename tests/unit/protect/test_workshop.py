"""The child process may be killed, break or be closed at any moment, at the cost of one job."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from PIL import Image

from postguard.errors import BadPicture, LoggedOut, PostguardError, Refused, Retryable, StepFailed
from postguard.model import Artist, ArtworkOrder, Limits, Progress, ProtectOrder
from postguard.protect.child import failure, raise_again
from postguard.protect.workshop import ChildWorkshop
from postguard.system.clock import SystemClock

# Stand-ins for a worker that misbehaves in ways that a real one cannot be told to.
DIES = "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), {signal})"
EXITS = "import sys; sys.stdin.readline(); sys.exit(3)"
HALF_A_LINE = "import sys; sys.stdin.readline(); print('{{\"prog', end='', flush=True)"
WAITS = (
    "import sys; sys.stdin.readline();"
    'print(\'{"progress":{"position":0,"step":"x","done":false}}\', flush=True);'
    "sys.stdin.read()"
)
STARTS_ANOTHER = (
    "import subprocess, sys; sys.stdin.readline(); other = subprocess.Popen(['sleep', '600']);"
    'print(\'{"progress":{"position":0,"step":"x","done":false,"note":"%d"}}\' % other.pid);'
    "sys.stdout.flush(); sys.stdin.read()"
)


def has_ended(pidfd: int) -> bool:
    """Wait at most 20 s for a process of whomever's; a zombie has ended."""
    ready = select.select([pidfd], [], [], 20)[0]
    os.close(pidfd)
    return bool(ready)


def standing_in(script: str) -> ChildWorkshop:
    return ChildWorkshop(SystemClock(), command=[sys.executable, "-c", script])


@pytest.fixture
def workshop():
    made = ChildWorkshop(SystemClock(), max_megapixels=30)
    yield made
    made.close()


@pytest.fixture
def fox(tmp_path):
    Image.new("RGB", (40, 30), "orange").save(tmp_path / "fox.png")
    return tmp_path / "fox.png"


@pytest.fixture
def order(fox, tmp_path):
    return ProtectOrder(
        artworks=(
            ArtworkOrder(0, fox, hashlib.sha256(fox.read_bytes()).hexdigest(), "", "5e" * 32),
        ),
        recipe_name="default",
        recipe=({"step": "downscale", "long_side": 64},),
        limits=(Limits("bluesky", 300, 2000, 4, 1_000_000),),
        into=tmp_path / "made",
        artist=Artist("山田花子", "© 山田花子"),
    )


def workers() -> list[psutil.Process]:
    """The workers among this process's children; servers of other tests may be there too."""
    marks = ("postguard.worker", "sys.stdin.readline()")
    children = psutil.Process().children()
    return [c for c in children if any(mark in command_of(c) for mark in marks)]


def command_of(child: psutil.Process) -> str:
    """Empty for one that has just ended."""
    try:
        return " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return ""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (DIES.format(signal=9), "memory ran out"),
        (DIES.format(signal=11), "SIGSEGV"),
        (EXITS, "exit status 3"),
        (HALF_A_LINE, "broke the picture reader"),
    ],
)
def test_a_child_that_ends_in_a_job_is_told_in_words(script, said, fox, order):
    workshop = standing_in(script)
    with pytest.raises(BadPicture, match=said):
        workshop.inspect(fox)
    with pytest.raises(StepFailed, match=said):
        workshop.protect(order, lambda _: None)
    workshop.close()


def test_the_next_job_gets_a_fresh_child_after_kill_9(workshop, order, tmp_path):
    def kill(_: Progress) -> None:
        for worker in workers():  # none when lines are read that it wrote before
            worker.kill()

    canvas = tmp_path / "canvas.png"  # large, so that it is still worked on when the signal comes
    Image.new("RGB", (6000, 4000), "orange").save(canvas, compress_level=1)
    digest = hashlib.sha256(canvas.read_bytes()).hexdigest()
    large = replace(order, artworks=(ArtworkOrder(0, canvas, digest, "", "5e" * 32),))
    with pytest.raises(StepFailed, match="memory ran out"):
        workshop.protect(large, kill)
    assert len(workshop.protect(order, lambda _: None)) == 1


def test_a_child_that_was_killed_between_two_jobs_is_replaced(workshop, fox):
    workshop.inspect(fox)
    (child,) = workers()
    child.kill()
    child.wait()
    assert workshop.inspect(fox).width == 40


def test_one_child_does_many_jobs(workshop, fox):
    workshop.inspect(fox)
    first = workers()[0].pid
    workshop.inspect(fox)
    assert workers()[0].pid == first


def test_close_from_another_thread_ends_a_running_job_at_once(order):
    """The post is not held for it: it is protected at the next start."""
    workshop = standing_in(WAITS)
    threads = []

    def stop(_: Progress) -> None:
        threads.append(threading.Thread(target=workshop.close))
        threads[0].start()

    with pytest.raises(Retryable, match="goes on at the next start"):
        workshop.protect(order, stop)
    threads[0].join()
    assert workers() == []


def test_a_worker_that_falls_silent_costs_its_job_and_says_so(order):
    """Else one file that hangs its decoder would stop all protection."""
    script = [sys.executable, "-c", WAITS]
    workshop = ChildWorkshop(SystemClock(), command=script, silence=0.5)
    with pytest.raises(StepFailed, match="said nothing for"):
        workshop.protect(order, lambda _: None)
    assert workers() == []


def test_a_listener_that_raises_leaves_no_answer_for_the_next_job(workshop, order, fox):
    def fail(_: Progress) -> None:
        raise KeyError("the screen is gone")

    with pytest.raises(KeyError):
        workshop.protect(order, fail)
    assert workshop.inspect(fox).width == 40


def test_threads_take_turns(workshop, fox):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(workshop.inspect(fox))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f.width for f in found] == [40] * 4
    assert len(workers()) == 1


def test_a_child_without_work_is_ended_after_a_minute(fox):
    class Clock(SystemClock):
        def now(self) -> datetime:
            return datetime(2026, 1, 1, tzinfo=UTC)

    workshop = ChildWorkshop(Clock(), max_megapixels=1)
    workshop.inspect(fox)
    assert not workshop.close_idle(Clock().now() + timedelta(seconds=59))
    assert workshop.close_idle(Clock().now() + timedelta(seconds=60))
    assert workers() == []
    assert not workshop.close_idle(Clock().now() + timedelta(seconds=61))
    workshop.inspect(fox)
    assert workshop.close_idle(Clock().now() - timedelta(hours=8)), "the clock was set back"


def test_the_child_ends_with_its_parent(tmp_path, fox):
    """The parent is killed, so nothing can tell the child but the end of its input."""
    script = f"""
from pathlib import Path
from postguard.protect.workshop import ChildWorkshop
from postguard.system.clock import SystemClock
workshop = ChildWorkshop(SystemClock())
workshop.inspect(Path({str(fox)!r}))
print(workshop._child._process.pid, flush=True)
input()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        watched = os.pidfd_open(child)
        os.kill(parent.pid, signal.SIGKILL)
    assert has_ended(watched)


def test_close_ends_what_the_child_has_started_too(order):
    """The cloak runs in a process below the worker, and would go on for minutes."""
    workshop = standing_in(STARTS_ANOTHER)
    watched: list[int] = []

    def stop(progress: Progress) -> None:
        watched.append(os.pidfd_open(int(progress.note)))
        workshop.close()

    with pytest.raises(Retryable):
        workshop.protect(order, stop)
    assert has_ended(watched[0])


def test_art_named_like_a_module_is_not_imported(workshop, fox, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    assert workshop.inspect(fox).width == 40


@pytest.mark.parametrize(
    "error",
    [
        BadPicture("damaged"),
        StepFailed("noise", "broke"),
        Refused("no"),
        Retryable("later"),
        LoggedOut("out"),
        PostguardError("anything"),
    ],
)
def test_errors_travel_as_they_are(error):
    with pytest.raises(type(error)) as caught:
        raise_again(failure(error))
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)


def test_the_daemons_side_loads_no_pictures():
    """The idle daemon stays small: Pillow and numpy live in the child."""
    script = (
        "import sys, postguard.protect.workshop as w;"
        "sys.exit(bool({'PIL', 'numpy', 'torch', 'postguard.imaging'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_models_folder_travels_with_the_order(order, workshop, tmp_path):
    """What lies in it and is no model fails closed, in the child as anywhere."""
    (tmp_path / "vae.safetensors").write_bytes(b"not weights")
    cloaked = replace(order, recipe=(*order.recipe, {"step": "cloak"}), models_dir=tmp_path)
    with pytest.raises(StepFailed, match=r"vae\.safetensors") as caught:
        workshop.protect(cloaked, lambda _: None)
    assert caught.value.step == "cloak"
